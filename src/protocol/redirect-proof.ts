import { AuthError } from './auth-error.js';
import type { RedirectTarget } from './redirect-target.js';
import { redirectUriMatches } from './redirect-uri.js';

/**
 * Proves that a redirect URI is one that the client registered (RFC 6749 §3.1.2.3, RFC 9700 §2.1).
 *
 * @param requested - may be absent when the client registered exactly one
 * @param answer - what else the answer depends on
 * @throws {AuthError} invalid_request when it is not registered; this must be shown to the user and never redirected
 */
export function proveRedirectTarget(
  registered: readonly string[],
  requested: string | undefined,
  answer: Pick<RedirectTarget, 'state' | 'withoutIssuer'>,
): RedirectTarget {
  const uri = requested ?? (registered.length === 1 ? registered[0] : undefined);
  if (uri === undefined) throw new AuthError('invalid_request', 'The parameter redirect_uri is missing.');
  if (!registered.some((each) => redirectUriMatches(uri, each))) {
    throw new AuthError('invalid_request', 'The redirect_uri is not one that the client registered.', {
      topic: 'badRedirect',
    });
  }
  const { state, withoutIssuer } = answer;
  const rest = { ...(state !== undefined && { state }), ...(withoutIssuer && { withoutIssuer }) };
  return { uri, ...rest } as RedirectTarget;
}
