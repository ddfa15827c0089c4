import jwt from 'jsonwebtoken';
import { reservedClaims, type AccessTokenClaims } from '../grants/access-token.js';
import { BoundedMap } from '../storage/bounded-map.js';
import { clockTolerance, type Clock } from '../storage/clock.js';
import type { SigningKeys } from '../keys/signing-keys.js';
import { AuthError } from '../protocol/auth-error.js';
import { parseScope } from '../protocol/scope.js';
import type { AuthInfo } from './auth-info.js';

/**
 * Verifies an access token for one resource (RFC 9068 §4).
 *
 * @throws {AuthError} invalid_token, with the reason in its cause; temporarily_unavailable
 */
export type VerifyAccessToken = (token: string, resource: string) => Promise<AuthInfo>;

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
  | 'client gone';

const maxTokenLength = 8192;
const maxCachedTokens = 5000;

/**
 * Verifies tokens in the process that issued them, or in one that shares its store.
 *
 * A signature is checked once for each token; expiry, audience and whether the grant still lives, every time. So a
 * revocation counts at once.
 *
 * @param mayActForItself - whether the client of a token without a grant is still there, and may still get one
 */
export function createVerifier(
  issuer: string,
  keys: SigningKeys,
  clock: Clock,
  isGrantAlive: (grantId: string) => Promise<boolean>,
  mayActForItself: (clientId: string) => boolean,
): VerifyAccessToken {
  const verified = new BoundedMap<string, AccessTokenClaims>(maxCachedTokens);

  async function verifySignature(token: string): Promise<AccessTokenClaims> {
    const known = verified.get(token);
    if (known) return known;
    const claims = await verifyOnce(token, issuer, keys, clock());
    verified.set(token, claims);
    return claims;
  }

  return async (token, resource) => {
    if (token.length > maxTokenLength) throw refused('too long');
    const claims = await verifySignature(token);
    if (clock() > claims.exp + clockTolerance) {
      verified.delete(token);
      throw refused('expired');
    }
    if (claims.aud !== resource) throw refused('other audience'); // RFC 8707 §2, RFC 9068 §4
    if (claims.grant_id === undefined) {
      if (!mayActForItself(claims.client_id)) throw refused('client gone');
    } else if (!(await isGrantAlive(claims.grant_id))) throw refused('grant ended');
    return authInfoOf(token, claims);
  };
}

async function verifyOnce(token: string, issuer: string, keys: SigningKeys, now: number): Promise<AccessTokenClaims> {
  const header = readHeader(token);
  if (header.typ !== 'at+jwt') throw refused('wrong typ'); // RFC 9068 §4: an ID token is no access token
  if (header.alg !== keys.algorithm) throw refused('wrong alg'); // RFC 8725 §3.1
  const key = await keys.find(String(header.kid));
  if (!key) throw refused('unknown key');
  try {
    const options = { algorithms: [keys.algorithm], issuer, clockTimestamp: Math.floor(now), clockTolerance };
    const claims: unknown = jwt.verify(token, key, options);
    if (isAccessToken(claims)) return claims;
  } catch (cause) {
    if (cause instanceof jwt.TokenExpiredError) throw refused('expired');
  }
  throw refused('bad signature or claims');
}

/** A shared HS256 secret can sign other things too: what lacks a claim of ours is no access token (RFC 9068 §2.2). */
function isAccessToken(claims: unknown): claims is AccessTokenClaims {
  if (typeof claims !== 'object' || claims === null) return false;
  const all = claims as Record<string, unknown>;
  const isText = (name: string) => typeof all[name] === 'string';
  // Without a grant it is a client's own: one that says anything of a user is neither the one nor the other.
  const isOwn = all['sub'] === all['client_id'] && !('grant_id' in all) && !('idp' in all);
  if (!isOwn && !(isText('grant_id') && isText('idp'))) return false;
  return typeof all['exp'] === 'number' && ['sub', 'aud', 'client_id', 'scope'].every(isText);
}

function readHeader(token: string): { typ?: unknown; alg?: unknown; kid?: unknown } {
  const [encoded = '', , , ...more] = token.split('.');
  try {
    if (more.length > 0) throw refused('malformed');
    const header: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    if (typeof header === 'object' && header !== null) return header;
  } catch {
    // Falls through: whatever it is, it is no token of ours.
  }
  throw refused('malformed');
}

function refused(reason: Reason): AuthError {
  return new AuthError('invalid_token', 'The access token is invalid, expired or revoked.', {
    cause: new AuthError('invalid_token', reason),
  });
}

/** Made anew for each request: what a handler does to it must not reach the next one. */
function authInfoOf(token: string, claims: AccessTokenClaims): AuthInfo {
  const { sub, client_id, scope, exp, aud, grant_id, idp } = claims;
  const mapped = Object.entries(claims).filter(([name]) => name !== 'sub' && !reservedClaims.has(name));
  return {
    token,
    clientId: client_id,
    scopes: parseScope(scope),
    expiresAt: exp,
    resource: new URL(aud),
    extra: {
      sub,
      ...(idp !== undefined && { provider: idp }),
      ...(grant_id !== undefined && { grantId: grant_id }),
      claims: structuredClone(Object.fromEntries(mapped)),
    },
  };
}
