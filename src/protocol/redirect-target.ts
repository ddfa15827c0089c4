import { AuthError } from './auth-error.js';
import { redirectUriMatches } from './redirect-uri.js';

declare const proven: unique symbol;

/**
 * Where an authorization response may be sent. Only {@link proveRedirectTarget} makes one, so a redirect to anything
 * that is not proven does not compile.
 */
export interface RedirectTarget {
  readonly [proven]: true;
  readonly uri: string;
  readonly state?: string;
}

/**
 * Proves that a redirect URI is one that the client registered (RFC 6749 §3.1.2.3, RFC 9700 §2.1).
 *
 * @param requested - may be absent when the client registered exactly one
 * @throws {AuthError} invalid_request when it is not registered; this must be shown to the user and never redirected
 */
export function proveRedirectTarget(
  registered: readonly string[],
  requested: string | undefined,
  state: string | undefined,
): RedirectTarget {
  const uri = requested ?? (registered.length === 1 ? registered[0] : undefined);
  if (uri === undefined) throw new AuthError('invalid_request', 'The parameter redirect_uri is missing.');
  if (!registered.some((each) => redirectUriMatches(uri, each))) {
    throw new AuthError('invalid_request', 'The redirect_uri is not one that the client registered.');
  }
  return { uri, ...(state !== undefined && { state }) } as RedirectTarget;
}

/** Writes an authorization response (RFC 6749 §4.1.2) with `iss` (RFC 9207 §2), keeping the URI's own query. */
export function responseUrl(
  target: RedirectTarget,
  issuer: string,
  parameters: { readonly code: string } | { readonly error: string; readonly error_description: string },
): string {
  const query = new URLSearchParams({ ...parameters, ...(target.state !== undefined && { state: target.state }) });
  query.set('iss', issuer);
  // Text, not `URL`, since parsing would rewrite what the client compares to the letter.
  return `${target.uri}${target.uri.includes('?') ? '&' : '?'}${query.toString()}`;
}
