import { maxBodyBytes } from '../http/body.js';
import type { HttpBody } from '../http/message.js';
import { notFoundReply } from '../http/reply.js';
import type { Dispatcher } from '../http/router.js';
import { plainBody, plainRequest, responseOf } from './web-message.js';

/** Serves web-standard requests: Next.js, Hono, Bun, Deno. */
export type FetchHandler = (request: Request) => Promise<Response>;

/** Serves the endpoints; what is none of ours is answered with 404. */
export function fetchHandler(server: Dispatcher, newRequestId: () => string): FetchHandler {
  return async (request) => {
    const plain = plainRequest(request, newRequestId());
    const isOurs = server.serves(plain.path, request.method);
    const body: HttpBody = isOurs ? await plainBody(request, maxBodyBytes) : { kind: 'none' };
    return responseOf(plain, isOurs ? await server.dispatch({ ...plain, body }) : notFoundReply);
  };
}
