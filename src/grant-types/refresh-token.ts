import { parseCredential, type Credentials } from '../grants/credential.js';
import type { FreshUpstream } from '../grants/fresh-upstream.js';
import type { Grants } from '../grants/grant-store.js';
import { refreshableUntil, type GrantLifetimes } from '../grants/lifetimes.js';
import { judgeRefresh, rotated, type GraceSettings } from '../grants/refresh-state.js';
import { once } from '../keys/single-flight.js';
import type { Clock } from '../storage/clock.js';
import { AuthError } from '../protocol/auth-error.js';
import { findResource } from '../protocol/resource-indicator.js';
import { parseScope, withImplied, type ImpliedScopes } from '../protocol/scope.js';
import { renewalDueAt } from '../upstream/session.js';
import type { Vault } from '../upstream/vault.js';
import { invalidGrant, type GrantType, type Outcome } from './grant-type.js';
import type { IssueTokens } from './issue-tokens.js';
import { keepVault } from './keep-vault.js';

/** What has to be known of a resource to refresh its tokens. */
export interface GrantedResource {
  readonly scopes: ReadonlyMap<string, string>;
  readonly implied: ImpliedScopes;
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
  resources: ReadonlyMap<string, GrantedResource>,
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
        if (!refresh || grant.clientId !== client.clientId) return { result: undefined };
        if (!credentials.proves(credential, grant)) return { result: undefined };
        if (grant.ended) return { result: 'replayed' };
        const verdict = judgeRefresh(refresh, credential, now, settings);
        if (verdict === 'replayed') return { result: 'replayed' };
        if (verdict === 'refuse' || now > refreshableUntil(grant, settings)) return { result: undefined };
        const served = resources.get(grant.resource);
        if (!served) return { result: undefined }; // The resource is no longer served here.
        findResource(resource, [grant.resource]);
        const scopes = narrowed(grant.scopes, requested, served);
        if (verdict === 'serve the current token') return { result: await issueTokens(grant, scopes) };
        const { upstreamCheckAt = Infinity } = grant;
        const upstream = now < upstreamCheckAt ? undefined : await askUpstream();
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

/** The scopes of one access token: what was granted, or the part of it that the client asks for (RFC 6749 §6). */
function narrowed(
  granted: readonly string[],
  requested: readonly string[],
  { scopes, implied }: GrantedResource,
): readonly string[] {
  const reachable = withImplied(granted, implied);
  if (requested.some((scope) => scopes.has(scope) && !reachable.includes(scope))) {
    throw new AuthError('invalid_scope', 'The scope exceeds what the user granted.');
  }
  // Clients repeat whatever they once asked for; what nobody knows does not count, as in the authorization request.
  const wanted = requested.filter((scope) => reachable.includes(scope));
  return wanted.length > 0 ? wanted : granted;
}
