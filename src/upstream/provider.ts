/** The members of a JSON document of the provider's: hostile input, until somebody has looked. */
export type Claims = Readonly<Record<string, unknown>>;

/** What a token endpoint answered (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3). Never leaves the server. */
export interface UpstreamTokens {
  readonly access_token: string;
  readonly token_type: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  /** Absent when the provider did not say; that is neither 0 nor an hour. */
  readonly expires_in?: number;
  readonly scope?: string;
}

/** Who signed in, in the names of OpenID Connect Core §5.1, whatever the provider calls them. */
export interface UserInfo {
  /** The user's name at this issuer: the only member that identifies anybody. */
  readonly sub: string;
  readonly email?: string;
  /** True only when the provider said so of this very address. */
  readonly email_verified: boolean;
  readonly name?: string;
  readonly preferred_username?: string;
  readonly picture?: string;
  readonly locale?: string;
  /** Everything that the provider said, as it said it: unchecked. */
  readonly raw: Claims;
}

/** What is known of the user when the provider's question is asked; signature, nonce and subject are verified. */
export interface IdentityEvidence {
  readonly tokens: UpstreamTokens;
  /** The claims of the ID token. */
  readonly idToken: Claims;
  /** The answer of the userinfo endpoint; empty where there is no such endpoint. */
  readonly profile: Claims;
}

/** An identity provider: data, and one question. */
export interface UpstreamProvider {
  /** The short name of this provider within the installation: lower-case, stable. */
  readonly id: string;
  /** What users read on the button. */
  readonly name: string;
  /** The issuer identifier exactly as the provider publishes it, with or without a slash at the end. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** `offline_access` is left out of requests to a provider whose discovery document does not list it. */
  readonly scopes: readonly string[];
  /** @defaultValue `client_secret_basic` */
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post';
  /** More parameters of the authorization request; those of the protocol itself cannot be replaced. */
  readonly authorizationParameters?: Readonly<Record<string, string>>;
  /**
   * Answers who the user is, in the names of OpenID Connect Core §5.1.
   *
   * The answer is checked and bounded like anything that comes from outside; an `AuthError` refuses the user.
   *
   * @defaultValue the claims of the userinfo endpoint over those of the ID token
   */
  readonly identify?: (evidence: IdentityEvidence) => Claims | Promise<Claims>;
}
