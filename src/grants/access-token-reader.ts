import jwt from 'jsonwebtoken';
import type { SigningKeys } from '../keys/signing-keys.js';
import { AuthError } from '../protocol/auth-error.js';
import { BoundedMap } from '../storage/bounded-map.js';
import { clockTolerance, type Clock } from '../storage/clock.js';
import type { AccessTokenClaims } from './access-token.js';

/**
 * Proves that this server issued an access token, and that it has not expired (RFC 9068 §4). Whether it was ended, and
 * for which resource it is, are other questions.
 *
 * @throws {AuthError} invalid_token, with the reason in its cause; temporarily_unavailable
 */
export type ReadAccessToken = (token: string) => Promise<AccessTokenClaims>;

/** Why a token was refused; for the log, never for the client. */
type Reason =
  | 'too long'
  | 'malformed'
  | 'wrong typ'
  | 'wrong alg'
  | 'unknown key'
  | 'bad signature or claims'
  | 'expired'
  | 'other audience'
  | 'grant ended'
  | 'revoked'
  | 'client gone';

const maxTokenLength = 8192;
const maxCachedTokens = 5000;

/** Reads access tokens. A signature is checked once for each token, its expiry every time. */
export function createAccessTokenReader(issuer: string, keys: SigningKeys, clock: Clock): ReadAccessToken {
  const verified = new BoundedMap<string, AccessTokenClaims>(maxCachedTokens);
  return async (token) => {
    if (token.length > maxTokenLength) throw refusedToken('too long');
    let claims = verified.get(token);
    if (!claims) {
      claims = await verifyOnce(token, issuer, keys, clock());
      verified.set(token, claims);
    }
    if (clock() <= claims.exp + clockTolerance) return claims;
    verified.delete(token);
    throw refusedToken('expired');
  };
}

async function verifyOnce(token: string, issuer: string, keys: SigningKeys, now: number): Promise<AccessTokenClaims> {
  const header = readHeader(token);
  if (header.typ !== 'at+jwt') throw refusedToken('wrong typ'); // RFC 9068 §4: an ID token is no access token
  if (header.alg !== keys.algorithm) throw refusedToken('wrong alg'); // RFC 8725 §3.1
  const key = await keys.find(String(header.kid));
  if (!key) throw refusedToken('unknown key');
  try {
    const options = { algorithms: [keys.algorithm], issuer, clockTimestamp: Math.floor(now), clockTolerance };
    const claims: unknown = jwt.verify(token, key, options);
    if (isAccessToken(claims)) return claims;
  } catch (cause) {
    if (cause instanceof jwt.TokenExpiredError) throw refusedToken('expired');
  }
  throw refusedToken('bad signature or claims');
}

/** A shared HS256 secret can sign other things too: what lacks a claim of ours is no access token (RFC 9068 §2.2). */
function isAccessToken(claims: unknown): claims is AccessTokenClaims {
  if (typeof claims !== 'object' || claims === null) return false;
  const all = claims as Record<string, unknown>;
  const isText = (name: string) => typeof all[name] === 'string';
  const isInstant = (name: string) => Number.isFinite(all[name]);
  // Without a grant it is a client's own: one that says anything of a user is neither the one nor the other.
  const isOwn = all['sub'] === all['client_id'] && !('grant_id' in all) && !('idp' in all);
  if (!isOwn && !(isText('grant_id') && isText('idp'))) return false;
  return ['exp', 'iat'].every(isInstant) && ['sub', 'aud', 'client_id', 'scope', 'jti'].every(isText);
}

function readHeader(token: string): { typ?: unknown; alg?: unknown; kid?: unknown } {
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

/** The one answer to every access token that does not count; the reason is for the log. */
export function refusedToken(reason: Reason): AuthError {
  return new AuthError('invalid_token', 'The access token is invalid, expired or revoked.', {
    cause: new AuthError('invalid_token', reason),
  });
}
