import { jsonReply } from '../../http/reply.js';
import type { Endpoint } from '../../http/router.js';
import type { ResourceRegistry } from '../../operator/resources.js';
import { entryReply, goneReply, pageIn, requireFound, type AdminDoor } from './door.js';

/** `GET`, `POST`, `PATCH` and `DELETE /oauth/admin/resources`: the MCP servers. One is named by `?url=`. */
export function adminResourcesEndpoint(door: AdminDoor, resources: ResourceRegistry, url: string): Endpoint {
  return door({
    async GET({ parameters }) {
      const wanted = parameters.get('url');
      if (wanted === undefined) return jsonReply(200, await resources.list(pageIn(parameters)));
      const resource = requireFound(await resources.find(wanted), wanted);
      return entryReply(200, resource, resource);
    },

    async POST({ body, by }) {
      const added = await resources.add(body(), by);
      return entryReply(201, added, added.resource, `${url}?url=${encodeURIComponent(added.resource.url)}`);
    },

    async PATCH({ parameters, body, by, version }) {
      const changed = await resources.change(parameters.require('url'), body(), by, version);
      return entryReply(200, changed, changed.resource);
    },

    async DELETE({ parameters, by, version }) {
      await resources.remove(parameters.require('url'), by, version);
      return goneReply;
    },
  });
}
