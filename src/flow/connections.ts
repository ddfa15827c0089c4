import type { Client } from '../clients/client.js';
import type { Grants } from '../grants/grant-store.js';
import type { Grant } from '../grants/grant.js';
import { stateOf, type GrantLifetimes } from '../grants/lifetimes.js';
import type { ConnectionsView, ConnectionView } from '../pages/account-view.js';
import type { ClientView } from '../pages/consent-view.js';
import { parseClientIdUrl } from '../protocol/client-id-url.js';
import { isWithin, type Clock } from '../storage/clock.js';
import type { RequestOrigin } from '../telemetry/audit.js';
import type { Resource } from './authorization-request.js';
import { viewOfClient, viewOfResource, viewOfScopes } from './views.js';

/** What holds access in a user's name. */
export interface Connections {
  /** Lists what lives, what was used or made last first. */
  list(userTag: string): Promise<ConnectionsView>;
  /**
   * Ends one grant of this user; may be repeated. What is nobody's, or another user's, is left alone.
   *
   * @param origin - who asks, for the audit
   */
  end(userTag: string, grantId: string, origin: RequestOrigin): Promise<void>;
}

/** What listing needs. */
export interface ConnectionsServices {
  readonly grants: Pick<Grants, 'ofUser' | 'end'>;
  /** Names a client without anything being fetched. */
  readonly recallClient: (clientId: string) => Promise<Client | undefined>;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly clock: Clock;
  readonly lifetimes: GrantLifetimes;
}

/** A page that somebody can still look through. */
const maxShown = 50;
/** So long the page says what was ended; in seconds. */
const newsTtl = 60;

/** Lists from the grants themselves: there is no second list that could say something else. */
export function createConnections(services: ConnectionsServices): Connections {
  const { grants, recallClient, resources, clock, lifetimes } = services;

  async function clientOf({ clientId }: Grant): Promise<ClientView> {
    const client = await recallClient(clientId);
    if (client) return viewOfClient(client);
    // Whose document is not at hand: its host is in the id, and was proven when the user approved.
    const url = parseClientIdUrl(clientId, false);
    return { name: undefined, ...(url && { verifiedHost: url.host }) };
  }

  async function viewOf(grant: Grant): Promise<ConnectionView> {
    const { grantId, resource, scopes, createdAt, usedAt } = grant;
    return {
      grantId,
      client: await clientOf(grant),
      resource: viewOfResource(resources, resource),
      scopes: viewOfScopes(resources, resource, scopes),
      createdAt,
      ...(usedAt !== undefined && { usedAt }),
    };
  }

  const isNews = ({ ended }: Grant) => ended?.because === 'revoked by user' && isWithin(ended.at, newsTtl, clock());
  const lastSeenAt = ({ createdAt, usedAt = 0 }: Grant) => Math.max(createdAt, usedAt);

  return {
    async list(userTag) {
      const all = await grants.ofUser(userTag);
      const states = ['active', 'pending'];
      const living = all.filter((grant) => states.includes(stateOf(grant, clock(), lifetimes)));
      living.sort((one, other) => lastSeenAt(other) - lastSeenAt(one));
      return {
        connections: await Promise.all(living.slice(0, maxShown).map(viewOf)),
        hasMore: living.length > maxShown,
        ended: await Promise.all(all.filter(isNews).slice(0, maxShown).map(clientOf)),
      };
    },

    async end(userTag, grantId, origin) {
      const own = (await grants.ofUser(userTag)).some((grant) => grant.grantId === grantId);
      // Also one that has ended: that time its upstream tokens may have stayed.
      if (own) await grants.end(grantId, 'revoked by user', origin);
    },
  };
}
