import { maxBodyBytes } from '../http/body.js';
import type { HttpBody } from '../http/message.js';
import { notFoundReply } from '../http/reply.js';
import type { Dispatcher } from '../http/router.js';
import { plainBody, plainRequest, responseOf } from './web-message.js';

/** Serves web-standard requests: Next.js, Hono, Bun, Deno. */
export type FetchHandler = (request: Request) => Promise<Response>;

/**
 * The same for an application that knows whose request it is: `ip` is the address of the peer, as the runtime says it.
 *
 * Whatever else a runtime passes beside a request does no harm.
 */
export type PeerFetchHandler = (
  request: Request,
  peer?: object & { readonly ip?: string | undefined },
) => Promise<Response>;

/** Serves the endpoints; what is none of ours is answered with 404. */
export function fetchHandler(server: Dispatcher, newRequestId: () => string): PeerFetchHandler {
  return async (request, peer) => {
    const ip: unknown = peer?.ip;
    const plain = { ...plainRequest(request, newRequestId()), ip: typeof ip === 'string' ? ip : undefined };
    const isOurs = server.serves(plain.path, request.method);
    const body: HttpBody = isOurs ? await plainBody(request, maxBodyBytes) : { kind: 'none' };
    return responseOf(plain, isOurs ? await server.dispatch({ ...plain, body }) : notFoundReply);
  };
}
