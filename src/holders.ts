import type { BlockedClients } from './clients/blocked-clients.js';
import { looksRegistered } from './clients/registered-client-id.js';
import type { FindHolderFault } from './grants/token-standing.js';
import type { Parties } from './parties.js';

/**
 * Judges holders of tokens and grants by who is known here now. Costs no look into the store, but for a copy that is read
 * anew every few seconds.
 */
export function createFindHolderFault(
  { now, refresh }: Parties,
  { isBlocked, isBlockedById }: BlockedClients,
): FindHolderFault {
  return async ({ clientId, resource, issuedAt, redirectUri, isMachine }) => {
    await refresh();
    const { blocks, clients, resources, machines } = now();
    if (!resources.has(resource)) return 'resource gone';
    const client = clients.get(clientId);
    if (!client && !isKnownByItself(clientId)) return 'client gone';
    // What an earlier client of that id was granted.
    if (client?.since !== undefined && issuedAt < client.since) return 'client gone';
    if (isMachine && !machines.has(clientId)) return 'client gone';
    if (blocks.length === 0) return undefined;
    const uris = [...(client?.metadata.redirect_uris ?? []), ...(redirectUri === undefined ? [] : [redirectUri])];
    return isBlocked(clientId, uris) || isBlockedById(clientId) ? 'client blocked' : undefined;
  };
}

/** A client that registered itself, or has a metadata document: no list here has it. */
function isKnownByItself(clientId: string): boolean {
  return /^https?:/.test(clientId) || looksRegistered(clientId);
}
