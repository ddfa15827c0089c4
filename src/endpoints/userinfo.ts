import type { ReadAccessToken } from '../grants/access-token-reader.js';
import type { Grant, Identity } from '../grants/grant.js';
import type { RequireStanding } from '../grants/token-standing.js';
import { bearerTokenOf } from '../http/bearer.js';
import { errorReply, jsonReply } from '../http/reply.js';
import type { Endpoint } from '../http/router.js';
import { AuthError } from '../protocol/auth-error.js';
import { bearerChallenge } from '../protocol/challenge.js';
import { parseScope } from '../protocol/scope.js';
import { profileFor } from '../protocol/user-profile.js';

/** Without it a token lets nobody know who its user is. */
const requiredScope = 'openid';

/**
 * `GET` or `POST /oauth/userinfo` (OpenID Connect Core §5.3): tells who the user of an access token is, as of the sign-in.
 *
 * The token comes in the header only: in a URL it would stay in logs, and MCP forbids that.
 */
export function userinfoEndpoint(
  read: ReadAccessToken,
  requireStanding: RequireStanding,
  openIdentity: (grant: Grant) => Identity,
): Endpoint {
  return {
    methods: ['GET', 'POST'],
    cors: true, // OpenID Connect Core §5.3

    async handle(request) {
      const token = bearerTokenOf(request);
      if (token === undefined) throw new AuthError('invalid_token', 'Authentication is required.');
      const claims = await read(token);
      const grant = await requireStanding(claims);
      const scopes = parseScope(claims.scope);
      // A client that acts for itself has no user, and no scope will give it one.
      if (!grant || !scopes.includes(requiredScope)) {
        throw new AuthError('insufficient_scope', 'The access token does not let anybody know its user.');
      }
      const { sub, profile = {} } = identityOf(grant, openIdentity);
      return jsonReply(200, { sub, ...profileFor(scopes, profile) });
    },

    render(error, request) {
      if (error.status !== 401 && error.status !== 403) return errorReply(error);
      const hadToken = bearerTokenOf(request) !== undefined;
      const challenge = bearerChallenge({
        // RFC 6750 §3.1: a request without credentials is told no error.
        ...(hadToken && { error: error.code, error_description: error.message }),
        scope: requiredScope,
      });
      return errorReply(error, { 'www-authenticate': challenge });
    },
  };
}

/** Once the secret that sealed it is off the ring, nobody knows the user of the token any more. */
function identityOf(grant: Grant, openIdentity: (grant: Grant) => Identity): Identity {
  try {
    return openIdentity(grant);
  } catch (cause) {
    throw new AuthError('invalid_token', 'The access token is invalid, expired or revoked.', { cause });
  }
}
