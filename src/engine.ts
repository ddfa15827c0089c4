import { bounded } from './clients/bounded-fetch.js';
import { createFindClient, type FindClient } from './clients/find-client.js';
import { createGuardedFetch } from './clients/guarded-fetch.js';
import { createMetadataDocuments } from './clients/metadata-documents.js';
import { createRegisteredClientIds, type RegisteredClientIds } from './clients/registered-client-id.js';
import type { Settings } from './config.js';
import type { ConfiguredResource } from './party-config.js';
import { createAsk } from './flow/ask.js';
import { createBrowserBinding } from './flow/browser-binding.js';
import { createBrowserFlow, type BrowserFlow } from './flow/browser-flow.js';
import { createIssueCode } from './flow/issue-code.js';
import { createSignIns } from './flow/sign-in.js';
import { createTransactions } from './flow/transaction.js';
import type { Foundation } from './foundation.js';
import { authorizationCodeGrant } from './grant-types/authorization-code.js';
import type { GrantType } from './grant-types/grant-type.js';
import { createIssueTokens } from './grant-types/issue-tokens.js';
import { refreshTokenGrant } from './grant-types/refresh-token.js';
import { createAccessTokens } from './grants/access-token.js';
import { createCredentials } from './grants/credential.js';
import { createGrantIds } from './grants/grant-id.js';
import { createGrants } from './grants/grant-store.js';
import { createCookieJar } from './http/cookies.js';
import { createSystemResolver } from './system.js';
import { createVerifier, type VerifyAccessToken } from './resource/verify-access-token.js';
import { createPooledFetch } from './upstream/pooled-fetch.js';
import { createUpstream } from './upstream/upstream.js';
import type { UpstreamProvider } from './upstream/provider.js';
import { createVault } from './upstream/vault.js';

/** The services behind the endpoints. */
export interface Engine {
  readonly registeredClients: RegisteredClientIds;
  readonly findClient: FindClient;
  readonly grantTypes: readonly GrantType[];
  readonly flow: BrowserFlow;
  readonly verify: VerifyAccessToken;
  /** Closes the connections to the providers. */
  readonly close: () => void;
}

/**
 * Where a provider sends the browser back, below the issuer.
 *
 * With several providers each has a path of its own: one that answers for another, with a code which it made the other
 * one issue, comes in at the wrong door (RFC 9700 §4.4).
 */
export function callbackPath({ id }: UpstreamProvider, providers: readonly UpstreamProvider[]): string {
  return providers.length === 1 ? '/oauth/callback' : `/oauth/callback/${id}`;
}

/** Puts the services together; this is where to see what depends on what. */
export function createEngine(
  settings: Settings,
  resources: ReadonlyMap<string, ConfiguredResource>,
  foundation: Foundation,
): Engine {
  const { issuer, providers, tokenMapper, transactionTtl, authorizationCodeTtl, accessTokenTtl } = settings;
  const { clock, randomness, log, store, ring, sealing, installationKey, signingKeys, tag } = foundation;

  const registeredClients = createRegisteredClientIds(ring, randomness);
  const policy = settings.clientIdMetadataDocuments;
  const allowLoopback = policy?.allowLoopback ?? false;
  const guardedFetch = bounded(createGuardedFetch({ resolve: createSystemResolver(), clock, allowLoopback }), clock);
  const documents = policy && createMetadataDocuments(policy, { ...foundation, fetch: guardedFetch });
  const findClient = createFindClient({ registered: registeredClients, documents, assertReady: installationKey });

  const grantIds = createGrantIds(installationKey, randomness);
  const grants = createGrants(store, grantIds, clock, randomness, settings, log);
  const credentials = createCredentials(ring);
  const vault = createVault(store, sealing, randomness);
  const accessTokens = createAccessTokens(issuer, signingKeys, clock, randomness, accessTokenTtl);
  const issueTokens = createIssueTokens(accessTokens, credentials, sealing);
  // Within the grace window a superseded refresh token gets an access token without a write.
  const lifetimes = {
    ...settings,
    graceTtl: settings.refreshGraceTtl,
    tokenReserveTtl: accessTokenTtl + settings.refreshGraceTtl,
  };
  const scopesByResource = new Map([...resources].map(([url, { scopes }]) => [url, [...scopes.keys()]]));
  const scopesOf = (resource: string) => scopesByResource.get(resource);

  const pool = createPooledFetch();
  const upstreams = new Map(
    providers.map((provider) => {
      const callbackUrl = issuer + callbackPath(provider, providers);
      return [provider.id, createUpstream(provider, { callbackUrl, fetch: pool.fetch, clock })];
    }),
  );

  const jar = createCookieJar({ secure: issuer.startsWith('https:'), tag });
  const binding = createBrowserBinding(ring, jar, randomness, transactionTtl);
  const transactions = createTransactions(sealing, clock);

  return {
    registeredClients,
    findClient,
    grantTypes: [
      authorizationCodeGrant(grants, credentials, issueTokens, vault, clock, lifetimes),
      refreshTokenGrant(grants, credentials, issueTokens, vault, clock, scopesOf, lifetimes),
    ],
    flow: createBrowserFlow({
      issuer,
      findClient,
      resources,
      upstreams,
      tokenMapper,
      ask: createAsk({
        action: `${issuer}/oauth/consent`,
        resources,
        providers,
        transactions,
        binding,
        clock,
        randomness,
        transactionTtl,
      }),
      transactions,
      signIns: createSignIns(store, sealing, randomness, clock, transactionTtl),
      binding,
      issueCode: createIssueCode({
        grants,
        grantIds,
        credentials,
        vault,
        sealing,
        clock,
        randomness,
        authorizationCodeTtl,
      }),
    }),
    verify: createVerifier(issuer, signingKeys, clock, (grantId) => grants.isAlive(grantId)),
    close: () => pool.close(),
  };
}
