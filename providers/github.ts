import type { Claims, IdentityEvidence, UpstreamProvider } from '../src/upstream/provider.js';

type Ask = IdentityEvidence['ask'];

/** Settings of {@link githubProvider}. */
export interface GithubOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /**
   * With `read:org`, which is added where a rule of access needs it, the user's organizations and teams are known.
   *
   * @defaultValue `read:user`, `user:email`
   */
  readonly scopes?: readonly string[];
  /** An Enterprise Server, or a tenant of ghe.com. @defaultValue `https://github.com` */
  readonly baseUrl?: string;
  /** More parameters of the authorization request, such as `allow_signup`. */
  readonly authorizationParameters?: UpstreamProvider['authorizationParameters'];
}

/**
 * GitHub, GitHub Enterprise Server and ghe.com; by an OAuth app or a GitHub App.
 *
 * `organizations` are logins, and `groups` are teams: `organization/team`, by their names in addresses. An Enterprise
 * Server verifies no addresses, and says so: a rule on them lets nobody in there.
 */
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
    scopesFor: { organizations: ['read:org'], groups: ['read:org'] },
    // Logins and names of teams are.
    ignoresCase: true,
    async identify({ profile, ask, scopes: granted, sought }) {
      const { id, login, name, avatar_url: picture } = profile;
      const mayList = ['read:org', 'write:org', 'admin:org'].some((scope) => granted.includes(scope));
      const [emails, organizations, groups] = await Promise.all([
        ask(`${api}/user/emails?per_page=100`, { optional: true, pages: 5 }),
        mayList ? organizationsOf(api, ask, sought.organizations) : undefined,
        mayList ? teamsOf(api, ask) : undefined,
      ]);
      const primary = primaryOf(emails);
      return {
        // Logins can be renamed, and taken by somebody else.
        sub: id,
        preferred_username: login,
        name: name ?? login,
        picture,
        // The address of the profile is whatever the user made public, and nobody verified it.
        email: primary?.email,
        email_verified: primary?.verified,
        organizations,
        groups,
      };
    },
  };
}

function apiOf(base: string): string {
  const tenant = /^https:\/\/(?<host>[^/]+\.ghe\.com)$/i.exec(base)?.groups?.host;
  if (tenant !== undefined) return `https://api.${tenant}`;
  return base === 'https://github.com' ? 'https://api.github.com' : `${base}/api/v3`;
}

/**
 * The list leaves out organizations that have not approved this application or want another sign-in, and says nothing
 * of invitations: of those that matter each is asked about, and counts if the membership is active.
 */
async function organizationsOf(api: string, ask: Ask, sought: readonly string[]): Promise<string[] | undefined> {
  const [listed, ...memberships] = await Promise.all([
    ask(`${api}/user/orgs?per_page=100`, { optional: true, pages: 10 }),
    ...sought.map((name) => ask(`${api}/user/memberships/orgs/${encodeURIComponent(name)}`, { optional: true })),
  ]);
  const stateOf = new Map(
    memberships.flatMap((membership, index) =>
      membership === undefined ? [] : [[sought[index]?.toLowerCase(), (membership as Claims | null)?.state]],
    ),
  );
  const active = sought.filter((name) => stateOf.get(name.toLowerCase()) === 'active');
  if (!Array.isArray(listed)) return active.length > 0 ? active : undefined;
  const names = loginsIn(listed).filter((name) => !stateOf.has(name.toLowerCase()));
  return [...names, ...active];
}

async function teamsOf(api: string, ask: Ask): Promise<string[] | undefined> {
  const teams = await ask(`${api}/user/teams?per_page=100`, { optional: true, pages: 10 });
  if (!Array.isArray(teams)) return undefined;
  return (teams as (Claims | null)[]).flatMap((team) => {
    const [organization] = loginsIn([team?.organization]);
    return organization !== undefined && typeof team?.slug === 'string' ? [`${organization}/${team.slug}`] : [];
  });
}

function loginsIn(list: readonly unknown[]): string[] {
  const logins = (list as (Claims | null | undefined)[]).map((one) => one?.login);
  return logins.filter((login) => typeof login === 'string');
}

function primaryOf(emails: unknown): Claims | undefined {
  return Array.isArray(emails)
    ? ((emails as (Claims | null)[]).find((one) => one?.primary === true) ?? undefined)
    : undefined;
}
