import { openingHeaders } from '../http/cors.js';
import type { AuthInfo } from '../resource/auth-info.js';
import type { BearerGate } from '../resource/bearer-gate.js';
import { rememberAuth } from '../resource/get-auth.js';
import type { FetchHandler } from './fetch-handler.js';
import { plainRequest, responseOf } from './web-message.js';

/** What a handler behind a gate is told of a request. */
export interface BearerContext {
  /** What the verified token says. */
  readonly auth: AuthInfo;
}

/** Answers the requests that a gate lets through. */
export type GuardedHandler = (request: Request, context: BearerContext) => Response | Promise<Response>;

/** Puts a bearer gate before a web-standard handler. */
export function bearerHandler(gate: BearerGate, newRequestId: () => string, handler: GuardedHandler): FetchHandler {
  return async (request) => {
    const outcome = await gate(plainRequest(request, newRequestId()));
    if ('reply' in outcome) return responseOf(request, outcome.reply);
    const { auth } = outcome;
    rememberAuth(request, auth);
    return withOpening(await handler(request, { auth }));
  };
}

/** A copy, since the headers of an answer that was fetched cannot be changed. */
function withOpening(answer: Response): Response {
  const opening = Object.entries(openingHeaders((name) => answer.headers.has(name)));
  if (opening.length === 0) return answer;
  const headers = new Headers(answer.headers);
  for (const [name, value] of opening) headers.set(name, value);
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}
