import { ConfigurationError, optionsFromEnvironment, providersFromEnvironment } from 'mcp-gatehouse';
import { describe, expect, it } from 'vitest';

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
});
