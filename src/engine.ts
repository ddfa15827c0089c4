import { createAuthenticateRequest, type AuthenticateRequest } from './clients/authenticate-request.js';
import {
  createAuthenticateResourceServer,
  type AuthenticateResourceServer,
  type Introspection,
} from './clients/authenticate-resource-server.js';
import { bounded } from './clients/bounded-fetch.js';
import type { Client } from './clients/client.js';
import { createFindClient, type FindClient } from './clients/find-client.js';
import { createGuardedFetch, type GuardedFetch } from './clients/guarded-fetch.js';
import { createMetadataDocuments } from './clients/metadata-documents.js';
import { machineClientIds, preRegisteredClients } from './clients/pre-registered.js';
import { createRegisteredClientIds, type RegisteredClientIds } from './clients/registered-client-id.js';
import { createRemoteKeys } from './clients/remote-keys.js';
import { createVerifyAssertion } from './clients/verify-assertion.js';
import { identityScopesOf, longestTokenTtl, type Settings } from './config.js';
import type { ConfiguredResource } from './party-config.js';
import { browserPaths, createBrowserJourney, type BrowserPaths } from './browser-journey.js';
import type { BrowserFlow } from './flow/browser-flow.js';
import type { DescribeUser } from './flow/map-identity.js';
import type { Foundation } from './foundation.js';
import { authorizationCodeGrant } from './grant-types/authorization-code.js';
import type { GrantType } from './grant-types/grant-type.js';
import { clientCredentialsGrant } from './grant-types/client-credentials.js';
import { createIssueTokens } from './grant-types/issue-tokens.js';
import { createNarrow } from './grant-types/narrow.js';
import { refreshTokenGrant } from './grant-types/refresh-token.js';
import { createAccessTokenReader, type ReadAccessToken } from './grants/access-token-reader.js';
import { createAccessTokens } from './grants/access-token.js';
import { createCredentials } from './grants/credential.js';
import { createFreshUpstream } from './grants/fresh-upstream.js';
import { createGrantIds, type GrantIds } from './grants/grant-id.js';
import { createGrants, type Grants } from './grants/grant-store.js';
import type { Grant, Identity } from './grants/grant.js';
import { createRevokeToken, type RevokeToken } from './grants/revoke-token.js';
import { createRevokedClientTokens } from './grants/revoked-client-tokens.js';
import { openIdentity } from './grants/sealed-identity.js';
import { createRequireStanding, type RequireStanding } from './grants/token-standing.js';
import { createLocalVerifier } from './resource/local-verifier.js';
import { createGetUpstreamToken, type GetUpstreamToken } from './resource/upstream-token.js';
import type { VerifyAccessToken } from './resource/verify-access-token.js';
import { createSystemResolver, systemSleep } from './system.js';
import { applicationProvider, createApplicationUpstream } from './upstream/application.js';
import { createAdmission } from './upstream/admission.js';
import { soughtNames } from './upstream/allow-rule.js';
import { createPooledFetch } from './upstream/pooled-fetch.js';
import { createRenewal } from './upstream/renewal.js';
import { createRevocations } from './upstream/revocations.js';
import { createUpstream } from './upstream/upstream.js';
import type { UpstreamProvider } from './upstream/provider.js';
import { createVault } from './upstream/vault.js';

/** The services behind the endpoints. */
export interface Engine {
  readonly findClient: FindClient;
  readonly registeredClients: RegisteredClientIds;
  readonly authenticate: AuthenticateRequest;
  readonly authenticateResourceServer: AuthenticateResourceServer;
  readonly grantTypes: readonly GrantType[];
  readonly flow: BrowserFlow;
  readonly revokeToken: RevokeToken;
  readonly readAccessToken: ReadAccessToken;
  readonly requireStanding: RequireStanding;
  /** Reads who the user of a grant is. */
  readonly identityOf: (grant: Grant) => Identity;
  readonly verify: VerifyAccessToken;
  readonly getUpstreamToken: GetUpstreamToken;
  readonly grants: Grants;
  readonly grantIds: GrantIds;
  /** A client that is known without anything being fetched. */
  readonly knownClient: (clientId: string) => Client | undefined;
  /** Waits a little for what is being revoked at the providers. */
  readonly settle: () => Promise<void>;
  /** Closes the connections to the providers, after a short wait for what is being revoked there. */
  readonly close: () => Promise<void>;
}

/**
 * Where a provider sends the browser back, below the issuer.
 *
 * With several providers each has a path of its own: one that answers for another, with a code which it made the other
 * one issue, comes in at the wrong door (RFC 9700 §4.4). They can share one where each says who it is (RFC 9207).
 */
export function callbackPath(
  { id }: UpstreamProvider,
  { providers, sharedCallback }: Pick<Settings, 'providers' | 'sharedCallback'>,
  { callback }: BrowserPaths = browserPaths,
): string {
  return providers.length === 1 || sharedCallback ? callback : `${callback}/${id}`;
}

/** What an engine needs to know beside the settings. */
export interface EngineVariant {
  readonly paths: BrowserPaths;
  readonly describeUser: DescribeUser;
  /** The one client, where there are no others. */
  readonly soleClient?: Client;
}

/** A client has a few keys, and they are asked for while its user waits. */
const jwksLimits = { maxBytes: 64 * 1024, timeout: 5 };

/** Who may introspect, by the URLs of the resources. */
function introspectionsOf(resources: ReadonlyMap<string, ConfiguredResource>): ReadonlyMap<string, Introspection> {
  return new Map([...resources].flatMap(([url, { introspection }]) => (introspection ? [[url, introspection]] : [])));
}

/** Puts the services together; this is where to see what depends on what. */
export function createEngine(
  settings: Settings,
  resources: ReadonlyMap<string, ConfiguredResource>,
  foundation: Foundation,
  { paths, describeUser, soleClient }: EngineVariant,
): Engine {
  const { issuer, providers, allow, sharedCallback, authenticateUser, signInUrl, accessTokenTtl } = settings;
  const { clock, randomness, log, store, ring, sealing, installationKey, signingKeys, entrance } = foundation;

  const registeredClients = createRegisteredClientIds(ring, randomness);
  const policy = settings.clientIdMetadataDocuments;
  const allowLoopback = policy?.allowLoopback ?? false;
  const guardedFetch = createGuardedFetch({ resolve: createSystemResolver(), clock, allowLoopback });
  const strangersFetch = bounded(guardedFetch, clock);
  const keysBy = (fetch: GuardedFetch) =>
    createRemoteKeys(async (uri) => (await fetch(uri, jwksLimits)).document, clock);
  // Strangers can use up what is theirs, and must not shut out the clients of the configuration with it.
  const preRegistered = preRegisteredClients(settings.clients, keysBy(guardedFetch));
  const countFetch = async (ip: string | undefined) => {
    if (ip !== undefined) await entrance.limits.byAddress('metadataDocuments', { ip });
  };
  const documents =
    policy &&
    createMetadataDocuments(policy, {
      ...foundation,
      fetch: strangersFetch,
      countFetch,
      keysAt: keysBy(strangersFetch),
    });
  const findClient: FindClient = soleClient
    ? () => Promise.resolve(soleClient)
    : createFindClient({ preRegistered, registered: registeredClients, documents, assertReady: installationKey });
  const audiences = [issuer, `${issuer}/`, `${issuer}/oauth/token`]; // RFC 7523 §3, as clients in the wild send it
  const machines = machineClientIds(settings.clients);
  const verifyAssertion = createVerifyAssertion(audiences, store, clock, randomness);
  const introspections = introspectionsOf(resources);
  const introspectingClients = new Set([...introspections.values()].flatMap(({ clientIds }) => clientIds));
  // Only who is named there: a client that registered itself is as unknown to that door as nobody.
  const findIntrospecting: FindClient = (id) =>
    Promise.resolve(introspectingClients.has(id) ? preRegistered.get(id) : undefined);

  const grantIds = createGrantIds(installationKey, randomness);
  const credentials = createCredentials(ring);
  const accessTokens = createAccessTokens(
    issuer,
    signingKeys,
    clock,
    randomness,
    (resource) => resources.get(resource)?.accessTokenTtl ?? accessTokenTtl,
  );
  const issueTokens = createIssueTokens(accessTokens, credentials, sealing);
  // Within the grace window a superseded refresh token gets an access token without a write.
  const lifetimes = {
    ...settings,
    graceTtl: settings.refreshGraceTtl,
    tokenReserveTtl: longestTokenTtl(settings) + settings.refreshGraceTtl,
  };

  const pool = createPooledFetch();
  const demandsCallbackIssuer = sharedCallback && providers.length > 1;
  const upstreams = new Map(
    providers.map((provider) => {
      const callbackUrl = issuer + callbackPath(provider, settings, paths);
      const sought = soughtNames(allow ?? [], provider);
      const services = { callbackUrl, fetch: pool.fetch, clock, log, demandsCallbackIssuer, sought };
      const place =
        authenticateUser && provider === applicationProvider
          ? createApplicationUpstream({ authenticateUser, signInUrl, callbackUrl, clock })
          : createUpstream(provider, services);
      return [provider.id, place];
    }),
  );
  const admit = createAdmission(allow, providers, log);

  const vault = createVault(store, sealing, randomness);
  const revocations = createRevocations(vault, upstreams, log, systemSleep);
  const grants = createGrants(store, grantIds, clock, randomness, settings, log, (key) => revocations.discard(key));
  const freshSession = createRenewal({
    vault,
    upstreams,
    admit,
    revoke: (key, session) => revocations.begin(key, session),
    clock,
    sleep: systemSleep,
    randomness,
  });
  const freshUpstream = createFreshUpstream(grants, freshSession);
  const readAccessToken = createAccessTokenReader(issuer, signingKeys, clock);
  const revokedClientTokens = createRevokedClientTokens(store, randomness);
  const requireStanding = createRequireStanding(grants, revokedClientTokens, (clientId) => machines.has(clientId));
  const identityScopes = identityScopesOf(settings);
  const narrow = createNarrow(resources, identityScopes);

  return {
    findClient,
    registeredClients,
    authenticate: createAuthenticateRequest(findClient, verifyAssertion),
    authenticateResourceServer: createAuthenticateResourceServer(
      introspections,
      createAuthenticateRequest(findIntrospecting, verifyAssertion),
    ),
    grantTypes: [
      authorizationCodeGrant(grants, credentials, issueTokens, vault, clock, lifetimes),
      refreshTokenGrant(grants, credentials, issueTokens, vault, freshUpstream, clock, narrow, lifetimes),
      ...(machines.size > 0 ? [clientCredentialsGrant(accessTokens, resources)] : []),
    ],
    flow: createBrowserJourney(settings, resources, foundation, {
      paths,
      findClient,
      readRegistered: (clientId) => registeredClients.read(clientId),
      identityScopes,
      upstreams,
      admit,
      describeUser,
      grants,
      grantIds,
      credentials,
      vault,
    }),
    revokeToken: createRevokeToken(grants, credentials, readAccessToken, revokedClientTokens, clock),
    readAccessToken,
    requireStanding,
    identityOf: (grant) => openIdentity(sealing, grant),
    verify: createLocalVerifier(readAccessToken, requireStanding),
    getUpstreamToken: createGetUpstreamToken(grants, freshUpstream),
    grants,
    grantIds,
    knownClient: (clientId) => preRegistered.get(clientId) ?? registeredClients.read(clientId),
    settle: () => revocations.settle(),
    close: async () => {
      await revocations.settle();
      pool.close();
    },
  };
}
