import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuthInfo } from '../resource/auth-info.js';
import type { BearerGate } from '../resource/bearer-gate.js';
import type { HttpReply } from '../http/message.js';
import { plainRequest, writeReply, type NodeRequest } from './node-message.js';

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

/** Puts a bearer gate before a handler. What the token says is in `req.auth`, where both MCP SDK lines look for it. */
export function bearerMiddleware(gate: BearerGate, newRequestId: () => string): BearerMiddleware {
  return (request: NodeRequest & { auth?: AuthInfo }, response, next) => {
    gate(plainRequest(request, newRequestId(), request.originalUrl ?? request.url ?? '/')).then((outcome) => {
      // Something else has answered, such as a time limit of the application.
      if (response.headersSent) return;
      // Browser clients read the answers of the MCP server too, unless the application has its own mind about CORS.
      if ('reply' in outcome) {
        writeReply(request, response, withCorsOf(response, outcome.reply));
        return;
      }
      request.auth = outcome.auth;
      if (!response.hasHeader('access-control-allow-origin')) {
        response.setHeader('access-control-allow-origin', '*');
        response.setHeader('access-control-expose-headers', 'WWW-Authenticate, Mcp-Session-Id');
      }
      next();
    }, next);
  };
}

/** The reply, less what the application has said of CORS already. */
function withCorsOf(response: ServerResponse, reply: HttpReply): HttpReply {
  const isSaid = (name: string) => name.startsWith('access-control-') && response.hasHeader(name);
  return { ...reply, headers: Object.fromEntries(Object.entries(reply.headers).filter(([name]) => !isSaid(name))) };
}
