import type { IncomingMessage, ServerResponse } from 'node:http';
import { openingHeaders, withCors, withoutSaid } from '../http/cors.js';
import type { HttpReply } from '../http/message.js';
import { errorReply } from '../http/reply.js';
import { toAuthError } from '../protocol/auth-error.js';
import type { AuthInfo } from '../resource/auth-info.js';
import type { Gate } from '../resource/bearer-gate.js';
import { rememberAuth } from '../resource/get-auth.js';
import { isBodyTaken, plainBody, plainRequest, writeReply, type NodeRequest } from './node-message.js';

/** A request that a bearer gate has let through: `(request as AuthenticatedRequest).auth`. */
export interface AuthenticatedRequest {
  readonly auth: AuthInfo;
}

/** Express middleware that lets only requests with a good access token through. */
export type BearerMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

type GuardedRequest = NodeRequest & { auth?: AuthInfo | undefined; body?: unknown; _body?: boolean };

/** Puts a gate before a handler. What the token says is in `req.auth`, where both MCP SDK lines look for it. */
export function bearerMiddleware(gate: Gate, newRequestId: () => string): BearerMiddleware {
  return (request: GuardedRequest, response, next) => {
    const isSaid = (name: string) => response.hasHeader(name);
    const wasTaken = isBodyTaken(request);
    const readBody = (limit: number) => plainBody(request, limit).catch(() => ({ kind: 'unreadable' as const }));
    const plain = plainRequest(request, newRequestId(), request.originalUrl ?? request.url ?? '/');
    const judged = gate(plain, readBody).catch(closed);
    void judged.then((outcome) => {
      // Something else has answered, such as a time limit of the application.
      if (response.headersSent) return;
      if ('reply' in outcome) {
        writeReply(request, response, withoutSaid(outcome.reply, isSaid));
        return;
      }
      request.auth = outcome.auth;
      rememberAuth(request, outcome.auth);
      if (!wasTaken && isBodyTaken(request)) takeOver(request, outcome.body);
      for (const [name, value] of openingHeaders(isSaid)) response.setHeader(name, value);
      next();
    });
  };
}

/** A gate that breaks, as by a log that throws, stays closed: under `node:http`, `next` may be a handler that looks at no error. */
function closed(thrown: unknown): { readonly reply: HttpReply } {
  return { reply: withCors(errorReply(toAuthError(thrown))) };
}

/** Leaves the body for those that come later; the parser of Express 4 would wait for it, but for the mark of its kind. */
function takeOver(request: GuardedRequest, body: unknown): void {
  request.body = body;
  request._body = true;
}
