import { createClientServices, type ClientServices } from './client-services.js';
import type { Client } from './clients/client.js';
import { identityScopesOf, longestTokenTtl, type Settings } from './config.js';
import { createFindHolderFault } from './holders.js';
import type { Parties } from './parties.js';
import { browserPaths, createBrowserJourney, type BrowserJourney, type BrowserPaths } from './browser-journey.js';
import type { DescribeUser } from './flow/map-identity.js';
import type { Foundation } from './foundation.js';
import { countedVerifications, observedUpstream } from './observed.js';
import { authorizationCodeGrant } from './grant-types/authorization-code.js';
import type { GrantType } from './grant-types/grant-type.js';
import { clientCredentialsGrant } from './grant-types/client-credentials.js';
import { createIssueTokens } from './grant-types/issue-tokens.js';
import { createNarrow } from './grant-types/narrow.js';
import { refreshTokenGrant } from './grant-types/refresh-token.js';
import { createTrade, type Trade } from './grant-types/trade.js';
import { createDescribeGrant, createTellOfEnd } from './grants/audited-grant.js';
import { createAccessTokenReader, type ReadAccessToken } from './grants/access-token-reader.js';
import { createAccessTokens } from './grants/access-token.js';
import { createCredentials } from './grants/credential.js';
import { createFreshUpstream } from './grants/fresh-upstream.js';
import { createGrantIds, type GrantIds } from './grants/grant-id.js';
import { createGrants, type Grants } from './grants/grant-store.js';
import type { Grant, Identity } from './grants/grant.js';
import { stateOf } from './grants/lifetimes.js';
import { createRevokeToken, type RevokeToken } from './grants/revoke-token.js';
import { createRevokedClientTokens } from './grants/revoked-client-tokens.js';
import { createSealedIdentities } from './grants/sealed-identity.js';
import {
  createRequireStanding,
  holderOf,
  type FindHolderFault,
  type RequireStanding,
} from './grants/token-standing.js';
import { createNoteUse, type NoteUse } from './grants/token-uses.js';
import { createUnusedTokens } from './grants/unused-tokens.js';
import { derived } from './registry/live-map.js';
import { createLocalVerifier } from './resource/local-verifier.js';
import { createGetUpstreamToken, type GetUpstreamToken } from './resource/upstream-token.js';
import type { VerifyAccessToken } from './resource/verify-access-token.js';
import { systemLater, systemSleep } from './system.js';
import { applicationProvider, createApplicationUpstream } from './upstream/application.js';
import { createAdmission } from './upstream/admission.js';
import { soughtNames } from './upstream/allow-rule.js';
import { createPooledFetch } from './upstream/pooled-fetch.js';
import { createRenewal } from './upstream/renewal.js';
import { createRevocations } from './upstream/revocations.js';
import { createUpstream } from './upstream/create-upstream.js';
import type { UpstreamProvider } from './upstream/provider.js';
import { createVault } from './upstream/vault.js';

/** The services behind the endpoints. */
export interface Engine extends ClientServices, BrowserJourney {
  /** As they are now, for the metadata: without clients that act for themselves there is nothing that would let them. */
  readonly grantTypes: readonly GrantType[];
  readonly trade: Trade;
  readonly revokeToken: RevokeToken;
  readonly readAccessToken: ReadAccessToken;
  readonly requireStanding: RequireStanding;
  readonly noteUse: NoteUse;
  /** Reads who the user of a grant is. */
  readonly identityOf: (grant: Grant) => Identity;
  readonly verify: VerifyAccessToken;
  readonly getUpstreamToken: GetUpstreamToken;
  readonly grants: Grants;
  readonly grantIds: GrantIds;
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
  /** Tells whether the tokens of a resource are presented to this installation: at a gate here, or by introspection. */
  readonly isUseSeen: (resource: string) => boolean;
  /** The one client, where there are no others. */
  readonly soleClient?: Client;
}

/** Puts the services together; this is where to see what depends on what. */
export function createEngine(
  settings: Settings,
  parties: Parties,
  foundation: Foundation,
  { paths, describeUser, isUseSeen, soleClient }: EngineVariant,
): Engine {
  const { issuer, providers, allow, sharedCallback, authenticateUser, signInUrl, accessTokenTtl } = settings;
  const { clock, randomness, log, audit, telemetry, store, ring, sealing, installationKey, signingKeys } = foundation;

  const { now, resources } = parties;

  const who = createClientServices(settings, parties, foundation, soleClient);
  const { findClient, registeredClients, blocked } = who;

  const grantIds = createGrantIds(installationKey, randomness);
  const credentials = createCredentials(ring);
  const accessTokens = createAccessTokens(
    issuer,
    signingKeys,
    clock,
    randomness,
    (resource) => resources.get(resource)?.accessTokenTtl ?? accessTokenTtl,
  );
  const identities = createSealedIdentities(sealing);
  const identityOf = identities.open;
  const issueTokens = createIssueTokens(accessTokens, credentials, identityOf);
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
      return [provider.id, observedUpstream(place, telemetry)];
    }),
  );
  const admit = createAdmission(allow, providers, log);

  const vault = createVault(store, sealing, randomness);
  const revocations = createRevocations(vault, upstreams, log, systemSleep);
  const describe = createDescribeGrant(identityOf);
  const tellOfEnd = createTellOfEnd(log, audit, describe);
  const grants = createGrants(store, grantIds, clock, randomness, settings, tellOfEnd, (key) =>
    revocations.discard(key),
  );
  const noteUse = createNoteUse(grants, clock);
  const unused = createUnusedTokens({
    grants,
    describe,
    isSeen: isUseSeen,
    unusedTokenTtl: settings.unusedTokenTtl,
    later: systemLater,
    clock,
    audit,
  });
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
  const faultOfHolder: FindHolderFault = soleClient
    ? () => Promise.resolve(undefined)
    : createFindHolderFault(parties, blocked);
  const requireStanding = createRequireStanding(grants, revokedClientTokens, faultOfHolder);
  const standingGrants = {
    async findLiving(grantId: string) {
      const grant = await grants.findLiving(grantId);
      // Its record may live a little longer than the grant.
      if (!grant || stateOf(grant, clock(), settings) === 'expired') return undefined;
      return (await faultOfHolder(holderOf(grant))) ? undefined : grant;
    },
  };
  const identityScopes = identityScopesOf(settings);
  const narrow = createNarrow(resources, identityScopes);
  const grantTypesForUsers = [
    authorizationCodeGrant(grants, credentials, issueTokens, vault, clock, narrow, lifetimes, audit, describe, unused),
    refreshTokenGrant(
      grants,
      credentials,
      issueTokens,
      vault,
      freshUpstream,
      clock,
      narrow,
      lifetimes,
      audit,
      describe,
    ),
  ];
  const allGrantTypes = [...grantTypesForUsers, clientCredentialsGrant(accessTokens, resources, audit)];
  const grantTypesNow = () => (now().machines.size > 0 ? allGrantTypes : grantTypesForUsers);
  const tradeNow = derived(grantTypesNow, createTrade);

  return {
    ...who,
    get grantTypes() {
      return grantTypesNow();
    },
    trade: (...request) => tradeNow()(...request),
    ...createBrowserJourney(settings, resources, foundation, {
      paths,
      findClient,
      readRegistered: (clientId) => registeredClients.read(clientId),
      recallClient: who.recallClient,
      identityScopes,
      upstreams,
      admit,
      describeUser,
      grants,
      grantIds,
      credentials,
      identities,
      vault,
    }),
    revokeToken: createRevokeToken(grants, credentials, readAccessToken, revokedClientTokens, clock, audit),
    readAccessToken,
    requireStanding,
    noteUse,
    identityOf,
    verify: countedVerifications(createLocalVerifier(readAccessToken, requireStanding, noteUse), telemetry),
    getUpstreamToken: createGetUpstreamToken(standingGrants, freshUpstream),
    grants,
    grantIds,
    settle: () => revocations.settle(),
    close: async () => {
      unused.stop();
      await revocations.settle();
      pool.close();
    },
  };
}
