import { AuthError } from '../protocol/auth-error.js';
import type { Audit, RequestOrigin } from '../telemetry/audit.js';
import type { Clock } from '../storage/clock.js';
import type { ReadAccessToken } from './access-token-reader.js';
import type { AccessTokenClaims } from '../protocol/access-token-claims.js';
import { parseCredential, type Credential, type Credentials } from './credential.js';
import { changed } from './grant.js';
import type { Grants } from './grant-store.js';
import type { RevokedClientTokens } from './revoked-client-tokens.js';
import { isRevoked, withRevoked } from './revoked-tokens.js';

/**
 * Ends a token of a client: with a refresh token the grant, an access token by itself. What is no living token of this
 * server is ended already.
 *
 * @param origin - who asks, for the audit
 * @throws {AuthError} invalid_grant when the token is another client's; temporarily_unavailable
 */
export type RevokeToken = (token: string, clientId: string, origin: RequestOrigin) => Promise<void>;

/** Tells refresh tokens and access tokens apart by their shape, whatever a client takes them for (RFC 7009 §2.1). */
export function createRevokeToken(
  grants: Pick<Grants, 'change' | 'end'>,
  credentials: Credentials,
  readAccessToken: ReadAccessToken,
  revokedClientTokens: Pick<RevokedClientTokens, 'add'>,
  clock: Clock,
  audit: Audit,
): RevokeToken {
  /** Every generation that this server issued counts: who has an old one may not know the new one. */
  async function endGrant(credential: Credential, clientId: string, origin: RequestOrigin): Promise<void> {
    const owner = await grants.change(credential.grantId, (grant) => ({
      result: credentials.proves(credential, grant) ? grant.clientId : undefined,
    }));
    if (owner === undefined) return;
    requireOwner(owner, clientId);
    // Also when it has ended before: that time something may have failed.
    await grants.end(credential.grantId, 'revoked', origin);
  }

  async function endAccessToken(claims: AccessTokenClaims, origin: RequestOrigin): Promise<void> {
    const { client_id: clientId, sub: subject, grant_id: grantId, aud: resource, idp: provider } = claims;
    const isNew = await end(claims);
    if (isNew) {
      audit({ event: 'access_token.revoked', ...origin, clientId, subject, grantId, provider, resource });
    }
  }

  async function end(claims: AccessTokenClaims): Promise<boolean | undefined> {
    if (claims.grant_id === undefined) {
      await revokedClientTokens.add(claims);
      return true;
    }
    return grants.change(claims.grant_id, (grant) => {
      if (grant.ended || isRevoked(claims, grant.revokedTokens)) return { result: false };
      const revokedTokens = withRevoked(claims, clock(), grant.revokedTokens);
      return { next: changed(grant, { revokedTokens }), result: true };
    });
  }

  return async (token, clientId, origin) => {
    const credential = parseCredential(token);
    // A code is nobody's token: it ends by itself within a minute.
    if (credential) return credential.kind === 'rt' ? endGrant(credential, clientId, origin) : undefined;
    const claims = await readAccessToken(token).catch(ignoreInvalid);
    if (!claims) return;
    requireOwner(claims.client_id, clientId);
    await endAccessToken(claims, origin);
  };
}

/** RFC 7009 §2.1: only the client that a token was issued to can end it. */
function requireOwner(owner: string, clientId: string): void {
  if (owner !== clientId) throw new AuthError('invalid_grant', 'The token was issued to another client.');
}

/** RFC 7009 §2.2: that a token counts no more is what the client wants. That nobody can tell is no such answer. */
function ignoreInvalid(thrown: unknown): undefined {
  if (thrown instanceof AuthError && thrown.code === 'invalid_token') return undefined;
  throw thrown;
}
