import { mappedClaims, type AccessTokenClaims } from '../grants/access-token.js';
import { refusedToken, type ReadAccessToken } from '../grants/access-token-reader.js';
import type { RequireStanding } from '../grants/token-standing.js';
import { parseScope } from '../protocol/scope.js';
import type { AuthInfo } from './auth-info.js';

/**
 * Verifies an access token for one resource (RFC 9068 §4).
 *
 * @throws {AuthError} invalid_token, with the reason in its cause; temporarily_unavailable
 */
export type VerifyAccessToken = (token: string, resource: string) => Promise<AuthInfo>;

/** Verifies tokens in the process that issued them, or in one that shares its store; what was ended, at once. */
export function createVerifier(read: ReadAccessToken, requireStanding: RequireStanding): VerifyAccessToken {
  return async (token, resource) => {
    const claims = await read(token);
    if (claims.aud !== resource) throw refusedToken('other audience'); // RFC 8707 §2, RFC 9068 §4
    await requireStanding(claims);
    return authInfoOf(token, claims);
  };
}

/** Made anew for each request: what a handler does to it must not reach the next one. */
function authInfoOf(token: string, claims: AccessTokenClaims): AuthInfo {
  const { sub, client_id, scope, exp, aud, grant_id, idp } = claims;
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
      claims: mappedClaims(claims),
    },
  };
}
