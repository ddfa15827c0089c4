import { once } from '../keys/single-flight.js';
import type { SigningKeys } from '../keys/signing-keys.js';
import { isAccessToken, type AccessTokenClaims } from '../protocol/access-token-claims.js';
import { refusedToken } from '../protocol/refused-token.js';
import { BoundedMap } from '../storage/bounded-map.js';
import { clockTolerance, type Clock } from '../storage/clock.js';

/**
 * Proves that this server issued an access token, and that it has not expired (RFC 9068 §4). Whether it was ended, and
 * for which resource it is, are other questions.
 *
 * @throws {AuthError} invalid_token, with the reason in its cause; temporarily_unavailable
 */
export type ReadAccessToken = (token: string) => Promise<AccessTokenClaims>;

/** Loaded with the first token: it takes as long as much of a server's start. */
const loadLibrary = once(async () => (await import('jsonwebtoken')).default);

const maxTokenLength = 8192;
/** Some six megabytes. */
const maxCachedTokens = 3000;
/** Characters: the last 190 bits and more of a signature. */
const keyLength = 32;

/** Reads access tokens. A signature is checked once for each token, its expiry every time. */
export function createAccessTokenReader(issuer: string, keys: SigningKeys, clock: Clock): ReadAccessToken {
  // By the end of its signature, of which a hash is made faster; another token with that end is another token.
  const verified = new BoundedMap<string, { readonly token: string; readonly claims: AccessTokenClaims }>(
    maxCachedTokens,
  );
  return async (token) => {
    if (token.length > maxTokenLength) throw refusedToken('too long');
    const end = token.slice(-keyLength);
    const known = verified.get(end);
    const isKnown = known?.token === token;
    const claims = isKnown ? known.claims : await verifyOnce(token, issuer, keys, clock());
    if (!isKnown) verified.set(end, { token, claims });
    if (clock() <= claims.exp + clockTolerance) return claims;
    verified.delete(end);
    throw refusedToken('expired');
  };
}

async function verifyOnce(token: string, issuer: string, keys: SigningKeys, now: number): Promise<AccessTokenClaims> {
  const header = readHeader(token);
  if (header.typ !== 'at+jwt') throw refusedToken('wrong typ'); // RFC 9068 §4: an ID token is no access token
  if (header.alg !== keys.algorithm) throw refusedToken('wrong alg'); // RFC 8725 §3.1
  if (header.crit !== undefined) throw refusedToken('critical extension'); // RFC 7515 §4.1.11: none is understood
  const key = typeof header.kid === 'string' ? await keys.find(header.kid) : undefined;
  if (!key) throw refusedToken('unknown key');
  const jwt = await loadLibrary();
  try {
    const options = { algorithms: [keys.algorithm], issuer, clockTimestamp: Math.floor(now), clockTolerance };
    const claims: unknown = jwt.verify(token, key, options);
    if (isAccessToken(claims)) return claims;
  } catch (cause) {
    if (cause instanceof jwt.TokenExpiredError) throw refusedToken('expired');
  }
  throw refusedToken('bad signature or claims');
}

function readHeader(token: string): { typ?: unknown; alg?: unknown; kid?: unknown; crit?: unknown } {
  const [encoded = '', , , ...more] = token.split('.');
  try {
    if (more.length > 0) throw refusedToken('malformed');
    const header: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    if (typeof header === 'object' && header !== null) return header;
  } catch {
    // Falls through: whatever it is, it is no token of ours.
  }
  throw refusedToken('malformed');
}
