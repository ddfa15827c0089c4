import { jsonReply } from '../../http/reply.js';
import type { Endpoint } from '../../http/router.js';
import type { ClientRegistry } from '../../operator/clients.js';
import { entryReply, goneReply, pageIn, requireFound, type AdminDoor } from './door.js';

/**
 * `GET`, `POST`, `PATCH` and `DELETE /oauth/admin/clients`: the clients that are known beforehand. One is named by `?id=`,
 * since proxies spoil paths in which there is an escaped slash.
 */
export function adminClientsEndpoint(door: AdminDoor, clients: ClientRegistry, url: string): Endpoint {
  return door({
    async GET({ parameters }) {
      const id = parameters.get('id');
      if (id === undefined) return jsonReply(200, await clients.list(pageIn(parameters)));
      const client = requireFound(await clients.find(id), id);
      return entryReply(200, client, client);
    },

    async POST({ body, by }) {
      const added = await clients.add(body(), by);
      return entryReply(201, added, added.client, `${url}?id=${encodeURIComponent(added.client.clientId)}`);
    },

    async PATCH({ parameters, body, by, version }) {
      const changed = await clients.change(parameters.require('id'), body(), by, version);
      return entryReply(200, changed, changed.client);
    },

    async DELETE({ parameters, by, version }) {
      await clients.remove(parameters.require('id'), by, version);
      return goneReply;
    },
  });
}

/** `GET /oauth/admin/client-id?id=`: says what any client id is. */
export function adminClientIdEndpoint(door: AdminDoor, clients: Pick<ClientRegistry, 'show'>): Endpoint {
  return door({
    GET: async ({ parameters }) => jsonReply(200, await clients.show(parameters.require('id'))),
  });
}
