import type { Claims, UpstreamProvider } from '../src/upstream/provider.js';

/** Settings of {@link customProvider}. */
export interface CustomOptions {
  /** The short name of this provider within the installation: lower-case, stable. */
  readonly id: string;
  /** What users read on the button. */
  readonly name: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Where to ask who the user is; without it `identify` has to know. */
  readonly userInfoEndpoint?: string;
  /** Where tokens are revoked (RFC 7009) when a grant ends. */
  readonly revocationEndpoint?: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** @defaultValue none */
  readonly scopes?: readonly string[];
  /** @defaultValue true */
  readonly supportsPkce?: boolean;
  /** The namespace of the subjects, and the `iss` of callbacks. @defaultValue the origin of `authorizationEndpoint` */
  readonly issuer?: string;
  /** @defaultValue `client_secret_post`, which plain OAuth 2.0 providers know best */
  readonly clientAuthentication?: UpstreamProvider['clientAuthentication'];
  readonly authorizationParameters?: UpstreamProvider['authorizationParameters'];
  readonly tokenParameters?: UpstreamProvider['tokenParameters'];
  /** The same as `clientAuthentication`. */
  readonly tokenEndpointAuthMethod?: UpstreamProvider['clientAuthentication'];
  /** The same as `authorizationParameters`. */
  readonly authorizationParams?: UpstreamProvider['authorizationParameters'];
  /** The same as `tokenParameters`. */
  readonly tokenParams?: UpstreamProvider['tokenParameters'];
  readonly headers?: UpstreamProvider['headers'];
  readonly errorCodes?: UpstreamProvider['errorCodes'];
  /**
   * What the provider calls the claims: `{ sub: 'id', picture: 'avatar.url' }`; those not named keep their names. An
   * `email` that is named is verified only if `email_verified` is named too.
   */
  readonly claims?: Readonly<Record<string, string>>;
  /** Who the user is, for what a list of names cannot say. */
  readonly identify?: UpstreamProvider['identify'];
}

/**
 * Any plain OAuth 2.0 provider, by its endpoints.
 *
 * A provider with OpenID Connect discovery is better used by `oidcProvider`, which verifies its ID tokens.
 */
export function customProvider(options: CustomOptions): UpstreamProvider {
  const {
    authorizationEndpoint,
    tokenEndpoint,
    userInfoEndpoint,
    revocationEndpoint,
    supportsPkce,
    claims,
    ...others
  } = options;
  const { tokenEndpointAuthMethod, authorizationParams, tokenParams, ...rest } = others;
  return {
    clientAuthentication: tokenEndpointAuthMethod ?? 'client_secret_post',
    authorizationParameters: authorizationParams,
    tokenParameters: tokenParams,
    ...rest,
    protocol: 'oauth2',
    issuer: options.issuer ?? originOf(authorizationEndpoint),
    scopes: options.scopes ?? [],
    endpoints: {
      authorization: authorizationEndpoint,
      token: tokenEndpoint,
      userInfo: userInfoEndpoint,
      revocation: revocationEndpoint,
    },
    pkce: supportsPkce ?? true,
    identify: options.identify ?? (claims && (({ profile }) => renamed(profile, claims))),
  };
}

/** An address that is no URL is refused with the other faults of the configuration, not here. */
function originOf(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : address;
}

function renamed(profile: Claims, names: Readonly<Record<string, string>>): Claims {
  const named = Object.entries(names).map(([claim, path]) => [claim, valueAt(profile, path.split('.'))]);
  // What is said of one address says nothing of another.
  const { email_verified } = 'email' in names ? {} : profile;
  return { ...profile, email_verified, ...Object.fromEntries(named) } as Claims;
}

function valueAt(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return isObject ? valueAt((value as Claims)[name], rest) : undefined;
}
