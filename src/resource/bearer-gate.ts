import { bearerTokenOf } from '../http/bearer.js';
import type { HttpBody, HttpReply, HttpRequest } from '../http/message.js';
import { preflightReply } from '../http/cors.js';
import { logRefusal, type Log } from '../telemetry/log.js';
import { AuthError, toAuthError } from '../protocol/auth-error.js';
import { isSubset } from '../protocol/scope.js';
import type { AuthInfo } from './auth-info.js';
import { refusal } from './refusal.js';
import { createAuthenticate, type VerifiedResource, type VerifyAccessToken } from './verify-access-token.js';

/** What stands before a protected resource. */
export interface ProtectedResource extends VerifiedResource {
  /** What a client without a token is told to ask for. */
  readonly challengeScopes: readonly string[];
  /** What every request must have been granted. */
  readonly requiredScopes: readonly string[];
}

/** A request as a gate sees it. */
export type GateRequest = Pick<HttpRequest, 'id' | 'method' | 'headers' | 'path'>;

/** A request that was let through. */
export interface Passage {
  /** Who sent it; absent where nobody had to say so. */
  readonly auth: AuthInfo | undefined;
  /** What its body says, where the gate had to know. */
  readonly body?: unknown;
}

/**
 * Lets a request through, or answers it.
 *
 * @param readBody - reads the body, at most once, and up to so many bytes; what cannot be read is said, and never thrown
 */
export type Gate = (
  request: GateRequest,
  readBody: (limit: number) => Promise<HttpBody>,
) => Promise<Passage | { readonly reply: HttpReply }>;

/** Lets a request through with who sent it, or answers it; whatever its body says. */
export type BearerGate = (request: GateRequest) => Promise<{ readonly auth: AuthInfo } | { readonly reply: HttpReply }>;

/** What a browser may ask to send to an MCP server. */
const methods = ['GET', 'POST', 'DELETE'];

/**
 * Makes a gate of what lets requests through, by their tokens: preflights are answered before it, and what it throws is
 * told to the client as a refusal, and to the operator with its reason.
 */
export function createGate<Rest extends unknown[], Outcome>(
  resource: ProtectedResource,
  log: Log,
  admit: (request: GateRequest, token: string | undefined, ...rest: Rest) => Promise<Outcome>,
): (request: GateRequest, ...rest: Rest) => Promise<Outcome | { readonly reply: HttpReply }> {
  return async (request, ...rest) => {
    // A preflight carries no token, whatever the resource (Fetch §4.8).
    if (request.method === 'OPTIONS') return { reply: preflightReply(methods) };
    const token = bearerTokenOf(request);
    try {
      return await admit(request, token, ...rest);
    } catch (thrown) {
      const error = toAuthError(thrown);
      logRefusal(log, 'access refused', request, error);
      const scopes = error.code === 'insufficient_scope' ? resource.requiredScopes : resource.challengeScopes;
      return { reply: refusal(error, resource.url, scopes, token !== undefined) };
    }
  };
}

/** Guards a protected resource (RFC 6750, MCP authorization). */
export function createBearerGate(resource: ProtectedResource, verify: VerifyAccessToken, log: Log): BearerGate {
  const authenticate = createAuthenticate(resource, verify);
  return createGate(resource, log, async (_request, token) => {
    if (token === undefined) throw authenticationRequired();
    const auth = await authenticate(token);
    if (isSubset(resource.requiredScopes, auth.scopes)) return { auth };
    throw scopeMissing();
  });
}

/** What a request without a token is told. */
export function authenticationRequired(): AuthError {
  return new AuthError('invalid_token', 'Authentication is required.');
}

/** What a request is told whose token is good, and not enough. */
export function scopeMissing(): AuthError {
  return new AuthError('insufficient_scope', 'The access token does not have the scope that this needs.');
}
