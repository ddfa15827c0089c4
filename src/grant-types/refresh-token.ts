import { parseCredential, type Credentials } from '../grants/credential.js';
import type { Grants, GrantLifetimes } from '../grants/grant-store.js';
import type { Grant } from '../grants/grant.js';
import { judgeRefresh, rotated, type GraceSettings } from '../grants/refresh-state.js';
import type { Clock } from '../storage/clock.js';
import { AuthError } from '../protocol/auth-error.js';
import { findResource } from '../protocol/resource-indicator.js';
import { parseScope } from '../protocol/scope.js';
import { invalidGrant, type GrantType, type Outcome } from './grant-type.js';
import type { IssueTokens } from './issue-tokens.js';

/** `grant_type=refresh_token` (RFC 6749 §6), with rotation (RFC 9700 §4.14.2). */
export function refreshTokenGrant(
  grants: Grants,
  credentials: Credentials,
  issueTokens: IssueTokens,
  clock: Clock,
  knownScopes: (resource: string) => readonly string[],
  settings: GraceSettings & GrantLifetimes & { readonly tokenReserveTtl: number },
): GrantType {
  function narrowed(grant: Grant, requested: readonly string[]): readonly string[] {
    const known = requested.filter((scope) => knownScopes(grant.resource).includes(scope));
    if (known.some((scope) => !grant.scopes.includes(scope))) {
      throw new AuthError('invalid_scope', 'The scope exceeds what the user granted.'); // RFC 6749 §6
    }
    // Clients repeat whatever they once asked for; what nobody knows does not count, as in the authorization request.
    return known.length > 0 ? known : grant.scopes;
  }

  return {
    name: 'refresh_token',
    async exchange(client, parameters) {
      const credential = parseCredential(parameters.require('refresh_token'));
      const requested = parseScope(parameters.get('scope'));
      const resource = parameters.all('resource');
      if (credential?.kind !== 'rt') throw invalidGrant('refresh token');

      const outcome = await grants.change<Outcome>(credential.grantId, async (grant) => {
        const { refresh } = grant;
        const now = clock();
        if (!refresh || grant.ended || grant.clientId !== client.clientId) return { result: undefined };
        if (!credentials.proves(credential, grant)) return { result: undefined };
        const verdict = judgeRefresh(refresh, credential, now, settings);
        if (verdict === 'replayed') return { result: 'replayed' };
        if (verdict === 'refuse' || now > refreshableUntil(grant, settings)) return { result: undefined };
        findResource(resource, [grant.resource]);
        const scopes = narrowed(grant, requested);
        if (verdict === 'serve the current token') return { result: await issueTokens(grant, scopes) };
        const next = {
          ...grant,
          refresh: rotated(refresh, credentials.currentKid(), now, settings),
          lastTokenExpiresAt: now + settings.tokenReserveTtl,
        };
        return { next, result: await issueTokens(next, scopes) };
      });

      if (outcome === 'replayed') await grants.end(credential.grantId, 'refresh token replayed');
      if (outcome === undefined || outcome === 'replayed') throw invalidGrant('refresh token');
      return outcome;
    },
  };
}

/** When a grant can no longer be refreshed. Its record may live longer, since it lives as long as its last access token. */
function refreshableUntil({ createdAt, code, refresh }: Grant, { refreshTokenTtl, grantTtl }: GrantLifetimes): number {
  const lastIssuedAt = refresh?.superseded[0]?.at ?? code.redeemedAt ?? createdAt;
  return Math.min(lastIssuedAt + refreshTokenTtl, createdAt + grantTtl);
}
