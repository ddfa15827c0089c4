import { jsonReply } from '../../http/reply.js';
import type { Endpoint } from '../../http/router.js';
import type { Blocks, BlockTarget } from '../../operator/blocks.js';
import type { Parameters } from '../../protocol/parameters.js';
import { goneReply, pageIn, requireFound, type AdminDoor } from './door.js';

/** `GET`, `POST` and `DELETE /oauth/admin/blocks`: whom the operator does not want. One is named by `?clientId=` or `?host=`. */
export function adminBlocksEndpoint(door: AdminDoor, blocks: Blocks, url: string): Endpoint {
  return door({
    async GET({ parameters }) {
      const { clientId, host } = targetIn(parameters);
      if (clientId === undefined && host === undefined) return jsonReply(200, await blocks.list(pageIn(parameters)));
      return jsonReply(200, requireFound(await blocks.find({ clientId, host }), 'such block'));
    },

    async POST({ body, by }) {
      const { block, isNew } = await blocks.add(body(), by);
      const name =
        'host' in block ? `host=${encodeURIComponent(block.host)}` : `clientId=${encodeURIComponent(block.clientId)}`;
      // What was blocked before is as it is wanted.
      return jsonReply(isNew ? 201 : 200, block, isNew ? { location: `${url}?${name}` } : {});
    },

    async DELETE({ parameters, by }) {
      await blocks.remove(targetIn(parameters), by);
      return goneReply;
    },
  });
}

function targetIn(parameters: Parameters): BlockTarget {
  return { clientId: parameters.get('clientId'), host: parameters.get('host') };
}
