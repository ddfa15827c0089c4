import {
  ConfigurationError,
  OAuthAuthorizationServer,
  optionsFromEnvironment,
  providersFromEnvironment,
} from 'mcp-gatehouse';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/temporary-folder.js';

const oidc = { OIDC_ISSUER: 'https://id.example', OIDC_CLIENT_ID: 'gatehouse', OIDC_CLIENT_SECRET: 'upstream' };

describe('options from the environment', () => {
  it('are none where nothing is set', () => {
    expect(optionsFromEnvironment({})).toEqual({ providers: [] });
  });

  it('are read from their variables', () => {
    const options = optionsFromEnvironment({
      GATEHOUSE_URL: 'https://auth.example',
      GATEHOUSE_SECRET: 'one',
      GATEHOUSE_STORE: 'sqlite:/data/gatehouse.sqlite',
      UNRELATED: 'x',
      ...oidc,
    });
    expect(options).toMatchObject({
      issuer: 'https://auth.example',
      secret: ['one'],
      store: 'sqlite:/data/gatehouse.sqlite',
      providers: [{ id: 'oidc', issuer: 'https://id.example' }],
    });
  });

  it.each(['one,two', 'one, two', 'one two', ' one ,\n two '])(
    'hold several secrets in %j, the current one first',
    (text) => {
      expect(optionsFromEnvironment({ GATEHOUSE_SECRET: text }).secret).toEqual(['one', 'two']);
    },
  );

  it('may have their secrets, and the store with its password, in files', () => {
    const folder = temporaryFolder();
    const file = (name: string, text: string) => {
      writeFileSync(join(folder.path, name), text);
      return join(folder.path, name);
    };
    const options = optionsFromEnvironment({
      GATEHOUSE_SECRET_FILE: file('secret', 'new,old\n'),
      GATEHOUSE_STORE_FILE: file('store', 'postgres://me:password@db.example/gatehouse\n'),
      GITHUB_CLIENT_ID: 'id',
      GITHUB_CLIENT_SECRET_FILE: file('github', 'of GitHub\n'),
      OIDC_ACME_ISSUER: 'https://acme.example',
      OIDC_ACME_CLIENT_ID: 'id',
      OIDC_ACME_CLIENT_SECRET_FILE: file('acme', 'of Acme'),
      OTHERS_CLIENT_SECRET_FILE: '/nowhere',
    });
    expect(options).toMatchObject({
      secret: ['new', 'old'],
      store: 'postgres://me:password@db.example/gatehouse',
      providers: [{ clientSecret: 'of GitHub' }, { clientSecret: 'of Acme' }],
    });
    const faulty = () =>
      optionsFromEnvironment({
        GATEHOUSE_SECRET: 'canary',
        GATEHOUSE_SECRET_FILE: join(folder.path, 'secret'),
        GATEHOUSE_STORE_FILE: join(folder.path, 'missing'),
      });
    expect(faulty).toThrow('GATEHOUSE_SECRET and GATEHOUSE_SECRET_FILE are both set');
    expect(faulty).toThrow(/GATEHOUSE_STORE_FILE names .*missing, which cannot be read \(ENOENT\)/);
    expect(faulty).not.toThrow('canary');
    folder.remove();
  });

  it('name MCP servers by their URLs, or in a file', () => {
    const folder = temporaryFolder();
    const resourcesOf = (GATEHOUSE_RESOURCES: string) => optionsFromEnvironment({ GATEHOUSE_RESOURCES }).resources;
    expect(resourcesOf('https://a.example/mcp, https://b.example')).toEqual([
      { url: 'https://a.example/mcp' },
      { url: 'https://b.example' },
    ]);
    const file = join(folder.path, 'resources.json');
    writeFileSync(file, '[{ "url": "https://a.example/mcp", "scopes": { "read": "Read" } }]');
    expect(resourcesOf(file)).toEqual([{ url: 'https://a.example/mcp', scopes: { read: 'Read' } }]);
    for (const text of ['{}', 'null', 'nonsense', '']) {
      writeFileSync(file, text);
      expect(() => resourcesOf(file)).toThrow('has to hold a JSON list');
    }
    expect(() => resourcesOf('a.example')).toThrow('GATEHOUSE_RESOURCES names a.example, which cannot be read');
    folder.remove();
  });

  it('count an empty or blank variable as absent', () => {
    const blank = {
      GATEHOUSE_URL: '',
      GATEHOUSE_SECRET: '  ',
      GATEHOUSE_STORE: '\t',
      OIDC_ISSUER: '',
      OIDC_CLIENT_ID: ' ',
    };
    expect(optionsFromEnvironment(blank)).toEqual({ providers: [] });
  });

  it('lose the white space around them', () => {
    expect(optionsFromEnvironment({ GATEHOUSE_URL: ' https://auth.example\n' }).issuer).toBe('https://auth.example');
  });
});

describe('providers from the environment', () => {
  it('are made when all variables are there', () => {
    const [provider, ...others] = providersFromEnvironment(oidc);
    expect(others).toEqual([]);
    expect(provider).toMatchObject({
      id: 'oidc',
      name: 'id.example',
      issuer: 'https://id.example',
      clientId: 'gatehouse',
      clientSecret: 'upstream',
    });
  });

  it.each([
    [['OIDC_ISSUER'], 'OIDC_CLIENT_ID and OIDC_CLIENT_SECRET'],
    [['OIDC_CLIENT_ID'], 'OIDC_ISSUER and OIDC_CLIENT_SECRET'],
    [['OIDC_CLIENT_SECRET'], 'OIDC_ISSUER and OIDC_CLIENT_ID'],
    [['OIDC_ISSUER', 'OIDC_CLIENT_ID'], 'OIDC_CLIENT_SECRET'],
    [['OIDC_ISSUER', 'OIDC_CLIENT_SECRET'], 'OIDC_CLIENT_ID'],
    [['OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET'], 'OIDC_ISSUER'],
  ] as const)('say what is missing beside %j', (present, missing) => {
    const half = Object.fromEntries(present.map((name) => [name, oidc[name]]));
    const attempt = () => providersFromEnvironment(half);
    expect(attempt).toThrow(ConfigurationError);
    expect(attempt).toThrow(`set ${missing} too.`);
  });

  it('never repeat a secret in what they say', () => {
    expect(() => providersFromEnvironment({ OIDC_CLIENT_SECRET: 'hunter2' })).toThrow(/^(?!.*hunter2)/s);
  });

  const some = (prefix: string, more: Record<string, string> = {}) => ({
    [`${prefix}_CLIENT_ID`]: 'id',
    [`${prefix}_CLIENT_SECRET`]: 'secret',
    ...Object.fromEntries(Object.entries(more).map(([name, value]) => [`${prefix}_${name}`, value])),
  });
  const cognitoPool = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI';
  const tenant = '11111111-2222-3333-4444-555555555555';

  it.each([
    [some('GOOGLE'), 'google', 'https://accounts.google.com'],
    [some('GITHUB'), 'github', 'https://github.com/login/oauth'],
    [some('GITHUB', { BASE_URL: 'https://git.example' }), 'github', 'https://git.example/login/oauth'],
    [some('AZURE', { TENANT_ID: tenant }), 'azure', `https://login.microsoftonline.com/${tenant}/v2.0`],
    [some('MICROSOFT', { TENANT_ID: tenant }), 'azure', `https://login.microsoftonline.com/${tenant}/v2.0`],
    [some('GITLAB'), 'gitlab', 'https://gitlab.com'],
    [some('GITLAB', { BASE_URL: 'https://git.example/gitlab' }), 'gitlab', 'https://git.example/gitlab'],
    [some('GITLAB', { ISSUER: 'https://git.example' }), 'gitlab', 'https://git.example'],
    [some('SLACK'), 'slack', 'https://slack.com'],
    [some('DISCORD'), 'discord', 'https://discord.com'],
    [some('OKTA', { ISSUER: 'https://acme.okta.com/oauth2/default' }), 'okta', 'https://acme.okta.com/oauth2/default'],
    [some('OKTA', { DOMAIN: 'acme.okta.com' }), 'okta', 'https://acme.okta.com'],
    [some('AUTH0', { DOMAIN: 'acme.us.auth0.com' }), 'auth0', 'https://acme.us.auth0.com/'],
    [some('KEYCLOAK', { ISSUER: 'https://sso.example/realms/a' }), 'keycloak', 'https://sso.example/realms/a'],
    [some('COGNITO', { ISSUER: cognitoPool }), 'cognito', cognitoPool],
    [some('LINKEDIN'), 'linkedin', 'https://www.linkedin.com/oauth'],
    [some('ATLASSIAN'), 'atlassian', 'https://auth.atlassian.com'],
    [some('OIDC_ACME', { ISSUER: 'https://id.acme.example' }), 'acme', 'https://id.acme.example'],
  ])('are made of %j', (environment, id, issuer) => {
    const providers = providersFromEnvironment(environment);
    expect(providers).toEqual([expect.objectContaining({ id, issuer, clientId: 'id', clientSecret: 'secret' })]);
    const options = { issuer: 'https://auth.example', secret: 'x'.repeat(40), store: 'memory:', providers };
    expect(() => new OAuthAuthorizationServer(options)).not.toThrow();
  });

  it('take the audience of Auth0', () => {
    const environment = some('AUTH0', { DOMAIN: 'acme.us.auth0.com', AUDIENCE: 'https://api.example' });
    expect(providersFromEnvironment(environment)[0]?.authorizationParameters).toMatchObject({
      audience: 'https://api.example',
    });
  });

  it('are as many as there are, also of the generic kind, which have names then', () => {
    const environment = {
      ...some('OIDC_WORK_ID', { ISSUER: 'https://b.example', NAME: 'Work' }),
      ...some('OIDC_ACME', { ISSUER: 'https://a.example' }),
      ...some('GOOGLE'),
      ...oidc,
      OIDC_NAME: 'Ours',
    };
    expect(providersFromEnvironment(environment).map(({ id, name }) => [id, name])).toEqual([
      ['google', 'Google'],
      ['oidc', 'Ours'],
      ['acme', 'a.example'],
      ['work-id', 'Work'],
    ]);
  });

  it.each([
    [{ GOOGLE_CLIENT_ID: 'id' }, 'GOOGLE_CLIENT_SECRET'],
    [{ AZURE_CLIENT_SECRET: 'x', AZURE_TENANT_ID: tenant }, 'AZURE_CLIENT_ID'],
    [{ MICROSOFT_CLIENT_ID: 'x', MICROSOFT_CLIENT_SECRET: 'x' }, 'MICROSOFT_TENANT_ID'],
    [some('OKTA'), 'OKTA_ISSUER or OKTA_DOMAIN'],
    [{ OKTA_DOMAIN: 'acme.okta.com' }, 'OKTA_CLIENT_ID and OKTA_CLIENT_SECRET'],
    [some('OIDC_ACME'), 'OIDC_ACME_ISSUER'],
    [{ OIDC_ACME_ISSUER: 'https://a.example' }, 'OIDC_ACME_CLIENT_ID and OIDC_ACME_CLIENT_SECRET'],
  ])('say what is missing beside %j alone', (environment, missing) => {
    expect(() => providersFromEnvironment(environment)).toThrow(`set ${missing} too.`);
  });

  it('are not made of what is there for other programs', () => {
    const environment = {
      GITHUB_BASE_URL: 'https://git.example',
      GITLAB_ISSUER: 'https://git.example',
      OIDC_NAME: 'x',
    };
    expect(providersFromEnvironment(environment)).toEqual([]);
  });

  it('say everything that is wrong at once', () => {
    const environment = { GOOGLE_CLIENT_ID: 'id', SLACK_CLIENT_SECRET: 'x', ...some('KEYCLOAK'), ...some('DISCORD') };
    let thrown: unknown;
    try {
      providersFromEnvironment(environment);
    } catch (reason) {
      thrown = reason;
    }
    expect(thrown).toBeInstanceOf(ConfigurationError);
    expect((thrown as ConfigurationError).faults).toEqual([
      'The Google provider is configured by half: set GOOGLE_CLIENT_SECRET too.',
      'The Slack provider is configured by half: set SLACK_CLIENT_ID too.',
      'The Keycloak provider is configured by half: set KEYCLOAK_ISSUER too.',
    ]);
  });
});
