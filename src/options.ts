import type { TokenMapper } from './flow/map-identity.js';
import type { Log } from './http/log.js';
import type { Randomness } from './keys/randomness.js';
import type { Clock } from './storage/clock.js';
import type { Store } from './storage/store.js';
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
  /** The providers that users sign in with. */
  providers?: UpstreamProvider[] | undefined;
  /**
   * The MCP servers that tokens are issued for; the first one is the default.
   *
   * @defaultValue one, at `/mcp` below the issuer, without scopes
   */
  resources?: ResourceOptions[] | undefined;
  /** Turns the upstream identity into claims of our tokens. @defaultValue only `sub`, as `provider|subject` */
  tokenMapper?: TokenMapper | undefined;
  /** Where state is kept: `sqlite:PATH`, `memory:`, or a {@link Store}. @defaultValue sqlite:.gatehouse/gatehouse.sqlite */
  store?: string | Store | undefined;
  /** Lets a store that forgets everything at a restart run with `NODE_ENV=production`. @defaultValue false */
  allowMemoryStoreInProduction?: boolean | undefined;
  /** Whether clients may register themselves (RFC 7591). @defaultValue true */
  enableDCR?: boolean | undefined;
  /** Whether a client may name itself by the URL of its metadata, and which may. @defaultValue all, without loopback */
  clientIdMetadataDocuments?: ClientIdMetadataDocumentOptions | false | undefined;
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
  /** Receives what the operator should know. @defaultValue one line of JSON on standard error, `info` left out */
  log?: Log | undefined;
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

/** An MCP server that tokens are issued for. */
export interface ResourceOptions {
  /** Its URL, as users enter it into their clients. */
  url: string;
  /** What people call it. */
  name?: string | undefined;
  /** Where developers read about it. */
  documentation?: string | undefined;
  /** Its scopes, each with what it allows, in words for a person. @defaultValue none */
  scopes?: Record<string, string> | undefined;
  /** What a client gets that asks for nothing; tools that need more ask for it. @defaultValue all scopes */
  defaultScopes?: string[] | undefined;
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
