import type { AccessTokenClaims } from '../protocol/access-token-claims.js';
import { refusedToken } from '../protocol/refused-token.js';
import type { Grants } from './grant-store.js';
import type { Grant } from './grant.js';
import type { RevokedClientTokens } from './revoked-client-tokens.js';
import { isRevoked } from './revoked-tokens.js';

/**
 * Makes sure that nobody has ended an access token, and answers the grant that it lives on; undefined where a client
 * acts for itself.
 *
 * The store is asked each time, so that an end counts at once. A store that fails lets nothing through (CWE-636).
 *
 * @throws {AuthError} invalid_token, with the reason in its cause; temporarily_unavailable
 */
export type RequireStanding = (claims: AccessTokenClaims) => Promise<Grant | undefined>;

/**
 * Judges tokens that are proven.
 *
 * @param mayActForItself - whether the client of a token without a grant is still there, and may still get one
 */
export function createRequireStanding(
  grants: Pick<Grants, 'findLiving'>,
  revokedClientTokens: Pick<RevokedClientTokens, 'has'>,
  mayActForItself: (clientId: string) => boolean,
): RequireStanding {
  return async (claims) => {
    if (claims.grant_id === undefined) {
      if (!mayActForItself(claims.client_id)) throw refusedToken('client gone');
      if (await revokedClientTokens.has(claims.jti)) throw refusedToken('revoked');
      return undefined;
    }
    const grant = await grants.findLiving(claims.grant_id);
    if (!grant) throw refusedToken('grant ended');
    if (isRevoked(claims, grant.revokedTokens)) throw refusedToken('revoked');
    return grant;
  };
}
