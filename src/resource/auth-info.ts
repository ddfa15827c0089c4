import { mappedClaims, type ProvenClaims } from '../protocol/access-token-claims.js';
import { parseScope } from '../protocol/scope.js';

/**
 * What a verified access token says, in the shape that tool code of both MCP SDK lines receives
 * (`extra.authInfo`, `ctx.http.authInfo`).
 */
export interface AuthInfo {
  /** The token itself. Never pass it on to another server. */
  token: string;
  clientId: string;
  scopes: string[];
  /** Epoch seconds. */
  expiresAt: number;
  /** The resource that the token is for. */
  resource: URL;
  extra: AuthExtra;
}

/** Who the user is, and what the `tokenMapper` said of them; or, without a user, the client that acts for itself. */
export interface AuthExtra {
  /** The user's subject in our tokens; the client's id where there is no user. */
  sub: string;
  /** The id of the provider at which the user signed in; absent where there is no user. */
  provider?: string;
  /** The grant that the token lives and dies with; absent where there is no user. */
  grantId?: string;
  /** The claims that the `tokenMapper` returned. */
  claims: Record<string, unknown>;
  [name: string]: unknown;
}

/** Made anew for each request: what a handler does to it must not reach the next one. */
export function authInfoOf(token: string, claims: ProvenClaims): AuthInfo {
  const { sub, client_id, scope, exp, aud, grant_id, idp } = claims;
  const extra: AuthExtra = { sub, claims: mappedClaims(claims) };
  if (idp !== undefined) extra.provider = idp;
  if (grant_id !== undefined) extra.grantId = grant_id;
  return {
    token,
    clientId: client_id,
    scopes: parseScope(scope),
    expiresAt: exp,
    resource: new URL(aud),
    extra,
  };
}
