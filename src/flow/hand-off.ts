import { originOf, type HttpReply, type HttpRequest } from '../http/message.js';
import { redirectReply } from '../http/reply.js';
import { readerOf } from '../pages/language.js';
import type { Pages } from '../pages/pages.js';
import { AuthError, toAuthError } from '../protocol/auth-error.js';
import type { Audit } from '../telemetry/audit.js';
import { reasonOf } from '../telemetry/reason.js';
import type { Upstream } from '../upstream/upstream.js';
import type { BrowserBinding } from './browser-binding.js';
import type { SignIns } from './sign-in.js';
import type { Transaction } from './transaction.js';

/** How a transaction came to be approved. */
export type Approval =
  { readonly event: 'consent.approved' } | { readonly event: 'consent.skipped'; readonly reason: string };

/** Sends a browser that has approved a transaction to a provider, and ties it to its way back. */
export type HandOff = (
  request: HttpRequest,
  transaction: Transaction,
  provider: string,
  approval: Approval,
) => Promise<HttpReply>;

/** The providers by their ids. */
export type Upstreams = ReadonlyMap<string, Upstream>;

/** Hands off; the record of the approval is what everything after it depends on. */
export function createHandOff(
  upstreams: Upstreams,
  signIns: SignIns,
  binding: BrowserBinding,
  pages: Pick<Pages, 'notice'>,
  audit: Audit,
): HandOff {
  return async (request, transaction, provider, approval) => {
    const signIn = await signIns.approve(transaction, provider);
    if (signIn.status !== 'pending') {
      return pages.notice({ kind: 'answered', requestId: request.id }, readerOf(request, transaction.uiLocales));
    }
    const { leg } = signIn;
    const { clientId, resource, scopes } = transaction;
    const about = { clientId, resource, scopes, provider: leg.provider, ...originOf(request) };
    audit({ ...about, ...approval });
    try {
      const location = await upstreamOf(upstreams, leg.provider).authorizationUrl(leg);
      return redirectReply(location.href, binding.bind(request, transaction.id));
    } catch (thrown) {
      audit({ event: 'sign_in.failed', ...about, reason: reasonOf(toAuthError(thrown)) });
      throw thrown;
    }
  };
}

/** @throws {AuthError} invalid_request when the provider is no longer configured */
export function upstreamOf(upstreams: Upstreams, provider: string): Upstream {
  const upstream = upstreams.get(provider);
  if (!upstream) throw new AuthError('invalid_request', 'The sign-in provider is not available.');
  return upstream;
}
