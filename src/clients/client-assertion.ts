import type { Client } from './client.js';

/** The one `client_assertion_type` of this server (RFC 7523 §2.2). */
export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Proves that an assertion is its client's, for this server and this once, and spends it (RFC 7523 §3).
 *
 * @throws {AuthError} invalid_client, with the reason in its cause; temporarily_unavailable
 */
export type VerifyAssertion = (assertion: string, client: Client) => Promise<void>;

/** No assertion is longer. */
export const maxAssertionLength = 8192;

/** The client in whose name an assertion comes. Nothing is proven by that. */
export function subjectOf(assertion: string): string | undefined {
  if (assertion.length > maxAssertionLength) return undefined;
  try {
    const [, claims = ''] = assertion.split('.');
    const { sub } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { readonly sub?: unknown };
    return typeof sub === 'string' ? sub : undefined;
  } catch {
    return undefined;
  }
}
