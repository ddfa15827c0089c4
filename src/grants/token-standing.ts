import type { AccessTokenClaims } from '../protocol/access-token-claims.js';
import { refusedToken, type TokenFault } from '../protocol/refused-token.js';
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

/** For whom a token or a grant is, and since when. */
export interface Holder {
  readonly clientId: string;
  readonly resource: string;
  /** Epoch seconds. */
  readonly issuedAt: number;
  /** Where the client had its user sent back, as far as it said so. */
  readonly redirectUri?: string | undefined;
  /** Whether the client has no user, and acts for itself. */
  readonly isMachine: boolean;
}

/**
 * Says why a holder does not count here any more: its client or its resource is gone, or the client is blocked.
 *
 * @throws {AuthError} temporarily_unavailable when nobody can tell
 */
export type FindHolderFault = (holder: Holder) => Promise<TokenFault | undefined>;

/** Judges tokens that are proven. */
export function createRequireStanding(
  grants: Pick<Grants, 'findLiving'>,
  revokedClientTokens: Pick<RevokedClientTokens, 'has'>,
  faultOfHolder: FindHolderFault,
): RequireStanding {
  return async (claims) => {
    const { client_id: clientId, aud: resource, iat: issuedAt } = claims;
    if (claims.grant_id === undefined) {
      const fault = await faultOfHolder({ clientId, resource, issuedAt, isMachine: true });
      if (fault) throw refusedToken(fault);
      if (await revokedClientTokens.has(claims.jti)) throw refusedToken('revoked');
      return undefined;
    }
    const grant = await grants.findLiving(claims.grant_id);
    if (!grant) throw refusedToken('grant ended');
    if (isRevoked(claims, grant.revokedTokens)) throw refusedToken('revoked');
    const fault = await faultOfHolder(holderOf(grant));
    if (fault) throw refusedToken(fault);
    return grant;
  };
}

/** For whom a grant is. */
export function holderOf({ clientId, resource, createdAt, code }: Grant): Holder {
  return { clientId, resource, issuedAt: createdAt, redirectUri: code.redirectUri, isMachine: false };
}
