import type { HttpReply, HttpRequest } from '../http/message.js';
import { isDesktopNavigation } from '../http/origin.js';
import { redirectReply } from '../http/reply.js';
import { readerOf } from '../pages/language.js';
import type { Pages } from '../pages/pages.js';
import { responseUrl, type RedirectTarget } from '../protocol/redirect-target.js';
import { describeRedirect } from '../protocol/redirect-uri.js';
import type { Transaction } from './transaction.js';

/** What an authorization response says (RFC 6749 §4.1.2). */
export type AuthorizationResponse =
  { readonly code: string } | { readonly error: string; readonly error_description: string };

/** Takes the browser, and with it the answer, back to the client. */
export type Deliver = (
  request: HttpRequest,
  target: RedirectTarget,
  response: AuthorizationResponse,
  further?: {
    readonly cookies?: readonly string[];
    readonly transaction?: Pick<Transaction, 'uiLocales' | 'carriesCode'>;
  },
) => HttpReply | Promise<HttpReply>;

/**
 * Delivers by a redirect, which is what every client waits for, with two exceptions that only a person meets. A browser on
 * a desktop stays where it is when a link opens an app: it is shown a page that opens the app and says so. And who said
 * that the app is on another computer, which no redirect to loopback reaches, is shown the code.
 *
 * @param codeTtl - seconds that a code is good for
 */
export function createDeliver(issuer: string, pages: Pick<Pages, 'handOff'>, codeTtl: number): Deliver {
  return (request, target, response, { cookies = [], transaction = {} } = {}) => {
    const url = responseUrl(target, issuer, response);
    const { kind } = describeRedirect(target.uri);
    const headers = cookies.length > 0 ? { headers: { 'set-cookie': cookies } } : {};
    const reader = readerOf(request, transaction.uiLocales);
    if (kind === 'loopback' && transaction.carriesCode && 'code' in response) {
      return pages.handOff({ url, code: { value: response.code, ttl: codeTtl }, ...headers }, reader);
    }
    if (kind === 'app' && isDesktopNavigation(request)) return pages.handOff({ url, ...headers }, reader);
    return redirectReply(url, cookies);
  };
}
