import { describe, expect, it } from 'vitest';
import { keycloakProvider } from '../../providers/keycloak.js';
import { createUpstream } from '../../src/upstream/create-upstream.js';
import { providerContract } from './contract.js';

const client = { clientId: 'id', clientSecret: 'secret' };

providerContract('keycloak', {
  provider: (credentials) => keycloakProvider({ issuer: 'https://sso.example.com/realms/acme', ...credentials }),
});

describe('keycloakProvider', () => {
  it.each([
    [{ baseUrl: 'https://sso.example.com', realm: 'acme' }, 'https://sso.example.com/realms/acme'],
    [{ baseUrl: 'https://sso.example.com/auth/', realm: 'acme' }, 'https://sso.example.com/auth/realms/acme'],
    [{ baseUrl: 'https://sso.example.com', realm: 'a b' }, 'https://sso.example.com/realms/a%20b'],
  ])('with %j has the issuer %s', (options, issuer) => {
    expect(keycloakProvider({ ...options, ...client }).issuer).toBe(issuer);
  });

  it('says at start what is missing', () => {
    const services = {
      callbackUrl: 'https://gatehouse.example/oauth/callback',
      fetch: () => Promise.reject(new Error()),
    };
    const provider = keycloakProvider({ ...client, ...{ realm: 'acme' } });
    expect(() => createUpstream(provider, { ...services, clock: () => 0 })).toThrow('baseUrl and realm');
  });
});
