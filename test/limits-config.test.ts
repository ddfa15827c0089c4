import { describe, expect, it } from 'vitest';
import { parseOptions } from '../src/config.js';
import { ConfigurationError } from '../src/configuration-error.js';
import { optionsFromEnvironment } from '../src/index.js';
import { oidcProvider } from '../providers/oidc.js';
import { testSecret } from './support/gatehouse.js';

const provider = oidcProvider({ issuer: 'https://id.example', clientId: 'a', clientSecret: 'upstream' });
const parse = (options: object) =>
  parseOptions({ issuer: 'https://auth.example', secret: testSecret, providers: [provider], ...options }, false);

function faultsOf(options: object): readonly string[] {
  try {
    parse(options);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

const perMinute = (requests: number) => ({ requests, seconds: 60 });

describe('rateLimits', () => {
  it('are all on by default, with room for the crowds behind one address', () => {
    expect(parse({}).rateLimits).toEqual({
      registration: perMinute(600),
      authorization: perMinute(1200),
      token: perMinute(6000),
      introspection: perMinute(30_000),
      revocation: perMinute(1200),
      metadataDocuments: perMinute(60),
      admin: perMinute(120),
    });
  });

  it('are set one by one, and turned off one by one or all', () => {
    const { rateLimits } = parse({ rateLimits: { token: { requests: 5, seconds: 10 }, registration: false } });
    expect(rateLimits).toMatchObject({
      token: { requests: 5, seconds: 10 },
      registration: false,
      revocation: perMinute(1200),
    });
    expect(new Set(Object.values(parse({ rateLimits: false }).rateLimits))).toEqual(new Set([false]));
  });

  it.each([
    [true, 'rateLimits '],
    [{ tokens: false }, 'rateLimits.tokens is not an option'],
    [{ token: 5 }, 'rateLimits.token '],
    [{ token: { requests: 0, seconds: 60 } }, 'rateLimits.token'],
    [{ token: { requests: 1.5, seconds: 60 } }, 'rateLimits.token'],
    [{ token: { requests: 5, seconds: 0 } }, 'rateLimits.token'],
    [{ token: { requests: 5, seconds: 86_401 } }, 'rateLimits.token'],
    [{ token: { requests: 5 } }, 'rateLimits.token'],
    [{ store: 'redis://127.0.0.1' }, 'rateLimits.store has to be memory, a client'],
    [{ store: {} }, 'rateLimits.store has to be memory, a client'],
  ])('may not be %j', (rateLimits, fault) => {
    expect(faultsOf({ rateLimits })).toEqual([expect.stringContaining(fault)]);
  });
});

describe('trustedProxies', () => {
  it('are none by default', () => {
    expect(parse({}).trustedProxies).toEqual([]);
    expect(parse({ trustedProxies: ['loopback', '10.0.0.0/8'] }).trustedProxies).toEqual(['loopback', '10.0.0.0/8']);
  });

  it.each([[true], ['10.0.0.0/8'], [['0.0.0.0/0']], [['everybody']], [[1]]])('may not be %j', (trustedProxies) => {
    expect(faultsOf({ trustedProxies })).toEqual([expect.stringContaining('trustedProxies')]);
  });
});

describe('the environment', () => {
  it('turns limits off, and names proxies', () => {
    expect(optionsFromEnvironment({ GATEHOUSE_RATE_LIMITS: 'off' })).toEqual({ providers: [], rateLimits: false });
    expect(optionsFromEnvironment({ GATEHOUSE_RATE_LIMITS: 'on', GATEHOUSE_TRUSTED_PROXIES: ' ' })).toEqual({
      providers: [],
    });
    expect(optionsFromEnvironment({ GATEHOUSE_TRUSTED_PROXIES: 'loopback, 10.0.0.0/8 192.0.2.1' })).toEqual({
      providers: [],
      trustedProxies: ['loopback', '10.0.0.0/8', '192.0.2.1'],
    });
    expect(() => optionsFromEnvironment({ GATEHOUSE_RATE_LIMITS: 'false' })).toThrow(
      'GATEHOUSE_RATE_LIMITS has to be on or off.',
    );
  });
});
