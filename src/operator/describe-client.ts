import type { BlockedClients } from '../clients/blocked-clients.js';
import type { Client } from '../clients/client.js';
import type { FindClient } from '../clients/find-client.js';
import { looksRegistered } from '../clients/registered-client-id.js';
import type { KeyRing } from '../keys/key-ring.js';
import type { ClientMetadata } from '../protocol/client-metadata.js';
import type { ClientView } from './client-view.js';

/** What a client id is. */
export interface ClientDescription {
  readonly clientId: string;
  readonly kind: 'configuration' | 'registry' | 'registered itself' | 'metadata document' | 'unknown';
  /** The same in a sentence or two, for a person. */
  readonly says: string;
  readonly isBlocked: boolean;
  /** Of a client that is known beforehand. */
  readonly client?: ClientView;
  /** As the client registered, or as its document says. */
  readonly metadata?: ClientMetadata;
  /** The name of the secret that made the id, and whether it is the current one. */
  readonly key?: { readonly name: string; readonly isCurrent: boolean };
}

/** Describes a client id; `known` is who has it of those who are known beforehand. */
export type DescribeClient = (clientId: string, known: ClientView | undefined) => Promise<ClientDescription>;

/** What describing needs. */
export interface DescribeServices {
  /** Finds clients of every kind, the blocked ones too. */
  readonly findClient: FindClient;
  readonly blocked: BlockedClients;
  readonly ring: Pick<KeyRing, 'currentKid' | 'find'>;
}

/** Describes client ids. */
export function createDescribeClient({ findClient, blocked, ring }: DescribeServices): DescribeClient {
  const isBlocked = (clientId: string, client: Client | undefined) =>
    blocked.isBlockedById(clientId) || blocked.isBlocked(clientId, client?.metadata.redirect_uris ?? []);

  async function registeredItself(clientId: string): Promise<Omit<ClientDescription, 'isBlocked'>> {
    const name = clientId.split('.')[0] ?? '';
    if (!ring.find('client id', name)) {
      const says = `It looks like an id that an mcp-gatehouse made, but with the key ${name}, which is not of this server's secrets: it is of another server, or of a secret that was dropped.`;
      return { clientId, kind: 'unknown', says };
    }
    const key = { name, isCurrent: name === ring.currentKid };
    const client = await findClient(clientId);
    if (!client) {
      const says =
        'It names a key of this server, but was not made with it: it was altered or cut, or made for another issuer.';
      return { clientId, kind: 'unknown', says, key };
    }
    const age = key.isCurrent ? 'the current secret' : 'an earlier secret, which still counts';
    const says = `It registered itself; the id was made with ${age}.`;
    return { clientId, kind: 'registered itself', says, key, metadata: client.metadata };
  }

  async function byDocument(clientId: string): Promise<Omit<ClientDescription, 'isBlocked'>> {
    const kind = 'metadata document';
    try {
      const client = await findClient(clientId);
      if (client) return { clientId, kind, says: 'Its metadata is what its document says.', metadata: client.metadata };
      const says =
        'It is a URL, but names no client: there is no usable document, or this server takes none from there.';
      return { clientId, kind: 'unknown', says };
    } catch {
      return { clientId, kind, says: 'Its document cannot be fetched at present.' };
    }
  }

  async function describe(
    clientId: string,
    known: ClientView | undefined,
  ): Promise<Omit<ClientDescription, 'isBlocked'>> {
    if (known) {
      const says =
        known.origin === 'configuration' ? 'It is in the configuration.' : 'It was added while the server ran.';
      return { clientId, kind: known.origin, says, client: known };
    }
    if (looksRegistered(clientId)) return registeredItself(clientId);
    if (/^https?:\/\//.test(clientId)) return byDocument(clientId);
    const says = 'It is no id of this server: neither known beforehand, nor of the shape of one that was registered.';
    return { clientId, kind: 'unknown', says };
  }

  return async (clientId, known) => {
    const description = await describe(clientId, known);
    const client = (description.metadata ?? known) ? await findClient(clientId).catch(() => undefined) : undefined;
    return { ...description, isBlocked: isBlocked(clientId, client) };
  };
}
