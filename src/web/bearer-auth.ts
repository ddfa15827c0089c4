import { openingHeaders } from '../http/cors.js';
import type { HttpBody, HttpReply } from '../http/message.js';
import type { AuthInfo } from '../resource/auth-info.js';
import type { Gate, Passage } from '../resource/bearer-gate.js';
import { rememberAuth } from '../resource/get-auth.js';
import type { FetchHandler } from './fetch-handler.js';
import { plainBody, plainRequest, responseOf } from './web-message.js';

/** What a handler behind a gate is told of a request. */
export interface BearerContext {
  /** What the verified token says. */
  readonly auth: AuthInfo;
}

/** Answers the requests that a gate lets through. */
export type GuardedHandler = (request: Request, context: BearerContext) => Response | Promise<Response>;

/** What a handler is told behind a gate that knows tools. */
export interface ToolsContext {
  /** What the verified token says; undefined where somebody without one does what needs none. */
  readonly auth: AuthInfo | undefined;
  /** What the body of a POST says. It can still be read from the request, too. */
  readonly body?: unknown;
}

/** Answers the requests that a gate lets through which knows tools. */
export type ToolsHandler = (request: Request, context: ToolsContext) => Response | Promise<Response>;

/** Puts a gate before a web-standard handler. */
export function bearerHandler<C extends Passage>(
  gate: (...request: Parameters<Gate>) => Promise<C | { readonly reply: HttpReply }>,
  newRequestId: () => string,
  handler: (request: Request, context: C) => Response | Promise<Response>,
): FetchHandler {
  return async (request) => {
    const outcome = await gate(plainRequest(request, newRequestId()), (limit) => copyOfBody(request, limit));
    if ('reply' in outcome) return responseOf(request, outcome.reply);
    rememberAuth(request, outcome.auth);
    return withOpening(await handler(request, outcome));
  };
}

/** Reads the body of a copy, so that the handler gets the framework's own request, with a body that it can read. */
async function copyOfBody(request: Request, limit: number): Promise<HttpBody> {
  try {
    return await plainBody(request.clone(), limit);
  } catch {
    // Somebody has read it, who left nothing of it.
    return { kind: 'unreadable' };
  }
}

/** A copy, since the headers of an answer that was fetched cannot be changed. */
function withOpening(answer: Response): Response {
  const opening = openingHeaders((name) => answer.headers.has(name));
  if (opening.length === 0) return answer;
  const headers = new Headers(answer.headers);
  for (const [name, value] of opening) headers.set(name, value);
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}
