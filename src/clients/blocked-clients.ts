import { derived } from '../registry/live-map.js';
import { createBlockList, type BlockList } from '../registry/block-list.js';
import type { Block } from '../registry/registry-document.js';
import { AuthError } from '../protocol/auth-error.js';
import { BoundedMap } from '../storage/bounded-map.js';
import type { Client } from './client.js';
import type { FindClient } from './find-client.js';

/** Knows which clients the operator does not want here. */
export interface BlockedClients {
  /**
   * Tells whether a client is blocked, by its id, the host of its metadata document, or the host of a redirect URI.
   *
   * @param uris - where it has users sent back
   */
  readonly isBlocked: (clientId: string, uris: readonly string[]) => boolean;
  /** The same for a client that is known by its id only; where it registered itself, the id says the rest. */
  readonly isBlockedById: (clientId: string) => boolean;
}

const maxKnown = 5000;

/**
 * Looks clients up among the blocks.
 *
 * @param blocks - as they are now
 * @param readRegistered - reads a client that registered itself out of its id
 */
export function createBlockedClients(
  blocks: () => readonly Block[],
  readRegistered: (clientId: string) => Pick<Client, 'metadata'> | undefined,
): BlockedClients {
  const current: () => BlockList = derived(blocks, createBlockList);
  // Reading an id costs as much as signing a token, and this is asked at every request to an MCP server.
  const known = new BoundedMap<string, readonly string[]>(maxKnown);

  function registeredUris(clientId: string): readonly string[] {
    const uris = known.get(clientId) ?? readRegistered(clientId)?.metadata.redirect_uris ?? [];
    known.set(clientId, uris);
    return uris;
  }

  function isBlocked(clientId: string, uris: readonly string[]): boolean {
    const list = current();
    return list.coversId(clientId) || list.coversHostOf([clientId, ...uris]);
  }

  return {
    isBlocked,
    isBlockedById: (clientId) => isBlocked(clientId, current().hasHosts ? registeredUris(clientId) : []),
  };
}

/** Finds clients as `find` does; for one that is blocked it throws. */
export function refusingBlocked(find: FindClient, { isBlocked }: BlockedClients): FindClient {
  return async (clientId, asker) => {
    // Before anything is fetched from a host that is blocked.
    if (isBlocked(clientId, [])) throw clientBlocked();
    const client = await find(clientId, asker);
    if (client && isBlocked(clientId, client.metadata.redirect_uris)) throw clientBlocked();
    return client;
  };
}

/**
 * What a blocked client hears: neither `invalid_client` nor `invalid_grant`, at which clients drop what they have, since
 * a block can be lifted and may have been a mistake.
 */
function clientBlocked(): AuthError {
  return new AuthError('access_denied', 'The operator of this server has blocked this app.', {
    topic: 'blockedClient',
  });
}
