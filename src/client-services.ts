import { createAuthenticateRequest, type AuthenticateRequest } from './clients/authenticate-request.js';
import {
  createAuthenticateResourceServer,
  type AuthenticateResourceServer,
  type Introspection,
} from './clients/authenticate-resource-server.js';
import { createBlockedClients, refusingBlocked, type BlockedClients } from './clients/blocked-clients.js';
import { bounded } from './clients/bounded-fetch.js';
import type { VerifyAssertion } from './clients/client-assertion.js';
import type { Client } from './clients/client.js';
import { createFindClient, type FindClient } from './clients/find-client.js';
import { createGuardedFetch, type GuardedFetch } from './clients/guarded-fetch.js';
import { createMetadataDocuments } from './clients/metadata-documents.js';
import { preRegisteredClients } from './clients/pre-registered.js';
import { createRegisteredClientIds, type RegisteredClientIds } from './clients/registered-client-id.js';
import { createRemoteKeys } from './clients/remote-keys.js';
import { type Settings } from './config.js';
import type { Parties } from './parties.js';
import type { ConfiguredResource } from './party-config.js';
import type { Foundation } from './foundation.js';
import { once } from './keys/single-flight.js';
import { derived, liveMap } from './registry/live-map.js';
import { createSystemResolver } from './system.js';

/** Who asks: every kind of client, and how each proves who it is. */
export interface ClientServices {
  readonly findClient: FindClient;
  /** Knows the blocked ones as well. */
  readonly findCurrentClient: FindClient;
  readonly blocked: BlockedClients;
  readonly registeredClients: RegisteredClientIds;
  readonly authenticate: AuthenticateRequest;
  /** The same, for those too who are blocked: whoever ends a token may. */
  readonly authenticateForRevocation: AuthenticateRequest;
  readonly authenticateResourceServer: AuthenticateResourceServer;
  /** A client that is known without anything being fetched. */
  readonly knownClient: (clientId: string) => Client | undefined;
  /** The same, and what a metadata document said last: to name the client, and for nothing else. */
  readonly recallClient: (clientId: string) => Promise<Client | undefined>;
}

/** A client has a few keys, and they are asked for while its user waits. */
const jwksLimits = { maxBytes: 64 * 1024, timeout: 5 };

/** Who may introspect, by the URLs of the resources. */
function introspectionsOf(resources: ReadonlyMap<string, ConfiguredResource>): ReadonlyMap<string, Introspection> {
  return new Map([...resources].flatMap(([url, { introspection }]) => (introspection ? [[url, introspection]] : [])));
}

/** Puts together what knows clients. */
export function createClientServices(
  settings: Settings,
  parties: Parties,
  foundation: Foundation,
  soleClient: Client | undefined,
): ClientServices {
  const { issuer } = settings;
  const { clock, randomness, audit, store, ring, installationKey, entrance } = foundation;
  const { now, refresh } = parties;

  const registeredClients = createRegisteredClientIds(ring, randomness);
  const policy = settings.clientIdMetadataDocuments;
  const allowLoopback = policy?.allowLoopback ?? false;
  const guardedFetch = createGuardedFetch({ resolve: createSystemResolver(), clock, allowLoopback });
  const strangersFetch = bounded(guardedFetch, clock);
  const keysBy = (fetch: GuardedFetch) =>
    createRemoteKeys(async (uri) => (await fetch(uri, jwksLimits)).document, clock);
  // Strangers can use up what is theirs, and must not shut out the clients of the configuration with it.
  const keysAt = keysBy(guardedFetch);
  const preRegistered = liveMap(derived(now, ({ clients }) => preRegisteredClients([...clients.values()], keysAt)));
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
  const findAny = createFindClient({
    preRegistered,
    registered: registeredClients,
    documents,
    assertReady: installationKey,
  });
  const findCurrent: FindClient = soleClient
    ? () => Promise.resolve(soleClient)
    : (id, asker) => refresh().then(() => findAny(id, asker));
  const blocked = createBlockedClients(
    () => now().blocks,
    (clientId) => registeredClients.read(clientId),
  );
  const findClient = refusingBlocked(findCurrent, blocked);
  const audiences = [issuer, `${issuer}/`, `${issuer}/oauth/token`]; // RFC 7523 §3, as clients in the wild send it
  // Few clients sign, and the library that verifies them takes long to load.
  const verifier = once(async () => {
    const { createVerifyAssertion } = await import('./clients/verify-assertion.js');
    return createVerifyAssertion(audiences, store, clock, randomness);
  });
  const verifyAssertion: VerifyAssertion = async (assertion, client) => (await verifier())(assertion, client);
  const introspections = derived(now, (current) => introspectionsOf(current.resources));
  const introspectingClients = derived(
    introspections,
    (all) => new Set([...all.values()].flatMap(({ clientIds }) => clientIds)),
  );
  // Only who is named there: a client that registered itself is as unknown to that door as nobody.
  const findIntrospecting = refusingBlocked(
    (id) => Promise.resolve(introspectingClients().has(id) ? preRegistered.get(id) : undefined),
    blocked,
  );

  const knownClient = (clientId: string) => preRegistered.get(clientId) ?? registeredClients.read(clientId);

  return {
    findClient,
    findCurrentClient: findCurrent,
    blocked,
    registeredClients,
    authenticate: createAuthenticateRequest(findClient, verifyAssertion, audit),
    authenticateForRevocation: createAuthenticateRequest(findCurrent, verifyAssertion, audit),
    authenticateResourceServer: createAuthenticateResourceServer(
      introspections,
      refresh,
      createAuthenticateRequest(findIntrospecting, verifyAssertion, audit),
      audit,
    ),
    knownClient,
    recallClient: async (clientId) =>
      knownClient(clientId) ?? (documents?.covers(clientId) ? documents.recall(clientId) : undefined),
  };
}
