import { refusedToken } from '../protocol/refused-token.js';
import { loadJose } from './jose.js';

/** No access token is longer (RFC 9068 ones are far shorter): what is longer costs nobody anything. */
export const maxTokenLength = 8192;

/** The three parts of a signed token (RFC 7515 §3.1); the last one may be missing a signature, which is refused later. */
const compact = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/**
 * What a token says of itself. Nothing is proven by that.
 *
 * @throws {AuthError} invalid_token when it is too long, or no JWT
 */
export async function readUnproven(token: string): Promise<{
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
}> {
  if (token.length > maxTokenLength) throw refusedToken('too long');
  if (!compact.test(token)) throw refusedToken('malformed');
  const { decodeJwt, decodeProtectedHeader } = await loadJose();
  try {
    return { header: { ...decodeProtectedHeader(token) }, claims: { ...decodeJwt(token) } };
  } catch {
    throw refusedToken('malformed');
  }
}
