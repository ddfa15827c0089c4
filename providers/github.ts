import type { Claims, UpstreamProvider } from '../src/upstream/provider.js';

/** Settings of {@link githubProvider}. */
export interface GithubOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** With `read:org` the user's organizations are known. @defaultValue `read:user`, `user:email` */
  readonly scopes?: readonly string[];
  /** An Enterprise Server, or a tenant of ghe.com. @defaultValue `https://github.com` */
  readonly baseUrl?: string;
  /** More parameters of the authorization request, such as `allow_signup`. */
  readonly authorizationParameters?: UpstreamProvider['authorizationParameters'];
}

/** GitHub, GitHub Enterprise Server and ghe.com; by an OAuth app or a GitHub App. */
export function githubProvider(options: GithubOptions): UpstreamProvider {
  const { clientId, clientSecret, scopes = ['read:user', 'user:email'], authorizationParameters } = options;
  const base = (options.baseUrl ?? 'https://github.com').replace(/\/+$/, '');
  const api = apiOf(base);
  return {
    id: 'github',
    name: 'GitHub',
    protocol: 'oauth2',
    // What GitHub sends as the iss of callbacks.
    issuer: `${base}/login/oauth`,
    ...(base !== 'https://github.com' && { sendsCallbackIssuer: false }),
    endpoints: {
      authorization: `${base}/login/oauth/authorize`,
      token: `${base}/login/oauth/access_token`,
      userInfo: `${api}/user`,
      revocation: `${api}/applications/${encodeURIComponent(clientId)}/token`,
    },
    clientId,
    clientSecret,
    scopes,
    clientAuthentication: 'client_secret_post',
    revocation: { style: 'delete-by-client' },
    errorCodes: {
      bad_verification_code: 'invalid_grant',
      bad_refresh_token: 'invalid_grant',
      incorrect_client_credentials: 'invalid_client',
      'Not Found': 'invalid_client',
      unverified_user_email: 'access_denied',
    },
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    authorizationParameters,
    async identify({ profile, ask }) {
      const { id, login, name, avatar_url: picture } = profile;
      const primary = primaryOf(await ask(`${api}/user/emails?per_page=100`, { optional: true, pages: 5 }));
      const organizations = scopes.includes('read:org')
        ? await ask(`${api}/user/orgs?per_page=100`, { optional: true, pages: 10 })
        : undefined;
      return {
        // Logins can be renamed, and taken by somebody else.
        sub: id,
        preferred_username: login,
        name: name ?? login,
        picture,
        // The address of the profile is whatever the user made public, and nobody verified it.
        email: primary?.email,
        email_verified: primary?.verified,
        organizations: Array.isArray(organizations) ? (organizations as Claims[]).map((one) => one.login) : undefined,
      };
    },
  };
}

function apiOf(base: string): string {
  const tenant = /^https:\/\/(?<host>[^/]+\.ghe\.com)$/i.exec(base)?.groups?.host;
  if (tenant !== undefined) return `https://api.${tenant}`;
  return base === 'https://github.com' ? 'https://api.github.com' : `${base}/api/v3`;
}

function primaryOf(emails: unknown): Claims | undefined {
  return Array.isArray(emails)
    ? ((emails as (Claims | null)[]).find((one) => one?.primary === true) ?? undefined)
    : undefined;
}
