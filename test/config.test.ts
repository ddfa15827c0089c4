import { generateKeyPairSync } from 'node:crypto';
import { memoryStore, type OAuthAuthorizationServerOptions } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { describe, expect, it } from 'vitest';
import { parseOptions, type Settings } from '../src/config.js';
import { ConfigurationError } from '../src/configuration-error.js';

const secret = 'PZ2rY0m3c9Qk1V7bW4xN8tH6sJ5dL0fG';
const otherSecret = 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';
const provider = oidcProvider({ issuer: 'https://id.example', clientId: 'a', clientSecret: 'upstream' });
const good: OAuthAuthorizationServerOptions = { issuer: 'https://auth.example', secret, providers: [provider] };

const parse = (options: object, production = false): Settings => parseOptions({ ...good, ...options }, production);

/** The sentences with which a configuration is refused; none when it is taken. */
function faultsOf(options: object, production = false): readonly string[] {
  try {
    parse(options, production);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

const without = (name: keyof OAuthAuthorizationServerOptions) => ({ [name]: undefined });

describe('a configuration', () => {
  it('needs an issuer, a secret and a provider, and knows the rest', () => {
    expect(parse({})).toMatchObject({
      issuer: 'https://auth.example',
      secret: [secret],
      store: 'sqlite:.gatehouse/gatehouse.sqlite',
      allowMemoryStoreInProduction: false,
      enableDCR: true,
      signing: { kind: 'rotating', rotationTtl: 7_776_000, publishTtl: 86_400 },
      accessTokenTtl: 3600,
      refreshTokenTtl: 2_592_000,
      refreshGraceTtl: 120,
      grantTtl: 15_552_000,
      authorizationCodeTtl: 60,
      transactionTtl: 600,
    });
  });

  it('is told all its faults at once, one sentence for each, and each names its option', () => {
    const faults = faultsOf({
      issuer: 'http://auth.example',
      secret: 'short',
      providers: [],
      store: 'postgres',
      accessTokenTtl: 1,
      colour: 'blue',
    });
    const named = ['issuer', 'secret', 'providers', 'store', 'accessTokenTtl', 'colour'];
    expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual(named.sort());
    for (const fault of faults) expect(fault).toMatch(/\.$/);
  });

  it('is told them in the message of the error too', () => {
    const attempt = () => parse({ issuer: 'x', secret: 'y' });
    expect(attempt).toThrow(ConfigurationError);
    expect(attempt).toThrow(/^mcp-gatehouse cannot start:\n {2}- issuer .+\n {2}- secret .+/);
  });

  it('never repeats a secret in what it says', () => {
    const leaked = 'hunter2';
    expect(faultsOf({ secret: leaked, signing: { algorithm: 'HS256', secret: leaked } }).join()).not.toContain(leaked);
  });

  it('cannot be changed afterwards', () => {
    expect(Object.isFrozen(parse({}))).toBe(true);
  });

  it('counts undefined as left out', () => {
    expect(parse({ accessTokenTtl: undefined, tokenTTL: 60, log: undefined }).accessTokenTtl).toBe(60);
  });

  it.each(['issuers', 'constructor', 'toString', 'hasOwnProperty'])('has no option %s', (name) => {
    expect(faultsOf({ [name]: 'x' })).toEqual([`${name} is not an option: see the list in the README.`]);
  });

  it('has no unknown options inside of others', () => {
    expect(faultsOf({ signing: { rotation: 1 } })).toEqual([
      expect.stringContaining('signing.rotation is not an option'),
    ]);
    const resources = [{ url: 'https://mcp.example/mcp', scope: 'a' }];
    expect(faultsOf({ resources })).toEqual([expect.stringContaining('resources.0.scope is not an option')]);
  });
});

describe('the issuer', () => {
  it.each([
    'https://auth.example',
    'https://auth.example:8443',
    'https://auth.example/team',
    'https://auth.example/team/a-b_c.d~e',
    'http://localhost:3000',
    'http://127.0.0.1:3000/team',
    'http://127.8.9.1',
    'http://[::1]:3000',
    'https://xn--bcher-kva.example',
  ])('may be %s', (issuer) => {
    expect(parse({ issuer }).issuer).toBe(issuer);
  });

  it.each([
    ['https://auth.example/', 'https://auth.example'],
    ['https://auth.example/team//', 'https://auth.example/team'],
  ])('%s loses its slash', (issuer, stripped) => {
    expect(parse({ issuer }).issuer).toBe(stripped);
  });

  it.each([
    'https://auth.example?a=b',
    'https://auth.example/#a',
    'https://user@auth.example',
    'https://user:password@auth.example',
    'https://Auth.example',
    'HTTPS://auth.example',
    'https://auth.example:443',
    'https://auth.example/a/../b',
    'https://auth.example/a b',
    'https://auth.example/$(id)',
    'https://auth.example/`id`',
    'https://auth.example/a;b',
    'https://auth.example/a&b',
    'https://auth.example/a|b',
    "https://auth.example/a'b",
    'https://auth.example/"',
    'https://auth.example/%2e',
    'https://auth.example\\evil',
    'https://bücher.example',
    'https://auth.example\n',
    ' https://auth.example',
    'ftp://auth.example',
    'javascript:alert(1)',
    'auth.example',
    '/',
    '',
  ])('cannot be %j', (issuer) => {
    expect(faultsOf({ issuer })).toEqual([expect.stringMatching(/^issuer has to be /)]);
  });

  it.each([
    'http://auth.example',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://0.0.0.0:3000',
    'http://10.0.0.1',
    'http://[::2]',
  ])('cannot be plain http as in %s, off the loopback', (issuer) => {
    expect(faultsOf({ issuer })).toEqual([expect.stringMatching(/^issuer has to be https: .*loopback/)]);
  });

  it.each([undefined, null, 42, ['https://auth.example']])('cannot be %j', (issuer) => {
    expect(faultsOf({ issuer })).toEqual([expect.stringMatching(/^issuer is missing: give the public URL/)]);
  });
});

describe('the secret', () => {
  it('may be one, or several', () => {
    expect(parse({ secret: [secret, otherSecret] }).secret).toEqual([secret, otherSecret]);
  });

  it.each([
    ['missing', undefined, /^secret is missing: make one with/],
    ['no list of texts', [42], /^secret is missing/],
    ['an empty list', [], /^secret is missing/],
    ['empty', '', /^secret has to have at least 32 random characters/],
    ['short', secret.slice(1), /^secret has to have at least 32 random characters/],
    ['short, second in a list', [secret, 'x'], /^secret has to have at least 32 random characters/],
    ['a placeholder', 'please-change-me-please-change-me-1', /^secret is a placeholder/],
    ['a placeholder', 'your-secret-your-secret-your-secret', /^secret is a placeholder/],
    ['a placeholder, second in a list', [secret, 'REPLACE_THIS_REPLACE_THIS_REPLACE_1'], /^secret is a placeholder/],
    ['named twice', [secret, secret], /^secret names the same secret twice/],
  ])('cannot be %s', (_, value, fault) => {
    expect(faultsOf({ secret: value })).toEqual([expect.stringMatching(fault)]);
  });

  it('cannot serve a second purpose', () => {
    const signing = { algorithm: 'HS256', secret: [otherSecret, secret] };
    expect(faultsOf({ signing })).toEqual([expect.stringContaining('signing.secret is one of the secrets')]);
    const upstream = oidcProvider({ issuer: 'https://id.example', clientId: 'a', clientSecret: secret });
    expect(faultsOf({ providers: [upstream] })).toEqual([expect.stringContaining('the clientSecret of oidc')]);
  });
});

describe('the other names of options', () => {
  it.each([
    ['signingSecret', 'secret', otherSecret, [otherSecret]],
    ['sessionSecret', 'secret', [otherSecret], [otherSecret]],
    ['upstreamProvider', 'providers', provider, [provider]],
    ['tokenTTL', 'accessTokenTtl', 77, 77],
    ['refreshTokenTTL', 'refreshTokenTtl', 7777, 7777],
  ] as const)('%s is %s', (alias, name, value, parsed) => {
    expect(parse({ ...without(name), [alias]: value })[name]).toEqual(parsed);
  });

  it.each([
    ['signingSecret', 'secret', secret],
    ['sessionSecret', 'secret', secret],
    ['upstreamProvider', 'providers', provider],
  ])('%s cannot be given beside %s', (alias, name, value) => {
    expect(faultsOf({ [alias]: value })).toEqual([`${name} is given twice, under two of its names: leave one out.`]);
  });

  it.each([
    { tokenTTL: 60, accessTokenTtl: 60 },
    { refreshTokenTTL: 6000, refreshTokenTtl: 6000 },
    { ...without('secret'), signingSecret: secret, sessionSecret: secret },
  ])('cannot be two for one option: %j', (options) => {
    expect(faultsOf(options)).toEqual([expect.stringContaining('is given twice')]);
  });

  it('has its faults told under the full name', () => {
    expect(faultsOf({ tokenTTL: 1 })).toEqual([expect.stringMatching(/^accessTokenTtl /)]);
  });
});

describe('providers', () => {
  const withId = (id: unknown) => ({ ...provider, id });

  it.each([
    ['missing', undefined, /^providers is missing: name at least one/],
    ['an empty list', [], /^providers is empty/],
    ['something else', [{}], /^providers\.0 is not a provider/],
    ['nothing', [null], /^providers\.0 is not a provider/],
    ['two of the same id', [provider, { ...provider, issuer: 'https://b.example' }], /two providers with the same id/],
  ])('cannot be %s', (_, providers, fault) => {
    expect(faultsOf({ providers })).toEqual([expect.stringMatching(fault)]);
  });

  it.each(['', 'Acme', 'a:b', 'a b', '-a', 'a'.repeat(33), '<b>', 'a|b'])('cannot have the id %j', (id) => {
    expect(faultsOf({ providers: [withId(id)] })).toEqual([expect.stringMatching(/^providers\.0 is not a provider/)]);
  });

  it.each(['acme', 'acme-2', '1', 'a_b', 'a'.repeat(32)])('may have the id %s', (id) => {
    expect(faultsOf({ providers: [withId(id)] })).toEqual([]);
  });
});

describe('resources', () => {
  it('are known by one spelling of their URL', () => {
    const resources = [{ url: 'HTTPS://MCP.example:443/mcp/' }, { url: 'http://localhost:3000/mcp' }];
    const urls = parse({ resources }).resources?.map(({ url }) => url);
    expect(urls).toEqual(['https://mcp.example/mcp', 'http://localhost:3000/mcp']);
  });

  it('have all their scopes as defaults, unless they say otherwise', () => {
    const scopes = { read: 'Read', write: 'Write' };
    const url = 'https://mcp.example/mcp';
    const defaultsOf = (resource: object) => parse({ resources: [resource] }).resources?.[0]?.defaultScopes;
    expect(defaultsOf({ url, scopes })).toEqual(['read', 'write']);
    expect(defaultsOf({ url, scopes, defaultScopes: ['write'] })).toEqual(['write']);
    expect(defaultsOf({ url, scopes, defaultScopes: [] })).toEqual([]);
    expect(defaultsOf({ url })).toEqual([]);
  });

  const url = 'https://mcp.example/mcp';
  it.each([
    ['an empty list', [], /^resources is empty/],
    ['one URL twice', [{ url }, { url: 'https://MCP.example/mcp/' }], /^resources has the same URL twice/],
    ['a URL with a query', [{ url: `${url}?a` }], /^resources\.0\.url has to be the URL of an MCP server/],
    ['a URL with a fragment', [{ url: `${url}#a` }], /^resources\.0\.url has to be the URL of an MCP server/],
    ['a URL with a user', [{ url: 'https://a@mcp.example' }], /^resources\.0\.url has to be the URL of an MCP server/],
    ['a path only', [{ url: '/mcp' }], /^resources\.0\.url has to be the URL of an MCP server/],
    ['plain http', [{ url: 'http://mcp.example' }], /^resources\.0\.url has to be https/],
    ['no URL', [{}], /^resources\.0\.url /],
    ['a scope with a space', [{ url, scopes: { 'a b': 'x' } }], /^resources\.0\.scopes has a name that is no scope/],
    ['a scope with a quote', [{ url, scopes: { 'a"b': 'x' } }], /^resources\.0\.scopes has a name that is no scope/],
    ['defaults that are no scopes', [{ url, defaultScopes: ['a'] }], /^resources\.0 has defaultScopes/],
    ['a prototype as a scope', [{ url, defaultScopes: ['constructor'] }], /^resources\.0 has defaultScopes/],
    ['documentation that is no URL', [{ url, documentation: 'see there' }], /^resources\.0\.documentation /],
  ])('cannot be %s', (_, resources, fault) => {
    expect(faultsOf({ resources })).toEqual([expect.stringMatching(fault)]);
  });
});

describe('the store', () => {
  const memory = memoryStore({ clock: () => 0 });
  const volatile = { ...memory, volatile: true };
  const lasting = { ...memory, volatile: false };

  it.each([
    ...['sqlite:gatehouse.sqlite', 'sqlite:/var/lib/gatehouse', 'memory:', 'redis://localhost', lasting],
    ...['rediss://:secret@cache.example:6380/1', 'postgres://me:secret@db.example/gatehouse', 'postgresql://localhost'],
  ])('may be %j', (store) => {
    expect(faultsOf({ store })).toEqual([]);
  });

  it.each(['', 'sqlite:', 'memory', 'memory:x', 'redis:localhost', 'gatehouse.sqlite', 42, {}, null])(
    'cannot be %j',
    (store) => {
      expect(faultsOf({ store })).toEqual([expect.stringMatching(/^store has to be /)]);
    },
  );

  it('is not quoted when its URL is none, since there may be a password in it', () => {
    const [fault = ''] = faultsOf({ store: 'postgres://me:canary#@[db/gatehouse' });
    expect(fault).toContain('store has to be sqlite:PATH, redis://');
    expect(fault).not.toContain('canary');
  });

  it.each(['memory:', volatile, memory])('that forgets cannot be used in production without permission', (store) => {
    expect(faultsOf({ store }, true)).toEqual([expect.stringMatching(/^store is a memory store, in production/)]);
    expect(faultsOf({ store, allowMemoryStoreInProduction: true }, true)).toEqual([]);
    expect(faultsOf({ store }, false)).toEqual([]);
  });

  it('that lasts can be used in production', () => {
    expect(faultsOf({}, true)).toEqual([]);
    expect(faultsOf({ store: lasting }, true)).toEqual([]);
  });
});

describe('durations', () => {
  const limits = [
    ['accessTokenTtl', 30, 86_400],
    ['refreshTokenTtl', 60, 315_360_000],
    ['refreshGraceTtl', 0, 7200],
    ['grantTtl', 60, 315_360_000],
    ['authorizationCodeTtl', 10, 600],
    ['transactionTtl', 60, 600],
  ] as const;
  // So that the one under test does not contradict the others.
  const wide = { accessTokenTtl: 30, refreshTokenTtl: 100_000, grantTtl: 315_360_000 };
  const around = (name: string, value: unknown) =>
    faultsOf({ ...wide, ...(name === 'grantTtl' && { refreshTokenTtl: 60 }), [name]: value });

  it.each(limits)('%s has to be from %d to %d', (name, min, max) => {
    const fault = [`${name} has to be a whole number of seconds from ${min} to ${max}.`];
    for (const value of [min - 1, max + 1, min + 0.5, -1, NaN, Infinity, String(min), null]) {
      expect(around(name, value), String(value)).toEqual(fault);
    }
    for (const value of [min, max]) expect(around(name, value), String(value)).toEqual([]);
  });

  it('have to be in proportion', () => {
    expect(faultsOf({ accessTokenTtl: 3600, refreshTokenTtl: 3599 })).toEqual([
      'refreshTokenTtl has to be at least as long as accessTokenTtl.',
    ]);
    expect(faultsOf({ refreshTokenTtl: 7200, grantTtl: 7199 })).toEqual([
      'grantTtl has to be at least as long as refreshTokenTtl.',
    ]);
  });
});

describe('what the server calls', () => {
  it.each(['tokenMapper', 'log', 'clock', 'randomness'])('%s has to be a function', (name) => {
    expect(faultsOf({ [name]: 'text' })).toEqual([`${name} has to be a function.`]);
    expect(faultsOf({ [name]: () => 0 })).toEqual([]);
  });
});

describe('signing', () => {
  const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
  const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey;
  const pem = { type: 'pkcs8', format: 'pem' } as const;
  const p256 = ec('P-256');
  const rsa2048 = rsa(2048);

  it('takes ES256 keys as PEM and as JWK', () => {
    const keys = [p256.export(pem), ec('P-256').export({ format: 'jwk' })];
    expect(parse({ signing: { keys } }).signing).toMatchObject({ kind: 'supplied', algorithm: 'ES256' });
  });

  it('takes RS256 keys as PEM and as JWK', () => {
    const keys = [
      rsa2048.export(pem),
      rsa2048.export({ type: 'pkcs1', format: 'pem' }),
      rsa(3072).export({ format: 'jwk' }),
    ];
    const { signing } = parse({ signing: { algorithm: 'RS256', keys } });
    expect(signing).toMatchObject({ kind: 'supplied', algorithm: 'RS256' });
  });

  it('takes HS256 with a secret, or several', () => {
    const signing = { algorithm: 'HS256', secret: otherSecret };
    expect(parse({ signing }).signing).toEqual({ kind: 'shared', secret: [otherSecret] });
  });

  it('takes other times of rotation', () => {
    const signing = { rotationTtl: 7200, publishTtl: 900 };
    expect(parse({ signing }).signing).toEqual({ kind: 'rotating', ...signing });
  });

  const publicPem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    type: 'spki',
    format: 'pem',
  });
  const pss = () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey.export(pem);
  it.each([
    ['on the wrong curve', 'ES256', [ec('P-384').export(pem)]],
    ['on another curve of 256 bits', 'ES256', [ec('secp256k1').export(pem)]],
    ['of RSA', 'ES256', [rsa2048.export(pem)]],
    ['of Ed25519', 'ES256', [generateKeyPairSync('ed25519').privateKey.export(pem)]],
    ['that are public', 'ES256', [publicPem]],
    ['that are no keys', 'ES256', ['-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----']],
    ['that are an empty object', 'ES256', [{}]],
    ['of which the second is wrong', 'ES256', [p256.export(pem), ec('P-521').export(pem)]],
    ['on a curve', 'RS256', [p256.export(pem)]],
    ['that are short', 'RS256', [rsa(1024).export(pem)]],
    ['that RS256 cannot use', 'RS256', [pss()]],
  ])('takes no keys %s for %s', (_, algorithm, keys) => {
    const fault = `signing has a key that is not a private key for ${algorithm} (PEM or JWK).`;
    expect(faultsOf({ signing: { algorithm, keys } })).toEqual([fault]);
  });

  it.each([
    ['HS256 without a secret', { algorithm: 'HS256' }, /^signing needs a secret for HS256/],
    ['HS256 with keys', { algorithm: 'HS256', keys: ['x'], secret: otherSecret }, /^signing /],
    ['HS256 with a short secret', { algorithm: 'HS256', secret: 'x' }, /^signing\.secret has to have at least 32/],
    ['ES256 with a secret', { secret: otherSecret }, /^signing has a secret, which only HS256 can use/],
    ['RS256 without keys', { algorithm: 'RS256' }, /^signing needs keys for RS256/],
    ['no algorithm at all', { algorithm: 'none' }, /^signing\.algorithm /],
    ['an algorithm that does not exist here', { algorithm: 'PS256' }, /^signing\.algorithm /],
    ['an empty list of keys', { keys: [] }, /^signing\.keys /],
    [
      'a key that signs before it was seen',
      { rotationTtl: 3600, publishTtl: 3600 },
      /not shorter than its rotationTtl/,
    ],
    ['a rotation in minutes', { rotationTtl: 3599 }, /^signing\.rotationTtl /],
    ['a publication shorter than caches last', { publishTtl: 899 }, /^signing\.publishTtl /],
  ])('refuses %s', (_, signing, fault) => {
    expect(faultsOf({ signing })).toEqual([expect.stringMatching(fault)]);
  });
});
