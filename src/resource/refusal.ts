import type { HttpReply } from '../http/message.js';
import { withCors } from '../http/cors.js';
import { errorReply } from '../http/reply.js';
import type { AuthError } from '../protocol/auth-error.js';
import { bearerChallenge } from '../protocol/challenge.js';
import { formatScope } from '../protocol/scope.js';
import { resourceMetadataUrl } from '../protocol/server-metadata.js';

/** What a challenge tells a client. */
export interface Challenge {
  readonly error: AuthError;
  /** Whether the error is named. */
  readonly named: boolean;
  /** All scopes of the operation. */
  readonly scopes: readonly string[];
  /** The URL of the protected resource; unknown where nobody is there to say it. */
  readonly resource: string | undefined;
}

/** Writes the challenge that goes with a refusal (RFC 6750 §3, RFC 9728 §5.1, MCP authorization). */
export function challengeOf({ error, named, scopes, resource }: Challenge): string {
  return bearerChallenge({
    ...(named && { error: error.code, error_description: error.message }),
    scope: formatScope(scopes),
    ...(resource !== undefined && { resource_metadata: resourceMetadataUrl(resource) }),
  });
}

/** Refuses a request in the words of HTTP; with a challenge, where a client can do something about it. */
export function refusal(error: AuthError, resource: string, scopes: readonly string[], hadToken: boolean): HttpReply {
  if (error.code !== 'invalid_token' && error.code !== 'insufficient_scope') return withCors(errorReply(error));
  // RFC 6750 §3.1: a request without credentials is told no error.
  const challenge = challengeOf({ error, named: hadToken, scopes, resource });
  return withCors(errorReply(error, { 'www-authenticate': challenge }));
}
