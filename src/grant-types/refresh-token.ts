import { parseCredential, type Credentials } from '../grants/credential.js';
import type { DescribeGrant } from '../grants/audited-grant.js';
import type { FreshUpstream } from '../grants/fresh-upstream.js';
import type { Grants } from '../grants/grant-store.js';
import { changed, isGrantOf, type Grant } from '../grants/grant.js';
import { refreshableUntil, type GrantLifetimes } from '../grants/lifetimes.js';
import { judgeRefresh, rotated, type GraceSettings } from '../grants/refresh-state.js';
import { once } from '../keys/single-flight.js';
import type { Clock } from '../storage/clock.js';
import { findResource } from '../protocol/resource-indicator.js';
import { parseScope } from '../protocol/scope.js';
import type { TokenResponse } from '../protocol/token-response.js';
import type { Audit } from '../telemetry/audit.js';
import { renewalDueAt } from '../upstream/session.js';
import type { Vault } from '../upstream/vault.js';
import { invalidGrant, type GrantType, type Outcome } from './grant-type.js';
import type { IssueTokens } from './issue-tokens.js';
import { keepVault } from './keep-vault.js';
import type { Narrow } from './narrow.js';

/** New tokens, what they were given for, and the scopes of the access token. */
interface Refreshed {
  readonly event: 'tokens.refreshed' | 'tokens.grace_served';
  readonly tokens: TokenResponse;
  readonly grant: Grant;
  readonly scopes: readonly string[];
}

/**
 * `grant_type=refresh_token` (RFC 6749 §6), with rotation (RFC 9700 §4.14.2).
 *
 * Once the provider's access token has expired, the provider is asked for a new one first: who was signed out there is
 * signed out here.
 */
export function refreshTokenGrant(
  grants: Grants,
  credentials: Credentials,
  issueTokens: IssueTokens,
  vault: Vault,
  freshUpstream: FreshUpstream,
  clock: Clock,
  narrow: Narrow,
  settings: GraceSettings & GrantLifetimes & { readonly tokenReserveTtl: number },
  audit: Audit,
  describe: DescribeGrant,
): GrantType {
  return {
    name: 'refresh_token',
    async exchange(client, parameters, origin) {
      const credential = parseCredential(parameters.require('refresh_token'));
      const requested = parseScope(parameters.get('scope'));
      const resource = parameters.all('resource');
      if (credential?.kind !== 'rt') throw invalidGrant('refresh token');

      // Once, however often the grant has to be judged.
      const askUpstream = once(() => freshUpstream(credential.grantId, 0, origin));

      const outcome = await grants.change<Outcome<Refreshed>>(credential.grantId, async (grant) => {
        const { refresh } = grant;
        const now = clock();
        if (!refresh || !isGrantOf(grant, client)) return { result: undefined };
        if (!credentials.proves(credential, grant)) return { result: undefined };
        if (grant.ended) return { result: 'over' };
        const verdict = judgeRefresh(refresh, credential, now, settings);
        if (verdict === 'replayed') return { result: { replayed: grant } };
        if (verdict === 'refuse' || now > refreshableUntil(grant, settings)) return { result: undefined };
        findResource(resource, [grant.resource]);
        const scopes = narrow(grant, requested, client);
        if (!scopes) return { result: undefined }; // The resource is no longer served here.
        const { upstreamCheckAt = Infinity } = grant;
        const upstream = now < upstreamCheckAt ? undefined : await askUpstream();
        if (verdict === 'serve the current token') {
          const tokens = await issueTokens(grant, scopes);
          return { result: { event: 'tokens.grace_served', tokens, grant, scopes } };
        }
        const rotatedAt = clock();
        const renewed = changed(grant, {
          refresh: rotated(refresh, credentials.currentKid(), rotatedAt, settings),
          lastTokenExpiresAt: rotatedAt + settings.tokenReserveTtl,
          ...(upstream && { upstreamCheckAt: renewalDueAt(upstream) }),
        });
        const tokens = await issueTokens(renewed, scopes);
        const result = { event: 'tokens.refreshed', tokens, grant: renewed, scopes } as const;
        return { next: await keepVault(renewed, vault, rotatedAt, settings), result };
      });

      if (typeof outcome === 'object' && 'replayed' in outcome) {
        audit({ event: 'refresh_token.replayed', ...origin, ...describe(outcome.replayed) });
      } else if (typeof outcome === 'object') {
        const { event, tokens, grant, scopes } = outcome;
        audit({ event, ...origin, ...describe(grant), scopes });
        return tokens;
      }
      // Also when it is over already: what the provider gave for it may still be there.
      if (outcome) await grants.end(credential.grantId, 'refresh token replayed', origin);
      throw invalidGrant('refresh token');
    },
  };
}
