import type { IdentityEvidence, UpstreamProvider } from '../src/upstream/provider.js';
import type { OidcOptions } from './oidc.js';

/** Settings of {@link auth0Provider}: `domain`, or `issuer`. */
export interface Auth0Options extends Omit<OidcOptions, 'issuer'> {
  /** The domain of the tenant, or its custom domain, such as `acme.us.auth0.com`. */
  readonly domain?: string;
  /** The issuer, such as `https://acme.us.auth0.com/`. */
  readonly issuer?: string;
  /** The identifier of the API that access tokens are for; without one they are for Auth0 itself. */
  readonly audience?: string;
  /** The claim that an action of yours puts the user's groups into, such as `https://acme.example/groups`. */
  readonly groupsClaim?: string;
}

const defaultScopes = ['openid', 'profile', 'email', 'offline_access'];

/** Auth0; a user who signed in to an organization has the id of that organization in `organizations`. */
export function auth0Provider(options: Auth0Options): UpstreamProvider {
  const { id = 'auth0', name = 'Auth0', scopes = defaultScopes, domain = '', issuer = `https://${domain}` } = options;
  const { clientId, clientSecret, clientAuthentication = 'client_secret_post', audience, groupsClaim } = options;
  return {
    id,
    name,
    // Every issuer of Auth0 ends with one slash, and people rarely write it.
    issuer: `${issuer.replace(/^https:\/\/(?=https:)|\/+$/g, '')}/`,
    sendsCallbackIssuer: false,
    clientId,
    clientSecret,
    scopes,
    clientAuthentication,
    // Auth0 lists HS256 as well, which would be verified with the client secret.
    idTokenAlgorithms: ['RS256'],
    // In tenants of before 2021, or set up so, all refresh tokens of the user and the application end with one.
    revocation: { refreshTokensOnly: true, reachesAll: true },
    faults: options.issuer === undefined && domain === '' ? ['domain or issuer is missing'] : [],
    authorizationParameters: { ...(audience !== undefined && { audience }), ...options.authorizationParameters },
    identify: options.identify ?? ((evidence) => identify(evidence, groupsClaim)),
  };
}

function identify({ idToken, profile }: IdentityEvidence, groupsClaim?: string) {
  const organization = profile.org_id ?? idToken.org_id;
  return {
    ...profile,
    preferred_username: profile.preferred_username ?? profile.nickname,
    organizations: typeof organization === 'string' ? [organization] : undefined,
    groups: groupsClaim === undefined ? undefined : (profile[groupsClaim] ?? idToken[groupsClaim]),
  };
}
