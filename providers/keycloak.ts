import type { UpstreamProvider } from '../src/upstream/provider.js';
import type { OidcOptions } from './oidc.js';

/** Settings of {@link keycloakProvider}: `issuer`, or `baseUrl` and `realm`. */
export interface KeycloakOptions extends Omit<OidcOptions, 'issuer'> {
  /** The issuer, such as `https://sso.example/realms/acme`. */
  readonly issuer?: string;
  /** Where Keycloak is; before version 17 it ends with `/auth`. */
  readonly baseUrl?: string;
  readonly realm?: string;
}

// Keycloak gives refresh tokens without offline_access, which would make sessions that never end.
const defaultScopes = ['openid', 'profile', 'email'];

/** A realm of Keycloak; the groups of users are known where the client has a group membership mapper. */
export function keycloakProvider(options: KeycloakOptions): UpstreamProvider {
  const {
    id = 'keycloak',
    name = 'Keycloak',
    scopes = defaultScopes,
    issuer,
    baseUrl = '',
    realm = '',
    ...rest
  } = options;
  return {
    id,
    name,
    issuer: issuer ?? `${baseUrl.replace(/\/+$/, '')}/realms/${encodeURIComponent(realm)}`,
    scopes,
    // Keycloak lists HS256 as well, which would be verified with the client secret.
    idTokenAlgorithms: ['RS256'],
    // It ends the session of the application, with all tokens in it.
    revocation: { reachesAll: true },
    knows: ['groups'],
    faults:
      issuer === undefined && (baseUrl === '' || realm === '') ? ['issuer, or baseUrl and realm, is missing'] : [],
    ...rest,
  };
}
