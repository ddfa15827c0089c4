import type { UpstreamProvider } from '../src/upstream/provider.js';

/** Settings of {@link oidcProvider}. */
export interface OidcOptions {
  /** The issuer identifier exactly as the provider publishes it, with or without a slash at the end. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The provider's short name in this installation. @defaultValue `oidc` */
  readonly id?: string | undefined;
  /** What users read on the button. @defaultValue the host of the issuer */
  readonly name?: string | undefined;
  /**
   * The scopes to ask for. `offline_access`, which keeps users signed in, is asked for only where the provider
   * publishes it.
   *
   * @defaultValue `openid`, `email`, `profile`, `offline_access`
   */
  readonly scopes?: readonly string[] | undefined;
  /** How the client secret is sent. @defaultValue `client_secret_basic` */
  readonly clientAuthentication?: UpstreamProvider['clientAuthentication'] | undefined;
  /** More parameters of the authorization request, such as `prompt`. */
  readonly authorizationParameters?: UpstreamProvider['authorizationParameters'] | undefined;
  /** Who the user is, for a provider whose claims have names of their own. */
  readonly identify?: UpstreamProvider['identify'] | undefined;
}

const defaultScopes = ['openid', 'email', 'profile', 'offline_access'];

/** Any provider with OpenID Connect discovery: Keycloak, Auth0, Okta, Zitadel, Authentik and many more. */
export function oidcProvider(options: OidcOptions): UpstreamProvider {
  const { id = 'oidc', name = hostOf(options.issuer), scopes = defaultScopes } = options;
  return { ...options, id, name, scopes };
}

/** An issuer that is no URL is refused with the other faults of the configuration, not here. */
function hostOf(issuer: string): string {
  return URL.canParse(issuer) ? new URL(issuer).host : issuer;
}
