import type { Client } from '../clients/client.js';
import { parseCredential, type Credential, type Credentials } from '../grants/credential.js';
import type { DescribeGrant } from '../grants/audited-grant.js';
import type { Grants } from '../grants/grant-store.js';
import { changed, isGrantOf, type Grant } from '../grants/grant.js';
import type { GrantLifetimes } from '../grants/lifetimes.js';
import type { UnusedTokens } from '../grants/unused-tokens.js';
import { clockTolerance, type Clock } from '../storage/clock.js';
import { codeVerifierMatches } from '../protocol/pkce.js';
import { findResource } from '../protocol/resource-indicator.js';
import type { Audit } from '../telemetry/audit.js';
import type { Vault } from '../upstream/vault.js';
import { invalidGrant, type GrantType, type Outcome } from './grant-type.js';
import type { IssueTokens } from './issue-tokens.js';
import { keepVault } from './keep-vault.js';
import type { Narrow } from './narrow.js';

/** `grant_type=authorization_code` (RFC 6749 §4.1.3, with PKCE: RFC 7636 §4.5). */
export function authorizationCodeGrant(
  grants: Grants,
  credentials: Credentials,
  issueTokens: IssueTokens,
  vault: Vault,
  clock: Clock,
  narrow: Narrow,
  settings: GrantLifetimes & { readonly tokenReserveTtl: number },
  audit: Audit,
  describe: DescribeGrant,
  unused: Pick<UnusedTokens, 'watch'>,
): GrantType {
  function redeemed(grant: Grant, client: Client): Grant {
    const now = clock();
    const kid = credentials.currentKid();
    const mayRefresh = client.metadata.grant_types.includes('refresh_token');
    return changed(grant, {
      code: Object.assign({}, grant.code, { redeemedAt: now }),
      lastTokenExpiresAt: now + settings.tokenReserveTtl,
      ...(mayRefresh && { refresh: { generation: 1, kid, superseded: [] } }),
    });
  }

  return {
    name: 'authorization_code',
    async exchange(client, parameters, origin) {
      const credential = parseCredential(parameters.require('code'));
      const codeVerifier = parameters.require('code_verifier');
      const redirectUri = parameters.get('redirect_uri');
      const resource = parameters.all('resource');
      if (credential?.kind !== 'ac') throw invalidGrant('authorization code');

      const outcome = await grants.change<Outcome>(credential.grantId, async (grant) => {
        const presented = { credential, client, redirectUri, codeVerifier };
        if (!isRightlyPresented(grant, presented, credentials)) return { result: undefined };
        const isToldAlready = grant.ended?.because === 'code replayed';
        if (grant.code.redeemedAt !== undefined) return { result: isToldAlready ? 'over' : { replayed: grant } };
        if (grant.ended) return { result: 'over' };
        if (!isInTime(grant, clock())) return { result: undefined };
        findResource(resource, [grant.resource]);
        // What a resource server verifies by keys alone counts until it expires: nothing is issued for one that is gone.
        const scopes = narrow(grant, [], client);
        if (!scopes) return { result: undefined };
        const next = redeemed(grant, client);
        // The tokens are made before the code is spent, so that no fault can spend it for nothing.
        const tokens = await issueTokens(next, scopes);
        return { next: await keepVault(next, vault, clock(), settings), result: { tokens, grant: next } };
      });

      if (typeof outcome === 'object' && 'replayed' in outcome) {
        audit({ event: 'code.replayed', ...origin, ...describe(outcome.replayed) });
      } else if (typeof outcome === 'object') {
        const { tokens, grant } = outcome;
        audit({ event: 'tokens.issued', grantType: 'authorization_code', ...origin, ...describe(grant) });
        unused.watch(grant, origin);
        return tokens;
      }
      // RFC 6749 §4.1.2, RFC 9700 §2.1.1: a code used twice by its rightful client has been stolen.
      if (outcome) await grants.end(credential.grantId, 'code replayed', origin);
      throw invalidGrant('authorization code');
    },
  };
}

/** A code that was issued ahead of now is of before the clock was put back: nobody can tell that it has not expired. */
function isInTime({ createdAt, code }: Grant, now: number): boolean {
  return now >= createdAt - clockTolerance && now <= code.expiresAt;
}

/**
 * Tells whether a code is presented by the right client, with the right redirect URI and the right verifier.
 *
 * Anything less changes nothing: someone with half of the evidence must not be able to burn the rightful owner's code.
 */
function isRightlyPresented(
  grant: Grant,
  presented: { credential: Credential; client: Client; redirectUri: string | undefined; codeVerifier: string },
  credentials: Credentials,
): boolean {
  const { credential, client, redirectUri, codeVerifier } = presented;
  return (
    credential.kid === grant.code.kid &&
    credential.generation === 0 &&
    credentials.proves(credential, grant) &&
    isGrantOf(grant, client) &&
    grant.code.redirectUri === redirectUri && // RFC 6749 §4.1.3: identical to that of the authorization request
    codeVerifierMatches(codeVerifier, grant.code.codeChallenge)
  );
}
