import type { UpstreamProvider } from '../src/upstream/provider.js';
import type { OidcOptions } from './oidc.js';

/** Settings of {@link oktaProvider}: `issuer`, or `domain`. */
export interface OktaOptions extends Omit<OidcOptions, 'issuer'> {
  /** The issuer of an authorization server, such as `https://acme.okta.com/oauth2/default`. */
  readonly issuer?: string;
  /** The domain of the organization, such as `acme.okta.com`. */
  readonly domain?: string;
  /** Beside `domain`: the id of a custom authorization server. @defaultValue the organization's own server */
  readonly authorizationServer?: string;
}

const defaultScopes = ['openid', 'profile', 'email', 'offline_access'];

/** Okta; the groups of users are known where a groups claim is configured there. */
export function oktaProvider(options: OktaOptions): UpstreamProvider {
  const { id = 'okta', name = 'Okta', scopes = defaultScopes, issuer, domain, authorizationServer, ...rest } = options;
  const server = authorizationServer === undefined ? '' : `/oauth2/${authorizationServer}`;
  return {
    id,
    name,
    issuer: issuer ?? `https://${hostOf(domain)}${server}`,
    sendsCallbackIssuer: false,
    scopes,
    idTokenAlgorithms: ['RS256'],
    knows: ['groups'],
    faults: issuer === undefined && domain === undefined ? ['issuer or domain is missing'] : [],
    ...rest,
  };
}

/** People copy the domain from the address bar. */
function hostOf(domain = ''): string {
  return domain.replace(/^https:\/\/|\/+$/g, '');
}
