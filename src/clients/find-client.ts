import { BoundedMap } from '../storage/bounded-map.js';
import type { Client } from './client.js';
import type { MetadataDocuments } from './metadata-documents.js';
import type { RegisteredClientIds } from './registered-client-id.js';

/**
 * Finds the client of an id, or answers undefined when there is none.
 *
 * @param asker - the address of whoever names the client, where it is known: what has to be fetched counts for it
 * @throws {AuthError} temporarily_unavailable when that cannot be told now; too_many_requests
 */
export type FindClient = (clientId: string, asker?: string) => Promise<Client | undefined>;

/** What knows clients. */
export interface FindClientServices {
  /** The clients of the configuration, by their ids. */
  readonly preRegistered: ReadonlyMap<string, Client>;
  readonly registered: RegisteredClientIds;
  /** Absent when a URL names no client here. */
  readonly documents?: Pick<MetadataDocuments, 'covers' | 'find'> | undefined;
  /**
   * Rejects when this server runs under a secret that is not its own. It then knows no client, and must not say so:
   * clients drop everything when they hear that they are unknown.
   */
  readonly assertReady: () => Promise<unknown>;
}

/**
 * Makes the one function that knows every kind of client, and tells the kinds apart by the shape of the id.
 *
 * Those of the configuration come first. An id that was made here needs no store: it either proves itself, or belongs
 * to nobody.
 */
export function createFindClient(services: FindClientServices): FindClient {
  const { preRegistered, registered, documents, assertReady } = services;
  // Reading an id costs as much as signing a token, and the same clients come again and again.
  const known = new BoundedMap<string, Client>(maxKnownClients);
  return async (clientId, asker) => {
    const configured = preRegistered.get(clientId);
    if (configured) return configured;
    if (documents?.covers(clientId)) return documents.find(clientId, asker);
    const found = known.get(clientId);
    if (found) return found;
    const client = registered.read(clientId);
    // Only what proved itself is kept: strangers' inventions take no room.
    if (client) known.set(clientId, client);
    else await assertReady();
    return client;
  };
}

const maxKnownClients = 1000;
