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
