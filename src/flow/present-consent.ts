import type { HttpReply } from '../http/message.js';
import { redirectReply } from '../http/reply.js';
import { consentPage, type ConsentView } from '../pages/consent.js';
import { customPage } from '../pages/custom-page.js';

/** What a consent page has to say, and what its form has to send: everything of a client's in it is a stranger's word. */
export type ConsentRequest = Omit<ConsentView, 'headers'>;

/**
 * Makes the HTML of an application's own consent page.
 *
 * It has a form that posts `transaction`, as it was given, and `decision` (`deny`, `approve`, or `approve:` and the id of
 * one of several providers) to `action`. Names and URIs of the client are not escaped.
 */
export type RenderConsent = (request: ConsentRequest) => string | Promise<string>;

/** Puts the question to the user. */
export type PresentConsent = (view: ConsentView) => HttpReply | Promise<HttpReply>;

/** By our page, by a page that the application makes, or by one that it has at a URL. */
export function createPresentConsent(custom: RenderConsent | string | undefined): PresentConsent {
  if (custom === undefined) return consentPage;
  if (typeof custom === 'string') return (view) => redirectReply(pageFor(custom, view), cookiesOf(view));
  return async ({ headers, ...request }) => customPage(await custom(request), headers);
}

function pageFor(url: string, { transaction }: ConsentView): string {
  const page = new URL(url);
  page.searchParams.set('transaction', transaction);
  return page.href;
}

function cookiesOf({ headers }: ConsentView): readonly string[] {
  return [headers?.['set-cookie'] ?? []].flat();
}
