import type { Claims, IdentityEvidence, UpstreamProvider } from '../src/upstream/provider.js';
import type { OidcOptions } from './oidc.js';

/** Settings of {@link atlassianProvider}. */
export type AtlassianOptions = Omit<OidcOptions, 'issuer' | 'clientAuthentication'>;

const defaultScopes = ['read:me', 'offline_access'];

/**
 * Atlassian (Jira, Confluence), by OAuth 2.0; it says of no address that it is verified.
 *
 * `organizations` are the ids of the sites that the user approved this application for. They are known with a scope of a
 * product, such as `read:jira-user`, which is added where a rule of access names sites; the app has to have it too.
 */
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
    scopesFor: { organizations: ['read:jira-user'] },
    knows: ['organizations'],
    identify: options.identify ?? identify,
  };
}

async function identify({ profile, ask, scopes }: IdentityEvidence) {
  const { account_id: sub, nickname: preferred_username, name, picture, email, locale } = profile;
  // Without a scope of a product nobody approves a site, and the list is empty whoever the user is.
  const mayList = scopes.some((scope) => !/^(?:read:(?:me|account)|offline_access)$/.test(scope));
  const organizations = mayList ? await sitesOf(ask) : undefined;
  return { sub, preferred_username, name, picture, email, email_verified: false, locale, organizations };
}

async function sitesOf(ask: IdentityEvidence['ask']): Promise<unknown> {
  const sites = await ask('https://api.atlassian.com/oauth/token/accessible-resources', { optional: true });
  return Array.isArray(sites) ? sites.map((site) => (site as Claims | null)?.id) : undefined;
}
