import type { ClientOptions, ResourceOptions } from './party-options.js';
import type { ChooseProvider } from './flow/offer-providers.js';
import type { RenderConsent } from './flow/present-consent.js';
import type { TokenMapper } from './flow/map-identity.js';
import type { AuditSink } from './audit-trail.js';
import type { Log } from './telemetry/log.js';
import type { Randomness } from './keys/randomness.js';
import type { Clock } from './storage/clock.js';
import type { CountingPlace } from './limits-config.js';
import type { Brand } from './pages/brand.js';
import type { CustomPages } from './pages/pages.js';
import type { WordChanges } from './pages/words/catalogues.js';
import type { Quota } from './storage/counter.js';
import type { Store } from './storage/store.js';
import type { AllowRule } from './upstream/allow-rule.js';
import type { AuthenticateUser } from './upstream/application.js';
import type { UpstreamProvider } from './upstream/provider.js';

/** How an authorization server is set up. Every duration is in seconds. */
export interface OAuthAuthorizationServerOptions {
  /**
   * The public URL of this server, and its name in every document and token. Plain http is for loopback only.
   *
   * It may have a path; all endpoints are below it. Changing it loses every client's registration.
   */
  issuer: string;
  /**
   * The secret that everything is derived from, of at least 32 random characters; or several: the first makes, all
   * verify. To rotate, add a new one last on every instance, then move it to the front.
   */
  secret?: string | string[] | undefined;
  /**
   * For an application that signs its users in itself: tells from its session who they are, in place of `providers`.
   * Users who are not signed in are sent to `signInUrl`.
   */
  authenticateUser?: AuthenticateUser | undefined;
  /**
   * Where users sign in to the application; then it sends them to the URL in the parameter `return_to`, which is always
   * below the issuer. @defaultValue none: users who are not signed in are told so
   */
  signInUrl?: string | undefined;
  /** The providers that users sign in with. */
  providers?: UpstreamProvider[] | undefined;
  /**
   * The MCP servers that tokens are issued for; the first one is the default.
   *
   * @defaultValue one, at `/mcp` below the issuer, without scopes
   */
  resources?: ResourceOptions[] | undefined;
  /**
   * Chooses the provider of a request, or some of several. @defaultValue the one that the client's `provider` parameter
   * names; without it, all are offered
   */
  chooseProvider?: ChooseProvider | undefined;
  /**
   * Whether several providers share one redirect URI, `/oauth/callback`. Only for providers that name themselves in
   * callbacks (RFC 9207), as Google, GitHub and Keycloak do. @defaultValue false: `/oauth/callback/<provider id>`
   */
  sharedCallback?: boolean | undefined;
  /**
   * Who may sign in: whoever fulfils one of these rules, at the sign-in and whenever the provider is asked again.
   *
   * @defaultValue everybody whom the provider signs in
   */
  allow?: AllowRule | readonly AllowRule[] | undefined;
  /** Clients that are known beforehand, and need not register. @defaultValue none */
  clients?: ClientOptions[] | undefined;
  /** Turns the upstream identity into claims of our tokens. @defaultValue only `sub`, as `provider|subject` */
  tokenMapper?: TokenMapper | undefined;
  /**
   * Where state is kept: `sqlite:PATH`, `redis://…` or `rediss://…` (needs `ioredis`), `postgres://…` (needs `pg`),
   * `memory:`, or a {@link Store}.
   *
   * @defaultValue sqlite:.gatehouse/gatehouse.sqlite
   */
  store?: string | Store | undefined;
  /** Lets a store that forgets everything at a restart run with `NODE_ENV=production`. @defaultValue false */
  allowMemoryStoreInProduction?: boolean | undefined;
  /** Whether clients may register themselves (RFC 7591). @defaultValue true */
  enableDCR?: boolean | undefined;
  /**
   * Whether `/authorize`, `/token` and `/register` are served too, where the issuer has no path: clients of 2025 fall
   * back on them; and `GET /account`, which leads to the page of the connected applications. Set it to false where the
   * application has such routes itself. @defaultValue true
   */
  rootAliases?: boolean | undefined;
  /**
   * Whether clients that ask for `openid`, `profile` or `email` may know who their user is, at `/oauth/userinfo`. The user
   * is asked. @defaultValue true
   */
  userinfo?: boolean | undefined;
  /**
   * Whether users can see at `/oauth/account` which applications hold access in their name, and end it. They sign in
   * there as everywhere, and whoever `allow` no longer lets in can still end access. @defaultValue true
   */
  account?: boolean | undefined;
  /** Whether a client may name itself by the URL of its metadata, and which may. @defaultValue all, without loopback */
  clientIdMetadataDocuments?: ClientIdMetadataDocumentOptions | false | undefined;
  /** How much one address, or one client, may ask for; `false` for as much as it likes. @defaultValue each limit its own */
  rateLimits?: RateLimitOptions | false | undefined;
  /**
   * The proxies before this server, by address, range (`10.0.0.0/8`), or `loopback` or `private`: of them, and of nobody
   * else, `X-Forwarded-For` is believed, from the right. Without it every client behind a proxy counts as that proxy.
   * Never trust a range from which clients can connect themselves. @defaultValue none
   */
  trustedProxies?: string[] | undefined;
  /** The admin API, and who may use it. @defaultValue there is none */
  admin?: AdminOptions | undefined;
  /** How access tokens are signed. @defaultValue ES256, with keys that are made and rotated by themselves */
  signing?: SigningOptions | undefined;
  /** How long an access token lives. @defaultValue 3600 */
  accessTokenTtl?: number | undefined;
  /** How long a client may go without refreshing. @defaultValue 2592000 (30 days) */
  refreshTokenTtl?: number | undefined;
  /**
   * How long after its supersession a refresh token still gets the current one, at most 7200. Parallel refreshes and
   * lost answers need some of it; a longer window lets a thief go unnoticed for longer. @defaultValue 120
   */
  refreshGraceTtl?: number | undefined;
  /** How long after the approval the user has to sign in again, however often was refreshed. @defaultValue 15552000 (180 days) */
  grantTtl?: number | undefined;
  /** How long an authorization code lives, at most 600 (RFC 6749 §4.1.2). @defaultValue 60 */
  authorizationCodeTtl?: number | undefined;
  /** How long the consent page can be answered, and how long the sign-in may then take, at most 600. @defaultValue 600 */
  transactionTtl?: number | undefined;
  /**
   * When users are asked for what they have approved before: `always`; or, within `consentTtl`, not again where it is the
   * same client, redirect host and scopes, and no other website has sent the browser (`remember`), and then only for
   * clients of the configuration (`first-party`). Clients on loopback or behind the scheme of an app are always asked
   * for. @defaultValue always
   */
  consent?: 'always' | 'remember' | 'first-party' | undefined;
  /**
   * The application's own consent page: a function that makes its HTML; or its URL, which has to be on the same site as
   * the issuer, gets `transaction`, and may read what to show at `/oauth/consent?transaction=…`. @defaultValue ours
   */
  consentPage?: RenderConsent | string | undefined;
  /** How long an approval is remembered. @defaultValue 2592000 (30 days) */
  consentTtl?: number | undefined;
  /** Name, logo, colour and links that all pages carry. @defaultValue none */
  brand?: Brand | undefined;
  /**
   * What the pages say otherwise, or in further languages: by the tag of the language, then by the key of the sentence, and
   * `scope.<name>` for what a scope means. @defaultValue English, German, French, Spanish, Japanese and Arabic, as they are
   */
  words?: WordChanges | undefined;
  /** Functions that make the HTML of other pages than the consent page. @defaultValue ours */
  pages?: CustomPages | undefined;
  /** Receives what the operator should know. @defaultValue one line of JSON on standard error, `info` left out */
  log?: Log | undefined;
  /**
   * Receives what matters to security, one event at a time, before the answer is sent: who did what, when, from where,
   * through which client. `false` for nobody. @defaultValue one line of JSON on standard error for each
   */
  audit?: AuditSink | false | undefined;
  /**
   * How long after the first tokens of a grant were issued the audit tells that none of them was presented to the MCP
   * server; where a gate of this process guards it, or it introspects. @defaultValue 300
   */
  unusedTokenTtl?: number | undefined;
  /**
   * Whether `GET /healthz` and `GET /readyz` are served at the root of the host. Set it to false where the application has
   * such routes itself. @defaultValue true
   */
  healthChecks?: boolean | undefined;
  /** Whether metrics and traces go to OpenTelemetry, where the application has `@opentelemetry/api`. @defaultValue true */
  telemetry?: boolean | undefined;
  /** Tells the time in epoch seconds. @defaultValue the system's clock */
  clock?: Clock | undefined;
  /** Makes random bytes. @defaultValue the system's */
  randomness?: Randomness | undefined;

  /** Alias of {@link secret}. */
  signingSecret?: string | string[] | undefined;
  /** Alias of {@link secret}. */
  sessionSecret?: string | string[] | undefined;
  /** Short form of {@link providers} for one. */
  upstreamProvider?: UpstreamProvider | undefined;
  /** Alias of {@link accessTokenTtl}. */
  tokenTTL?: number | undefined;
  /** Alias of {@link refreshTokenTtl}. */
  refreshTokenTTL?: number | undefined;
}

/**
 * How many requests are answered; what is above is 429 with `Retry-After`. Each is for one address (IPv6: one /64), and at
 * the token and introspection endpoints once more for one client that has authenticated, wherever it asks from.
 *
 * The defaults stop floods, and no crowd: many users are behind one address. All of Claude asks from 160.79.104.0/21, and
 * registers at every connection; ChatGPT does likewise; and all users of such a client may share one client id. Each
 * default is what a few per cent of one processor core can answer. `false` turns a limit off.
 */
export interface RateLimitOptions {
  /** Registrations. @defaultValue 600 in 60 seconds */
  registration?: Quota | false | undefined;
  /** What browsers ask for on the way; a sign-in takes three requests. @defaultValue 1200 in 60 seconds */
  authorization?: Quota | false | undefined;
  /** Token requests: hourly refreshes of 360,000 users behind one address are within it. @defaultValue 6000 in 60 seconds */
  token?: Quota | false | undefined;
  /** Introspection: a resource server may ask at each of its requests. @defaultValue 30000 in 60 seconds */
  introspection?: Quota | false | undefined;
  /** Revocation. @defaultValue 1200 in 60 seconds */
  revocation?: Quota | false | undefined;
  /**
   * Metadata documents that had to be fetched for an address; kept copies do not count. What is fetched from one host, and
   * in all, is bounded beside, and one URL is fetched once a minute at most. @defaultValue 60 in 60 seconds
   */
  metadataDocuments?: Quota | false | undefined;
  /** The admin API, also where the credential is wrong. @defaultValue 120 in 60 seconds */
  admin?: Quota | false | undefined;
  /**
   * Where is counted: `memory`, for each process by itself; or a client of `ioredis` or `redis`, or a `Pool` of `pg`, for all
   * together. While that one is away each process counts for itself.
   *
   * @defaultValue the connection of `store`, where that is `redis://…` or `postgres://…`; memory otherwise
   */
  store?: CountingPlace | undefined;
}

/** Which Client ID Metadata Documents are accepted. A domain stands for its subdomains too. */
export interface ClientIdMetadataDocumentOptions {
  /** @defaultValue true */
  enabled?: boolean | undefined;
  /** The only domains whose documents are read. @defaultValue all */
  allowedDomains?: string[] | undefined;
  /** Domains whose documents are not read. @defaultValue none */
  deniedDomains?: string[] | undefined;
  /**
   * For development: also reads documents from `localhost`, `127.0.0.1` and `[::1]`, with plain http too. Needs an
   * issuer on loopback, and is refused in production. @defaultValue false
   */
  allowLoopback?: boolean | undefined;
  /** Documents that are taken as they stand here and never fetched, by their URLs. @defaultValue none */
  pinned?: Record<string, object> | undefined;
}

/** Who may use the admin API, at `/oauth/admin/…` below the issuer. */
export interface AdminOptions {
  /**
   * The tokens that open it, each of at least 32 random characters, or `sha256:` and the SHA-256 of such a token in hex;
   * with a name for the audit where there are several people. Several count at once, so that one can be replaced by another.
   */
  tokens: (string | { name: string; token: string })[];
}

/** How access tokens are signed. */
export interface SigningOptions {
  /** @defaultValue ES256 */
  algorithm?: 'ES256' | 'RS256' | 'HS256' | undefined;
  /** For ES256 and RS256: private keys (PEM or JWK) to use in place of our own. The first signs, all verify. */
  keys?: (string | Record<string, unknown>)[] | undefined;
  /** For HS256: the secret that is shared with the resource servers, or several. The first signs, all verify. */
  secret?: string | string[] | undefined;
  /** For keys of our own: how long one signs. @defaultValue 7776000 (90 days) */
  rotationTtl?: number | undefined;
  /** For keys of our own: how long a new one is published before it signs. @defaultValue 86400 (a day) */
  publishTtl?: number | undefined;
}
