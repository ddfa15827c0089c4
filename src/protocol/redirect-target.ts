declare const proven: unique symbol;

/**
 * Where an authorization response may be sent. Only `proveRedirectTarget` makes one, so a redirect to anything
 * that is not proven does not compile.
 */
export interface RedirectTarget {
  readonly [proven]: true;
  readonly uri: string;
  readonly state?: string;
  /** True where the client was told of no issuer of ours to compare with. */
  readonly withoutIssuer?: true;
}

/**
 * Writes an authorization response (RFC 6749 §4.1.2), keeping the URI's own query; with `iss` (RFC 9207 §2) unless the
 * target does without.
 */
export function responseUrl(
  target: RedirectTarget,
  issuer: string,
  parameters: { readonly code: string } | { readonly error: string; readonly error_description: string },
): string {
  const query = new URLSearchParams(parameters);
  if (target.state !== undefined) query.set('state', target.state);
  if (!target.withoutIssuer) query.set('iss', issuer);
  // Text, not `URL`, since parsing would rewrite what the client compares to the letter.
  return `${target.uri}${target.uri.includes('?') ? '&' : '?'}${query.toString()}`;
}
