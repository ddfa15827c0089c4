import { ConfigurationError, OAuthAuthorizationServer, optionsFromEnvironment, type Environment } from 'mcp-gatehouse';
import { describe, expect, it } from 'vitest';

const tenant = '11111111-2222-3333-4444-555555555555';
const some = (prefix: string, more: Record<string, string> = {}) => ({
  [`${prefix}_CLIENT_ID`]: 'id',
  [`${prefix}_CLIENT_SECRET`]: 'secret',
  ...Object.fromEntries(Object.entries(more).map(([name, value]) => [`${prefix}_${name}`, value])),
});

function faultsOf(environment: Environment): readonly string[] {
  try {
    optionsFromEnvironment(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

describe('rules of access from the environment', () => {
  it('are absent where no variable makes one', () => {
    expect(optionsFromEnvironment(some('GITHUB', { ALLOWED_TEAMS: ' ', ALLOW_EVERYBODY: 'false' }))).not.toHaveProperty(
      'allow',
    );
  });

  it.each<[Environment, object[]]>([
    [{ GATEHOUSE_ALLOWED_EMAILS: 'a@x.com, b@x.com' }, [{ emails: ['a@x.com', 'b@x.com'] }]],
    [{ GATEHOUSE_ALLOWED_DOMAINS: 'x.com y.com' }, [{ emailDomains: ['x.com', 'y.com'] }]],
    [some('GOOGLE', { HOSTED_DOMAIN: 'x.com' }), [{ provider: 'google', organizations: ['x.com'] }]],
    [
      some('GOOGLE', { ALLOWED_EMAILS: 'a@x.com', ALLOWED_DOMAINS: 'y.com' }),
      [
        { provider: 'google', emails: ['a@x.com'] },
        { provider: 'google', emailDomains: ['y.com'] },
      ],
    ],
    [some('GITHUB', { ALLOWED_ORGANIZATIONS: 'acme' }), [{ provider: 'github', organizations: ['acme'] }]],
    [some('GITHUB', { ALLOWED_ORGS: 'acme' }), [{ provider: 'github', organizations: ['acme'] }]],
    [some('GITHUB', { ALLOWED_TEAMS: 'acme/a acme/b' }), [{ provider: 'github', groups: ['acme/a', 'acme/b'] }]],
    [
      some('GITLAB', { ALLOWED_GROUPS: 'acme/core,acme/ops' }),
      [{ provider: 'gitlab', groups: ['acme/core', 'acme/ops'] }],
    ],
    [some('SLACK', { ALLOWED_WORKSPACES: 'T1' }), [{ provider: 'slack', organizations: ['T1'] }]],
    [some('ATLASSIAN', { ALLOWED_SITES: 'site-1' }), [{ provider: 'atlassian', organizations: ['site-1'] }]],
    [some('DISCORD', { ALLOWED_GUILDS: '1' }), [{ provider: 'discord', organizations: ['1'] }]],
    [some('DISCORD', { ALLOWED_ROLES: '1/2' }), [{ provider: 'discord', groups: ['1/2'] }]],
    [
      some('AZURE', { TENANT_ID: 'organizations', ALLOWED_TENANTS: tenant }),
      [{ provider: 'azure', organizations: [tenant] }],
    ],
    [some('MICROSOFT', { TENANT_ID: tenant, ALLOWED_GROUPS: tenant }), [{ provider: 'azure', groups: [tenant] }]],
    [some('AZURE', { TENANT_ID: 'common', ALLOW_EVERYBODY: 'true' }), [{ provider: 'azure' }]],
    [
      some('OKTA', { DOMAIN: 'acme.okta.com', ALLOWED_GROUPS: 'MCP Users, Ops' }),
      [{ provider: 'okta', groups: ['MCP Users', 'Ops'] }],
    ],
    [
      some('OIDC_ACME', { ISSUER: 'https://id.example', ALLOWED_GROUPS: 'staff' }),
      [{ provider: 'acme', groups: ['staff'] }],
    ],
    [some('LINKEDIN', { ALLOW_EVERYBODY: 'true' }), [{ provider: 'linkedin' }]],
  ])('are made of %j', (environment, allow) => {
    const { providers, ...options } = optionsFromEnvironment(environment);
    expect(options.allow).toEqual(allow);
    if (providers.length === 0) return;
    const base = { issuer: 'https://auth.example', secret: 'x'.repeat(40), store: 'memory:' };
    expect(() => new OAuthAuthorizationServer({ ...base, ...options, providers })).not.toThrow();
  });

  it('narrow the workspaces of Slack where they are about addresses', () => {
    const workspaces = { ALLOWED_WORKSPACES: 'T1,T2' };
    const emails = { ALLOWED_EMAILS: 'a@x.com' };
    const organizations = ['T1', 'T2'];
    const allowOf = (more: Record<string, string>) => optionsFromEnvironment(some('SLACK', more)).allow;
    expect(allowOf({ ...workspaces, ...emails })).toEqual([{ provider: 'slack', emails: ['a@x.com'], organizations }]);
    expect(allowOf({ ...workspaces, ...emails, ALLOWED_DOMAINS: 'x.com' })).toEqual([
      { provider: 'slack', emails: ['a@x.com'], organizations },
      { provider: 'slack', emailDomains: ['x.com'], organizations },
    ]);
    const { providers, allow } = optionsFromEnvironment(some('SLACK', emails));
    const options = { issuer: 'https://auth.example', secret: 'x'.repeat(40), store: 'memory:', providers, allow };
    expect(() => new OAuthAuthorizationServer(options)).toThrow('name organizations beside it');
  });

  it('reach the preset of Azure too, which needs them to start', () => {
    const start = (more: Record<string, string>) => {
      const { providers } = optionsFromEnvironment(some('AZURE', { TENANT_ID: 'common', ...more }));
      return () =>
        new OAuthAuthorizationServer({
          issuer: 'https://a.example',
          secret: 'x'.repeat(40),
          store: 'memory:',
          providers,
        });
    };
    expect(start({ ALLOWED_GROUPS: tenant })).toThrow('anybody could sign in');
    expect(start({ ALLOWED_ORGANIZATIONS: tenant })).not.toThrow();
    expect(start({ ALLOW_EVERYBODY: 'true' })).not.toThrow();
  });

  it.each<[Environment, string]>([
    [
      some('GOOGLE', { ALLOWED_DOMAIN: 'x.com' }),
      'GOOGLE_ALLOWED_DOMAIN is not known: it is one of GOOGLE_ALLOWED_EMAILS',
    ],
    [some('GOOGLE', { ALLOW_DOMAINS: 'x.com' }), 'GOOGLE_ALLOW_DOMAINS is not known'],
    [some('GITHUB', { ALLOWED_WORKSPACES: 'x' }), 'GITHUB_ALLOWED_WORKSPACES is not known'],
    [{ GATEHOUSE_ALLOWED_GROUPS: 'x' }, 'GATEHOUSE_ALLOWED_GROUPS is not known'],
    [some('GITHUB', { ALLOWED_ORGS: ',' }), 'GITHUB_ALLOWED_ORGS names nobody'],
    [some('GITHUB', { ALLOW_EVERYBODY: 'yes' }), 'GITHUB_ALLOW_EVERYBODY has to be true or false'],
    [
      some('GITHUB', { ALLOW_EVERYBODY: 'true', ALLOWED_ORGS: 'acme' }),
      'GITHUB_ALLOW_EVERYBODY lets everybody in, so GITHUB_ALLOWED_ORGS says nothing',
    ],
    [{ GITHUB_ALLOWED_ORGS: 'acme' }, 'GITHUB_ALLOWED_ORGS is set, but the GitHub provider is not'],
    [{ GITHUB_ALLOWED_ORGS: 'acme', GITHUB_CLIENT_ID: 'id' }, 'The GitHub provider is configured by half'],
  ])('refuse %j: %s', (environment, words) => {
    const [fault, ...others] = faultsOf(environment);
    expect(others).toEqual([]);
    expect(fault).toContain(words);
  });

  it('are not made of what is there for other programs', () => {
    expect(optionsFromEnvironment({ GOOGLE_HOSTED_DOMAIN: 'x.com' })).toEqual({ providers: [] });
  });

  it('are refused together with everything else', () => {
    const environment = { GOOGLE_CLIENT_ID: 'id', ...some('GITHUB', { ALLOWED_TEAM: 'x' }), SLACK_ALLOWED_EMAILS: 'x' };
    expect(faultsOf(environment)).toHaveLength(3);
  });
});
