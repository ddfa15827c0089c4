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
  /** The organisations, tenants, workspaces or domains of the user; absent when unknown, which is not none. */
  readonly organizations?: readonly string[];
  /** The groups of the user; absent when unknown, which is not none. */
  readonly groups?: readonly string[];
  /** Everything that the provider said, as it said it: unchecked. */
  readonly raw: Claims;
}

/** What is known of the user when the provider's question is asked; signature, nonce and subject are verified. */
export interface IdentityEvidence {
  readonly tokens: UpstreamTokens;
  /** The claims of the ID token; empty where the provider issues none. */
  readonly idToken: Claims;
  /** The answer of the userinfo endpoint; empty where there is no such endpoint. */
  readonly profile: Claims;
  /**
   * Asks the provider something more in the user's name: a GET with the access token, JSON back, bounded like every
   * other request. Only the issuer's and the endpoints' own origins are asked; nobody else is shown the token.
   *
   * @throws {AuthError} when there is no good answer; `optional` makes a refusal (401, 403, 404) an absent answer
   */
  readonly ask: (url: string, options?: AskOptions) => Promise<unknown>;
  /** The scopes that the provider granted, or, where it did not say, those that were asked for. */
  readonly scopes: readonly string[];
  /** What the rules of access name: for a provider whose lists leave something out, to be asked about one by one. */
  readonly sought: SoughtNames;
}

/** A provider as rules and mappers see it: no secrets. */
export interface ProviderSummary {
  readonly id: string;
  readonly name: string;
}

/** The organizations and groups that rules of access name. */
export interface SoughtNames {
  readonly organizations: readonly string[];
  readonly groups: readonly string[];
}

/** How a provider is asked something. */
export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether a refusal is an answer too: what cannot be known is then unknown. @defaultValue false */
  readonly optional?: boolean;
  /** Follows `Link: rel="next"` on the same host, and joins the lists; so many pages at the most. @defaultValue 1 */
  readonly pages?: number;
  /** Sent as JSON, with a POST in place of the GET. */
  readonly body?: object;
}

/** Where a provider's endpoints are, for one that publishes no discovery document, or a wrong one. */
export interface UpstreamEndpoints {
  readonly authorization: string;
  readonly token: string;
  readonly userInfo?: string;
  readonly revocation?: string;
}

/** How tokens are revoked, and how far that reaches. */
export interface UpstreamRevocation {
  /**
   * RFC 7009, with the refresh token where there is one; GitHub's `DELETE` of a token in JSON, by the client; or a `POST`
   * with the access token as the bearer (Slack).
   *
   * @defaultValue `rfc7009`
   */
  readonly style?: 'rfc7009' | 'delete-by-client' | 'bearer';
  /**
   * Whether revoking one token ends everything that the user approved for this application: it is then left until the
   * user's last grant here ends.
   *
   * @defaultValue false
   */
  readonly reachesAll?: boolean;
  /** Whether the client proves itself in a request of RFC 7009; Google wants the token only. @defaultValue true */
  readonly authenticates?: boolean;
  /** Whether there has to be a refresh token: of some providers access tokens cannot be revoked. @defaultValue false */
  readonly refreshTokensOnly?: boolean;
}

/** What is peculiar about the requests that refresh tokens. */
export interface UpstreamRefresh {
  /** Whether the redirect URI is sent once more (GitLab). @defaultValue false */
  readonly sendsRedirectUri?: boolean;
  /** What the provider calls the errors of RFC 6749 there, beside `errorCodes`; only `invalid_grant` ends a session. */
  readonly errorCodes?: Readonly<Record<string, string>>;
}

/** An identity provider: data, and one question. */
export interface UpstreamProvider {
  /** The short name of this provider within the installation: lower-case, stable. */
  readonly id: string;
  /** What users read on the button. */
  readonly name: string;
  /**
   * The namespace of the provider's subjects; for OpenID Connect the issuer identifier exactly as the provider
   * publishes it, with or without a slash at the end.
   */
  readonly issuer: string;
  /** OpenID Connect with discovery at `issuer`, or plain OAuth 2.0 with `endpoints`. @defaultValue `oidc` */
  readonly protocol?: 'oidc' | 'oauth2';
  /** For plain OAuth 2.0 all of them; for OpenID Connect those that replace what discovery says. */
  readonly endpoints?: Partial<UpstreamEndpoints>;
  readonly clientId: string;
  readonly clientSecret: string;
  /** `offline_access` is left out of requests to a provider whose discovery document does not list it. */
  readonly scopes: readonly string[];
  /** @defaultValue `client_secret_basic` */
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post';
  /** Whether PKCE takes part; it does no harm at most providers that do not know it. @defaultValue true */
  readonly pkce?: boolean;
  /** Whether the ID token repeats the nonce, as it must; LinkedIn's does not. @defaultValue true */
  readonly echoesNonce?: boolean;
  /** The `iss` of callbacks where it is not `issuer`; checked when there is one. */
  readonly callbackIssuer?: string;
  /** Other values that the `iss` of ID tokens may have. */
  readonly otherTokenIssuers?: readonly string[];
  /**
   * For an issuer that stands for many tenants (Entra): the issuer that an ID token must have, and its key as well,
   * worked out from its claims. An `AuthError` refuses the user.
   */
  readonly issuerOfTenant?: (claims: Claims, published: string) => string;
  /** The algorithms of ID tokens, where the central list is too long. */
  readonly idTokenAlgorithms?: readonly string[];
  /** What the provider calls the errors of RFC 6749: its own codes to those. */
  readonly errorCodes?: Readonly<Record<string, string>>;
  /** More parameters of the authorization request; those of the protocol itself cannot be replaced. */
  readonly authorizationParameters?: Readonly<Record<string, string>>;
  /** More parameters of the request that redeems a code; those of the protocol itself cannot be replaced. */
  readonly tokenParameters?: Readonly<Record<string, string>> | undefined;
  /** More headers of requests to the token and userinfo endpoints, and of what `identify` asks. */
  readonly headers?: Readonly<Record<string, string>>;
  /** False where callbacks do not name the issuer (RFC 9207), so that no other provider can share the redirect URI. */
  readonly sendsCallbackIssuer?: false;
  /** How tokens are revoked where `endpoints.revocation` or the discovery document says so. */
  readonly revocation?: UpstreamRevocation;
  /** What is peculiar about refreshing tokens. */
  readonly refresh?: UpstreamRefresh;
  /** What the provider calls scopes in its answers: its names to those that are asked for. */
  readonly scopeAliases?: Readonly<Record<string, string>>;
  /** False where the answer's scopes are not those that were asked for (Entra). @defaultValue true */
  readonly reportsScopes?: false;
  /** The scopes without which organizations or groups are not known; asked for where a rule of access needs them. */
  readonly scopesFor?: Partial<SoughtNames>;
  /** What the provider can say of a user; a rule of access on anything else does not start. @defaultValue both */
  readonly knows?: readonly (keyof SoughtNames)[];
  /** Whether two names of organizations or groups that differ in case only are the same. @defaultValue false */
  readonly ignoresCase?: boolean;
  /**
   * Who stands behind a verified address: the provider; the user's organization (Slack's workspace owners), so that a
   * rule on addresses has to name organizations too; or nobody.
   *
   * @defaultValue `provider`
   */
  readonly emailAuthority?: 'provider' | 'organization' | 'nobody';
  /** Whether a verified address makes its owner a member of the domain. @defaultValue always */
  readonly isOfDomain?: (user: UserInfo, domain: string) => boolean;
  /** Whether the userinfo endpoint is asked, if there is one. @defaultValue true */
  readonly readsUserInfo?: boolean;
  /** What is wrong with the settings, a sentence for each, which says what to do; with any the server does not start. */
  readonly faults?: readonly string[];
  /**
   * Answers who the user is, in the names of OpenID Connect Core §5.1, and `organizations` and `groups`, which are
   * absent when they are unknown and empty when there are none.
   *
   * The answer is checked and bounded like anything that comes from outside; an `AuthError` refuses the user.
   *
   * @defaultValue the claims of the userinfo endpoint over those of the ID token
   */
  readonly identify?: (evidence: IdentityEvidence) => Claims | Promise<Claims>;
}
