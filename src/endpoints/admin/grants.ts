import { jsonReply } from '../../http/reply.js';
import type { Endpoint } from '../../http/router.js';
import type { GrantAdministration, GrantSummary } from '../../operator/grant-administration.js';
import { pageOf, type Page, type PageRequest } from '../../operator/registry-entries.js';
import { goneReply, pageIn, requireFound, type AdminDoor } from './door.js';

/**
 * `GET` and `DELETE /oauth/admin/grants`: what users have granted to clients, narrowed down by `?client=` and `?user=`. One is
 * named by `?id=`.
 */
export function adminGrantsEndpoint(door: AdminDoor, grants: GrantAdministration): Endpoint {
  async function find(grantId: string): Promise<GrantSummary> {
    const { items } = await firstOf(grants.find({ grantId }), {});
    return requireFound(items[0], 'such grant');
  }

  return door({
    async GET({ parameters }) {
      const id = parameters.get('id');
      if (id !== undefined) return jsonReply(200, await find(id));
      const selection = { clientId: parameters.get('client'), subject: parameters.get('user') };
      const { items, next } = await firstOf(grants.find(selection), pageIn(parameters));
      // What the tokens say of a user is shown of one grant, and not of all at once.
      return jsonReply(200, { items: items.map((grant) => ({ ...grant, claims: undefined })), next });
    },

    async DELETE({ parameters, by }) {
      const { grantId } = await find(parameters.require('id'));
      // What had ended before is as it is wanted.
      await grants.revoke(grantId, by);
      return goneReply;
    },
  });
}

/** Reads all of them, in whatever order the store has them, and holds no more than a few pages at once. */
async function firstOf(
  grants: AsyncIterable<GrantSummary>,
  { after = '', limit = 100 }: PageRequest,
): Promise<Page<GrantSummary>> {
  let held = new Map<string, GrantSummary>();
  for await (const grant of grants) {
    if (grant.grantId <= after) continue;
    // A store that changes meanwhile may show one twice.
    held.set(grant.grantId, grant);
    if (held.size > 4 * limit) held = new Map(lowest(held).slice(0, limit + 1));
  }
  return pageOf([...held.values()], ({ grantId }) => grantId, { limit });
}

const lowest = (held: ReadonlyMap<string, GrantSummary>) => [...held].sort(([a], [b]) => (a < b ? -1 : 1));
