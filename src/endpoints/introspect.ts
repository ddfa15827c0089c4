import type { AuthenticateResourceServer } from '../clients/authenticate-resource-server.js';
import type { ReadAccessToken } from '../grants/access-token-reader.js';
import { mappedClaims, type AccessTokenClaims } from '../protocol/access-token-claims.js';
import type { RequireStanding } from '../grants/token-standing.js';
import type { NoteUse } from '../grants/token-uses.js';
import { readForm } from '../http/body.js';
import type { RateLimits } from '../http/rate-limits.js';
import { bearerTokenOf } from '../http/bearer.js';
import { errorReply, jsonReply } from '../http/reply.js';
import type { Endpoint } from '../http/router.js';
import { AuthError } from '../protocol/auth-error.js';
import { bearerChallenge } from '../protocol/challenge.js';
import { formatScope, parseScope, withImplied, type ImpliedScopes } from '../protocol/scope.js';

/** What has to be known of a resource to tell it what its tokens allow. */
interface IntrospectedResource {
  readonly implied: ImpliedScopes;
}

/**
 * `POST /oauth/introspect` (RFC 7662 §2): tells a resource server what a token is worth, at this moment.
 *
 * For everything that is no good access token for that very resource the answer is the same, and tells nothing
 * (RFC 7662 §2.2, §4). Not for scripts in browsers, which could not keep a key.
 */
export function introspectEndpoint(
  authenticate: AuthenticateResourceServer,
  read: ReadAccessToken,
  requireStanding: RequireStanding,
  noteUse: NoteUse,
  resources: ReadonlyMap<string, IntrospectedResource>,
  limits: RateLimits,
): Endpoint {
  async function describe(token: string, audiences: readonly string[]): Promise<object> {
    const claims = await read(token);
    const resource = audiences.includes(claims.aud) ? resources.get(claims.aud) : undefined;
    if (!resource) throw new AuthError('invalid_token', 'The token is for another resource.');
    const grant = await requireStanding(claims);
    if (grant) noteUse(grant);
    return activeAnswer(claims, resource);
  }

  return {
    methods: ['POST'],
    cors: false,
    limit: 'introspection',

    async handle(request) {
      const form = readForm(request);
      const audiences = await authenticate(request, form);
      // A resource server may ask from many addresses; it is what it speaks for.
      await limits.byResource('introspection', audiences, request);
      const token = form.require('token');
      return jsonReply(200, await describe(token, audiences).catch(inactiveAnswer));
    },

    render(error, request) {
      if (error.status !== 401) return errorReply(error);
      const triedKey = bearerTokenOf(request) !== undefined;
      const challenge = triedKey ? bearerChallenge({ error: error.code }) : 'Basic realm="introspection"';
      return errorReply(error, { 'www-authenticate': challenge }); // RFC 7662 §2.3
    },
  };
}

function activeAnswer(claims: AccessTokenClaims, { implied }: IntrospectedResource): object {
  const { scope, client_id, sub, aud, iss, exp, iat, jti, grant_id, idp } = claims;
  return {
    ...mappedClaims(claims),
    active: true,
    // With what broad scopes include, which only this server knows.
    scope: formatScope(withImplied(parseScope(scope), implied)),
    client_id,
    sub,
    aud,
    iss,
    exp,
    iat,
    jti,
    // As in the token: whose sign-in it lives on, and at which provider that was. Absent where there is no user.
    grant_id,
    idp,
    token_type: 'Bearer',
  };
}

/** A store that fails is no answer: a resource server that heard `false` would send its users away. */
function inactiveAnswer(thrown: unknown): object {
  if (thrown instanceof AuthError && thrown.code === 'invalid_token') return { active: false };
  throw thrown;
}
