import { bearerTokenOf } from '../http/bearer.js';
import type { HttpReply, HttpRequest } from '../http/message.js';
import { preflightReply, withCors } from '../http/cors.js';
import { logRefusal, type Log } from '../http/log.js';
import { errorReply } from '../http/reply.js';
import { AuthError, toAuthError } from '../protocol/auth-error.js';
import { bearerChallenge } from '../protocol/challenge.js';
import { formatScope, isSubset, withImplied, type ImpliedScopes } from '../protocol/scope.js';
import { resourceMetadataUrl } from '../protocol/server-metadata.js';
import type { AuthInfo } from './auth-info.js';
import type { VerifyAccessToken } from './verify-access-token.js';

/** What stands before a protected resource. */
export interface ProtectedResource {
  /** Its canonical URL: the audience that tokens must have. */
  readonly url: string;
  /** What a client without a token is told to ask for. */
  readonly challengeScopes: readonly string[];
  /** What every request must have been granted. */
  readonly requiredScopes: readonly string[];
  readonly implied: ImpliedScopes;
}

/** Lets a request through with who sent it, or answers it. */
export type BearerGate = (
  request: Pick<HttpRequest, 'id' | 'method' | 'headers' | 'path'>,
) => Promise<{ readonly auth: AuthInfo } | { readonly reply: HttpReply }>;

/** Guards a protected resource (RFC 6750, MCP authorization). */
export function createBearerGate(resource: ProtectedResource, verify: VerifyAccessToken, log: Log): BearerGate {
  const methods = ['GET', 'POST', 'DELETE'];
  return async (request) => {
    // A preflight carries no token, whatever the resource (Fetch §4.8).
    if (request.method === 'OPTIONS') return { reply: preflightReply(methods) };
    const token = bearerTokenOf(request);
    try {
      if (token === undefined) throw new AuthError('invalid_token', 'Authentication is required.');
      const verified = await verify(token, resource.url);
      // MCP authorization, scope challenge handling: a broad scope includes the narrow ones, for tools as well.
      const auth = { ...verified, scopes: [...withImplied(verified.scopes, resource.implied)] };
      if (isSubset(resource.requiredScopes, auth.scopes)) return { auth };
      throw new AuthError('insufficient_scope', 'The access token does not have the scope that this needs.');
    } catch (thrown) {
      const error = toAuthError(thrown);
      logRefusal(log, 'access refused', request, error);
      return { reply: refusal(error, resource, token !== undefined) };
    }
  };
}

function refusal(error: AuthError, resource: ProtectedResource, hadToken: boolean): HttpReply {
  if (error.status !== 401 && error.status !== 403) return withCors(errorReply(error));
  const scopes = error.status === 403 ? resource.requiredScopes : resource.challengeScopes;
  const challenge = bearerChallenge({
    // RFC 6750 §3.1: a request without credentials is told no error.
    ...(hadToken && { error: error.code, error_description: error.message }),
    scope: formatScope(scopes),
    resource_metadata: resourceMetadataUrl(resource.url), // RFC 9728 §5.1
  });
  return withCors(errorReply(error, { 'www-authenticate': challenge }));
}
