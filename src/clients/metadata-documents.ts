import type { Log } from '../telemetry/log.js';
import type { Randomness } from '../keys/randomness.js';
import { AuthError } from '../protocol/auth-error.js';
import { parseClientIdUrl } from '../protocol/client-id-url.js';
import { parseMetadataDocument } from '../protocol/client-metadata-document.js';
import { isLoopbackHost } from '../protocol/redirect-uri.js';
import { isWithin, type Clock } from '../storage/clock.js';
import type { Store } from '../storage/store.js';
import type { Client } from './client.js';
import { fixedKeys, readClientKeys, type ClientKeys } from './client-keys.js';
import { createDocumentShelf, type Copy } from './document-shelf.js';
import { FetchFault } from './fetch-fault.js';
import type { GuardedFetch } from './guarded-fetch.js';
import { RecentMap } from './recent-map.js';

/** The clients whose id is the URL of their metadata. */
export interface MetadataDocuments {
  /** Tells, by its shape, whether an id is such a URL. */
  covers(clientId: string): boolean;
  /**
   * Finds the client that such a URL describes; undefined when it describes none, or none that is wanted here.
   *
   * @param asker - the address of whoever names it, where it is known
   * @throws {AuthError} temporarily_unavailable when that cannot be told now; its cause is a {@link FetchFault}.
   *   too_many_requests when the asker has had too much fetched, and there is no copy
   */
  find(clientId: string, asker?: string): Promise<Client | undefined>;
  /** What was known of such a client last, however old, without asking anybody: to name it, and for nothing else. */
  recall(clientId: string): Promise<Client | undefined>;
}

/** Which documents are accepted. A domain stands for its subdomains too. */
export interface DocumentPolicy {
  /** The only domains; undefined for all. */
  readonly allowedDomains?: readonly string[] | undefined;
  readonly deniedDomains: readonly string[];
  readonly allowLoopback: boolean;
  /** Documents that are known already, by their URLs: they are never fetched. */
  readonly pinned: ReadonlyMap<string, unknown>;
}

/** What keeping documents needs. */
export interface MetadataDocumentServices {
  readonly fetch: GuardedFetch;
  /**
   * Counts a fetch for whoever causes it: the bounds for all are not to be used up by one.
   *
   * @throws {AuthError} too_many_requests
   */
  readonly countFetch?: (asker: string | undefined) => Promise<void>;
  /** The keys that a client publishes at an address. */
  readonly keysAt: (jwksUri: string) => ClientKeys;
  readonly store: Store;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
}

/** A client, and the copy that describes it. */
interface Kept {
  readonly client: Client;
  readonly copy: Copy;
}

/** draft-ietf-oauth-client-id-metadata-document-01 §6.6 recommends 5 KB. */
const limits = { maxBytes: 5 * 1024, timeout: 5 };
const maxKnown = 500;
const maxFailures = 2000;
/** How long a URL that failed is left alone. */
const retryTtl = 60;

/**
 * Keeps the clients that documents describe: pinned ones, then fresh copies, then what the origin says, then, when it
 * says nothing, copies that are no longer fresh.
 *
 * A document that was replaced by an unusable one is gone at once, since that is its owner's word. An origin that is
 * away, or refuses to serve this network, is not: a client would lose every user over it.
 */
export function createMetadataDocuments(policy: DocumentPolicy, services: MetadataDocumentServices): MetadataDocuments {
  const { fetch, clock, log, keysAt } = services;
  const describe = (url: string, document: unknown) => describeClient(url, document, keysAt);
  const shelf = createDocumentShelf(services);
  const pinned = new Map([...policy.pinned].map(([url, document]) => [url, describe(url, document)]));
  const known = new RecentMap<string, Kept>(maxKnown);
  const failures = new RecentMap<string, { readonly at: number; readonly fault: FetchFault | undefined }>(maxFailures);
  const running = new Map<string, Promise<Client | undefined>>();

  const isFresh = ({ fetchedAt, freshTtl }: Copy) => isWithin(fetchedAt, freshTtl, clock());
  const isUsable = ({ fetchedAt, usableTtl }: Copy) => isWithin(fetchedAt, usableTtl, clock());

  /** Reads a copy as if it came now: what is found to be dangerous later is thereby refused in copies too. */
  function readAgain(url: string, copy: Copy | undefined): Kept | undefined {
    try {
      return copy && { client: describe(url, copy.document), copy };
    } catch {
      return undefined;
    }
  }

  async function load(url: string, asker: string | undefined): Promise<Client | undefined> {
    const own = known.get(url);
    if (own && isFresh(own.copy)) return own.client;
    // Another process may have been luckier with the origin.
    const kept = later(own, readAgain(url, await shelf.read(url)));
    if (kept) known.set(url, kept);
    if (kept && isFresh(kept.copy)) return kept.client;
    const failure = failures.get(url);
    if (failure && isWithin(failure.at, retryTtl, clock())) return fallBack(kept, failure.fault);
    try {
      await services.countFetch?.(asker);
      return await renew(url);
    } catch (thrown) {
      if (isRefusalOfAsker(thrown) && kept && isUsable(kept.copy)) return kept.client;
      if (!(thrown instanceof FetchFault)) throw thrown;
      // What this server had no time for is no failure of the document.
      if (!thrown.isBusy) noteFailure(url, thrown, kept);
      return fallBack(kept, thrown);
    }
  }

  function noteFailure(url: string, fault: FetchFault, kept: Kept | undefined): void {
    failures.set(url, { at: clock(), fault });
    if (kept && isUsable(kept.copy))
      log({ level: 'warn', event: 'metadata document kept', description: fault.message });
  }

  async function renew(url: string): Promise<Client | undefined> {
    const fetched = await fetch(url, limits);
    try {
      const client = describe(url, fetched.document);
      const copy = shelf.copyOf(fetched);
      known.set(url, { client, copy });
      failures.delete(url);
      await shelf.keep(url, copy, fetched.mayBeKept);
      return client;
    } catch (thrown) {
      if (!(thrown instanceof AuthError)) throw thrown;
      log({ level: 'info', event: 'metadata document refused', code: thrown.code, description: thrown.message });
      known.delete(url);
      failures.set(url, { at: clock(), fault: undefined });
      await shelf.drop(url);
      return undefined;
    }
  }

  function fallBack(kept: Kept | undefined, fault: FetchFault | undefined) {
    if (fault === undefined) return undefined;
    if (kept && isUsable(kept.copy)) return kept.client;
    if (fault.isForbidden) return undefined;
    throw new AuthError('temporarily_unavailable', 'The metadata document of the client cannot be read now.', {
      cause: fault,
    });
  }

  /** Two hundred users at once are one request to the origin. That one of them asks too much is not the others' fault. */
  async function loadOnce(url: string, asker: string | undefined): Promise<Client | undefined> {
    for (let other = running.get(url); other; other = running.get(url)) {
      try {
        return await other;
      } catch (thrown) {
        if (!isRefusalOfAsker(thrown)) throw thrown;
      }
    }
    const answer = load(url, asker).finally(() => running.delete(url));
    running.set(url, answer);
    return answer;
  }

  return {
    covers: (clientId) => /^https?:\/\//.test(clientId),

    async find(clientId, asker) {
      const fixed = pinned.get(clientId);
      if (fixed) return fixed;
      const url = parseClientIdUrl(clientId, policy.allowLoopback);
      if (!url || !isWanted(url.hostname, policy)) return undefined;
      return loadOnce(clientId, asker);
    },

    recall: async (clientId) =>
      pinned.get(clientId) ?? known.get(clientId)?.client ?? readAgain(clientId, await shelf.read(clientId))?.client,
  };
}

function isRefusalOfAsker(thrown: unknown): boolean {
  return thrown instanceof AuthError && thrown.code === 'too_many_requests';
}

function later(one: Kept | undefined, other: Kept | undefined): Kept | undefined {
  return one && other ? (one.copy.fetchedAt >= other.copy.fetchedAt ? one : other) : (one ?? other);
}

/** @throws {AuthError} when the document is not acceptable */
function describeClient(url: string, document: unknown, keysAt: (jwksUri: string) => ClientKeys): Client {
  const metadata = parseMetadataDocument(document, url);
  const { host, hostname } = new URL(url);
  const { jwks, jwks_uri } = metadata;
  const keys = jwks_uri === undefined ? inlineKeys(jwks) : keysAt(jwks_uri);
  return {
    clientId: url,
    metadata,
    authenticationMethod: metadata.token_endpoint_auth_method,
    // Whatever it declares, such a client shares no secret with us.
    secretMatches: () => false,
    ...(keys && { keys }),
    // Any program can listen on loopback, and that proves nothing.
    ...(!isLoopbackHost(hostname) && { verifiedHost: host }),
  };
}

/** @throws {AuthError} invalid_client_metadata when none of them can be used */
function inlineKeys(jwks: unknown): ClientKeys | undefined {
  if (jwks === undefined) return undefined;
  const keys = readClientKeys(jwks);
  if (!keys) throw new AuthError('invalid_client_metadata', 'jwks has to be a JWK set with keys that can be used.');
  return fixedKeys(keys);
}

function isWanted(hostname: string, { allowedDomains, deniedDomains }: DocumentPolicy): boolean {
  const isIn = (domain: string) => hostname === domain || hostname.endsWith(`.${domain}`);
  return !deniedDomains.some(isIn) && (allowedDomains?.some(isIn) ?? true);
}
