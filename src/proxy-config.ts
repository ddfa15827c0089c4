import type { Client } from './clients/client.js';
import { parseOptions, type Settings } from './config.js';
import { ConfigurationError } from './configuration-error.js';
import type { ProxyTokenMapper } from './flow/map-tokens.js';
import type { OAuthAuthorizationServerOptions } from './options.js';
import { AuthError } from './protocol/auth-error.js';
import { parseClientMetadata } from './protocol/client-metadata.js';
import type { UpstreamProvider } from './upstream/provider.js';

/** How an {@link OAuthProxy} is set up; what is not described here is as for the authorization server. */
export interface OAuthProxyOptions extends Pick<
  OAuthAuthorizationServerOptions,
  | 'store'
  | 'allowMemoryStoreInProduction'
  | 'chooseProvider'
  | 'allow'
  | 'signing'
  | 'refreshTokenTtl'
  | 'refreshGraceTtl'
  | 'grantTtl'
  | 'authorizationCodeTtl'
  | 'transactionTtl'
  | 'brand'
  | 'words'
  | 'pages'
  | 'rateLimits'
  | 'trustedProxies'
  | 'log'
  | 'audit'
  | 'telemetry'
  | 'clock'
  | 'randomness'
> {
  /** The public URL below which the routes are, such as `https://api.example.com/auth`. */
  baseUrl: string;
  /** The secret that everything is derived from, of at least 32 random characters; or several, the current one first. */
  sessionSecret: string | string[];
  providers: UpstreamProvider[];
  /** Where the application may have its users sent back, with a code. Any port will do on a loopback address. */
  redirectUris: string[];
  /** What users read on the consent page. @defaultValue the host of `baseUrl` */
  name?: string | undefined;
  /** Makes the application's own tokens. @defaultValue our own JWT, and a refresh token; never the provider's */
  tokenMapper?: ProxyTokenMapper | undefined;
  /** How long a token lives, where the mapper does not say; in seconds. @defaultValue 3600 */
  tokenTTL?: number | undefined;
  /** The `aud` of our own JWT. @defaultValue the origin of `baseUrl` */
  audience?: string | undefined;
  /**
   * Whether several providers share the redirect URI `<baseUrl>/callback`, and have to name themselves there (RFC 9207);
   * without it each has its own, `<baseUrl>/callback/<provider id>`. @defaultValue true
   */
  sharedCallback?: boolean | undefined;
}

/** A proxy's configuration, checked. */
export interface ProxySettings {
  readonly settings: Settings;
  /** The application. */
  readonly client: Client;
  readonly tokenMapper: ProxyTokenMapper | undefined;
  readonly audience: string;
}

/**
 * Checks the configuration of a proxy.
 *
 * @throws {ConfigurationError} naming all faults at once
 */
export function parseProxyOptions(options: OAuthProxyOptions, production: boolean): ProxySettings {
  const { baseUrl, redirectUris, name, tokenMapper, audience, sharedCallback = true, ...rest } = options;
  const faults: string[] = [];
  const collect = <T>(parse: () => T): T | undefined => {
    try {
      return parse();
    } catch (thrown) {
      if (!(thrown instanceof ConfigurationError)) throw thrown;
      faults.push(...thrown.faults.map(inWordsOfTheProxy));
      return undefined;
    }
  };
  const base = /^https?:/.test(baseUrl) && URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  const resource = audience ?? base?.origin;
  const settings = collect(() =>
    parseOptions(
      {
        ...rest,
        issuer: baseUrl,
        sharedCallback,
        userinfo: false,
        ...(resource !== undefined && { resources: [{ url: resource }] }),
      },
      production,
    ),
  );
  const client = collect(() => applicationOf(redirectUris, name ?? base?.host ?? '', tokenMapper === undefined));
  if (tokenMapper !== undefined && typeof tokenMapper !== 'function') faults.push('tokenMapper has to be a function.');
  if (!settings || !client || faults.length > 0) throw new ConfigurationError(faults);
  return { settings, client, tokenMapper, audience: settings.resources?.[0]?.url ?? settings.issuer };
}

/** The options have other names in the authorization server, whose checks are used here. */
function inWordsOfTheProxy(fault: string): string {
  return fault
    .replace(/^issuer\b/, 'baseUrl')
    .replace(/^secret\b/, 'sessionSecret')
    .replace(/^accessTokenTtl\b/, 'tokenTTL')
    .replace(/^resources\.0\.url\b/, 'audience');
}

/** The one client of a proxy: public, with PKCE, and bound to its redirect URIs. */
function applicationOf(redirectUris: string[], name: string, mayRefresh: boolean): Client {
  try {
    const metadata = parseClientMetadata({
      redirect_uris: redirectUris,
      client_name: name,
      token_endpoint_auth_method: 'none',
      // An application that makes its tokens itself renews them itself.
      grant_types: mayRefresh ? ['authorization_code', 'refresh_token'] : ['authorization_code'],
    });
    return { clientId: soleClientId, metadata, authenticationMethod: 'none', secretMatches: () => false };
  } catch (thrown) {
    if (!(thrown instanceof AuthError)) throw thrown;
    const what = thrown.code === 'invalid_redirect_uri' ? 'redirectUris' : 'name';
    throw new ConfigurationError([`${what} cannot be used: ${thrown.message}`]);
  }
}

/** What the application is called in its grants, whatever it calls itself in requests. */
export const soleClientId = 'application';
