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

/** Who the user is, and what the `tokenMapper` said of them. */
export interface AuthExtra {
  /** The user's subject in our tokens. */
  sub: string;
  /** The id of the provider at which the user signed in. */
  provider: string;
  /** The grant that the token lives and dies with. */
  grantId: string;
  /** The claims that the `tokenMapper` returned. */
  claims: Record<string, unknown>;
  [name: string]: unknown;
}
