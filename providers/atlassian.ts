import type { IdentityEvidence, UpstreamProvider } from '../src/upstream/provider.js';
import type { OidcOptions } from './oidc.js';

/** Settings of {@link atlassianProvider}. */
export type AtlassianOptions = Omit<OidcOptions, 'issuer' | 'clientAuthentication'>;

const defaultScopes = ['read:me', 'offline_access'];

/** Atlassian (Jira, Confluence), by OAuth 2.0; it says of no address that it is verified. */
export function atlassianProvider(options: AtlassianOptions): UpstreamProvider {
  const { id = 'atlassian', name = 'Atlassian', scopes = defaultScopes, ...rest } = options;
  return {
    ...rest,
    id,
    name,
    issuer: 'https://auth.atlassian.com',
    sendsCallbackIssuer: false,
    protocol: 'oauth2',
    endpoints: {
      authorization: 'https://auth.atlassian.com/authorize',
      token: 'https://auth.atlassian.com/oauth/token',
      userInfo: 'https://api.atlassian.com/me',
    },
    scopes,
    clientAuthentication: 'client_secret_post',
    // Its other word for a refresh token that does not count.
    refresh: { errorCodes: { unauthorized_client: 'invalid_grant' } },
    authorizationParameters: { audience: 'api.atlassian.com', prompt: 'consent', ...options.authorizationParameters },
    emailAuthority: 'nobody',
    knows: [],
    identify: options.identify ?? identify,
  };
}

function identify({ profile }: IdentityEvidence) {
  const { account_id: sub, nickname: preferred_username, name, picture, email, locale } = profile;
  return { sub, preferred_username, name, picture, email, email_verified: false, locale };
}
