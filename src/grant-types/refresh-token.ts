import { parseCredential, type Credentials } from '../grants/credential.js';
import type { FreshUpstream } from '../grants/fresh-upstream.js';
import type { Grants } from '../grants/grant-store.js';
import { isGrantOf } from '../grants/grant.js';
import { refreshableUntil, type GrantLifetimes } from '../grants/lifetimes.js';
import { judgeRefresh, rotated, type GraceSettings } from '../grants/refresh-state.js';
import { once } from '../keys/single-flight.js';
import type { Clock } from '../storage/clock.js';
import { findResource } from '../protocol/resource-indicator.js';
import { parseScope } from '../protocol/scope.js';
import { renewalDueAt } from '../upstream/session.js';
import type { Vault } from '../upstream/vault.js';
import { invalidGrant, type GrantType, type Outcome } from './grant-type.js';
import type { IssueTokens } from './issue-tokens.js';
import { keepVault } from './keep-vault.js';
import type { Narrow } from './narrow.js';

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
): GrantType {
  return {
    name: 'refresh_token',
    async exchange(client, parameters) {
      const credential = parseCredential(parameters.require('refresh_token'));
      const requested = parseScope(parameters.get('scope'));
      const resource = parameters.all('resource');
      if (credential?.kind !== 'rt') throw invalidGrant('refresh token');

      // Once, however often the grant has to be judged.
      const askUpstream = once(() => freshUpstream(credential.grantId, 0));

      const outcome = await grants.change<Outcome>(credential.grantId, async (grant) => {
        const { refresh } = grant;
        const now = clock();
        if (!refresh || !isGrantOf(grant, client)) return { result: undefined };
        if (!credentials.proves(credential, grant)) return { result: undefined };
        if (grant.ended) return { result: 'replayed' };
        const verdict = judgeRefresh(refresh, credential, now, settings);
        if (verdict === 'replayed') return { result: 'replayed' };
        if (verdict === 'refuse' || now > refreshableUntil(grant, settings)) return { result: undefined };
        findResource(resource, [grant.resource]);
        const scopes = narrow(grant, requested, client);
        if (!scopes) return { result: undefined }; // The resource is no longer served here.
        const { upstreamCheckAt = Infinity } = grant;
        const upstream = now < upstreamCheckAt ? undefined : await askUpstream();
        if (verdict === 'serve the current token') return { result: await issueTokens(grant, scopes) };
        const rotatedAt = clock();
        const renewed = {
          ...grant,
          refresh: rotated(refresh, credentials.currentKid(), rotatedAt, settings),
          lastTokenExpiresAt: rotatedAt + settings.tokenReserveTtl,
          ...(upstream && { upstreamCheckAt: renewalDueAt(upstream) }),
        };
        const tokens = await issueTokens(renewed, scopes);
        return { next: await keepVault(renewed, vault, rotatedAt, settings), result: tokens };
      });

      if (outcome === 'replayed') await grants.end(credential.grantId, 'refresh token replayed');
      if (outcome === undefined || outcome === 'replayed') throw invalidGrant('refresh token');
      return outcome;
    },
  };
}
