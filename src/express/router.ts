import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../telemetry/log.js';
import type { HttpReply, HttpRequest } from '../http/message.js';
import { notFoundReply } from '../http/reply.js';
import type { Dispatcher } from '../http/router.js';
import { mayHaveBody, pathOf, plainBody, plainRequest, writeReply, type NodeRequest } from './node-message.js';

/** A request handler that serves equally under Express and under `http.createServer`. */
export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * Serves the endpoints.
 *
 * What is none of ours goes to `next`, or is answered with 404 where there is none. Mounted below a path, the full
 * path counts, as the issuer says it, and else the rest behind the mount.
 */
export function nodeHandler(server: Dispatcher, newRequestId: () => string, log: Log): NodeHandler {
  let warned = false;
  return (request: NodeRequest, response, next) => {
    if (request.baseUrl && !warned) {
      warned = true;
      log({
        level: 'warn',
        event: 'mounted below a path',
        description:
          'Clients look for /.well-known/… at the root of the host, which does not reach a router that is mounted below a path. Mount it at the root: app.use(gate.createRouter()).',
      });
    }
    const { url: rest = '/', originalUrl: full = rest, method = 'GET' } = request;
    const isFull = server.serves(pathOf(full), method);
    // What is behind a mount is not at the root of the host, where aliases are.
    const url = isFull ? full : server.serves(pathOf(rest)) ? rest : undefined;
    if (url === undefined) {
      if (next) next();
      else writeReply(request, response, notFoundReply);
      return;
    }
    respond(request, response, url, newRequestId(), (plain) => server.dispatch(plain));
  };
}

/** Serves one endpoint at whatever path an application has mounted it. */
export function doorHandler(
  answer: (request: HttpRequest) => Promise<HttpReply>,
  newRequestId: () => string,
): NodeHandler {
  return (request: NodeRequest, response) => {
    respond(request, response, request.originalUrl ?? request.url ?? '/', newRequestId(), answer);
  };
}

function respond(
  request: NodeRequest,
  response: ServerResponse,
  url: string,
  requestId: string,
  answer: (request: HttpRequest) => Promise<HttpReply>,
): void {
  // A client that is gone hears no answer, and has no address any more that its request could count for.
  if (request.socket.destroyed) return;
  respondTo(request, response, plainRequest(request, requestId, url), answer)
    // Only a connection that broke off gets here: endpoints answer their own faults.
    .catch(() => response.destroy());
}

async function respondTo(
  request: NodeRequest,
  response: ServerResponse,
  bare: HttpRequest,
  answer: (request: HttpRequest) => Promise<HttpReply>,
): Promise<void> {
  const plain = mayHaveBody(request) ? { ...bare, body: await plainBody(request) } : bare;
  const reply = await answer(plain);
  // Something else has answered, such as a time limit of the application.
  if (response.headersSent) return;
  // An application's own CORS middleware must not open what a person looks at, nor add credentials to the rest.
  response.removeHeader('access-control-allow-origin');
  response.removeHeader('access-control-allow-credentials');
  writeReply(request, response, reply);
}
