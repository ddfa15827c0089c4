import { describe, expect, it } from 'vitest';
import { oktaProvider } from '../../providers/okta.js';
import { createUpstream } from '../../src/upstream/create-upstream.js';
import { providerContract } from './contract.js';

const client = { clientId: 'id', clientSecret: 'secret' };

providerContract('okta', {
  provider: (credentials) => oktaProvider({ issuer: 'https://acme.okta.com/oauth2/default', ...credentials }),
  variants: { 'okta.discovery.org': (credentials) => oktaProvider({ domain: 'acme.okta.com', ...credentials }) },
});

describe('oktaProvider', () => {
  it.each([
    [{ domain: 'acme.okta.com' }, 'https://acme.okta.com'],
    [{ domain: 'https://acme.okta.com/' }, 'https://acme.okta.com'],
    [{ domain: 'acme.okta.com', authorizationServer: 'default' }, 'https://acme.okta.com/oauth2/default'],
    [{ issuer: 'https://id.acme.example/oauth2/aus1' }, 'https://id.acme.example/oauth2/aus1'],
  ])('with %j has the issuer %s', (options, issuer) => {
    expect(oktaProvider({ ...options, ...client }).issuer).toBe(issuer);
  });

  it('takes what is given, and treats undefined as not given', () => {
    const provider = oktaProvider({
      domain: 'acme.okta.com',
      ...client,
      id: 'work',
      name: undefined,
      scopes: ['openid'],
    });
    expect(provider).toMatchObject({ id: 'work', name: 'Okta', scopes: ['openid'], ...client });
  });

  it('says at start what is missing', () => {
    const services = {
      callbackUrl: 'https://gatehouse.example/oauth/callback',
      fetch: () => Promise.reject(new Error()),
    };
    const provider = oktaProvider(client);
    expect(() => createUpstream(provider, { ...services, clock: () => 0 })).toThrow('issuer or domain');
  });
});
