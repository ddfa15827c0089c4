import type { IncomingMessage, ServerResponse } from 'node:http';
import { openingHeaders, withoutSaid } from '../http/cors.js';
import type { AuthInfo } from '../resource/auth-info.js';
import type { BearerGate } from '../resource/bearer-gate.js';
import { rememberAuth } from '../resource/get-auth.js';
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
    const isSaid = (name: string) => response.hasHeader(name);
    gate(plainRequest(request, newRequestId(), request.originalUrl ?? request.url ?? '/')).then((outcome) => {
      // Something else has answered, such as a time limit of the application.
      if (response.headersSent) return;
      if ('reply' in outcome) {
        writeReply(request, response, withoutSaid(outcome.reply, isSaid));
        return;
      }
      request.auth = outcome.auth;
      rememberAuth(request, outcome.auth);
      for (const [name, value] of Object.entries(openingHeaders(isSaid))) response.setHeader(name, value);
      next();
    }, next);
  };
}
