/** An MCP server that tokens are issued for. */
export interface ResourceOptions {
  /** Its URL, as users enter it into their clients. */
  url: string;
  /** What people call it. */
  name?: string | undefined;
  /** Where developers read about it. */
  documentation?: string | undefined;
  /**
   * Its scopes, each with what it allows, in words for a person, and perhaps the narrower scopes that it includes.
   *
   * @defaultValue none
   */
  scopes?: Record<string, string | ScopeOptions> | undefined;
  /** What a client gets that asks for nothing; tools that need more ask for it. @defaultValue all scopes */
  defaultScopes?: string[] | undefined;
  /** How long an access token for it lives. @defaultValue the server's `accessTokenTtl` */
  accessTokenTtl?: number | undefined;
  /** Who may ask what its access tokens are worth (RFC 7662). @defaultValue nobody */
  introspection?: IntrospectionOptions | undefined;
}

/** How a resource server that runs elsewhere proves that it is the one to ask about the tokens of its resource. */
export interface IntrospectionOptions {
  /**
   * Keys of its own, each of at least 32 random characters, or `sha256:` and the SHA-256 of such a key in hex. Several
   * count at once, so that one can be replaced by another.
   */
  keys?: string[] | undefined;
  /** The ids of clients of the configuration that have a secret or keys. */
  clients?: string[] | undefined;
}

/** What one scope means. */
export interface ScopeOptions {
  /** What it allows, in words for a person. */
  description: string;
  /** Other scopes of the resource that whoever has this one has too. @defaultValue none */
  implies?: string[] | undefined;
}

/** A client that is known beforehand. What proves that it is the client is one of the secrets or keys, or nothing. */
export interface ClientOptions {
  /** Its id: up to 200 letters, digits, or any of `. _ ~ -`. */
  clientId: string;
  /** What people call it; shown on the consent page. */
  name: string;
  /** Its secret, of at least 32 random characters, of its own. */
  clientSecret?: string | undefined;
  /**
   * In place of the secret its SHA-256 in hex: `printf %s "$SECRET" | openssl dgst -sha256 -r | cut -c1-64`. Several count
   * at once, so that one can be replaced by another.
   */
  clientSecretHash?: string | string[] | undefined;
  /** Its public keys (JWK set), for `private_key_jwt`. */
  jwks?: { keys: Record<string, unknown>[] } | undefined;
  /** In place of the keys the https URL where it publishes them. */
  jwksUri?: string | undefined;
  /**
   * The one way in which it authenticates.
   *
   * @defaultValue `client_secret_basic` with a secret, `private_key_jwt` with keys, `none` with nothing
   */
  authenticationMethod?: 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | undefined;
  /** Where its users come back to. @defaultValue none: the client acts for itself */
  redirectUris?: string[] | undefined;
  /** @defaultValue `authorization_code` and `refresh_token` with redirect URIs, `client_credentials` without */
  grantTypes?: ('authorization_code' | 'refresh_token' | 'client_credentials')[] | undefined;
  /** The scopes that it may ask for, `openid`, `profile` and `email` among them. @defaultValue all */
  scopes?: string[] | undefined;
  /** The URLs of the resources that it may ask for; the first one is its default. @defaultValue all */
  resources?: string[] | undefined;
  /**
   * `skip` sends its users to the provider without asking them: only for an application of your own, on https, with
   * one provider.
   *
   * @defaultValue ask
   */
  consent?: 'ask' | 'skip' | undefined;
}
