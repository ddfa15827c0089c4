import { describe, expect, it } from 'vitest';
import { oidcProvider } from '../../providers/index.js';
import { createUpstream } from '../../src/upstream/create-upstream.js';

const client = { clientId: 'id', clientSecret: 'secret' };
const services = {
  callbackUrl: 'https://auth.example/oauth/callback',
  fetch: () => Promise.reject(new Error('Nothing is fetched before it is needed.')),
  clock: () => 0,
};

describe('oidcProvider', () => {
  it('needs an issuer and a client, and knows the rest', () => {
    expect(oidcProvider({ issuer: 'https://id.example/realms/a', ...client })).toEqual({
      id: 'oidc',
      name: 'id.example',
      issuer: 'https://id.example/realms/a',
      scopes: ['openid', 'email', 'profile', 'offline_access'],
      ...client,
    });
  });

  it('takes what is given, and treats undefined as not given', () => {
    const options = {
      id: 'acme',
      name: 'Acme',
      scopes: ['openid'],
      clientAuthentication: 'client_secret_post',
    } as const;
    expect(oidcProvider({ issuer: 'https://id.example', ...client, ...options })).toMatchObject(options);
    const unset = oidcProvider({ issuer: 'https://id.example', ...client, name: undefined, scopes: undefined });
    expect(unset).toMatchObject({ name: 'id.example', scopes: ['openid', 'email', 'profile', 'offline_access'] });
  });

  it('says what to do about an issuer that is no URL', () => {
    const provider = oidcProvider({ issuer: 'id.example', ...client });
    expect(() => createUpstream(provider, services)).toThrow('the issuer has to be the https URL');
  });

  it.each([
    'https://id.example',
    'https://id.example/',
    'https://id.example/realms/a',
    'http://127.0.0.1:3000',
    'http://127.5.5.5/x',
    'http://[::1]:3000',
    'http://localhost:3000/local-provider',
  ])('can have the issuer %s', (issuer) => {
    expect(createUpstream(oidcProvider({ issuer, ...client }), services).provider.issuer).toBe(issuer);
  });

  it.each([
    'http://id.example',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://0177.1/',
    'ftp://id.example',
    'https://id.example?x=1',
    'https://id.example#x',
    'https://user:password@id.example',
    'https://id.example/.well-known/openid-configuration',
  ])('cannot have the issuer %s', (issuer) => {
    expect(() => createUpstream(oidcProvider({ issuer, ...client }), services)).toThrow(/^Provider oidc: the issuer /);
  });

  it.each([
    [{ clientId: '' }, 'clientId'],
    [{ clientSecret: '' }, 'clientSecret'],
    [{ scopes: ['email'] }, 'openid'],
  ])('cannot have %j', (options, word) => {
    const provider = oidcProvider({ issuer: 'https://id.example', ...client, ...options });
    expect(() => createUpstream(provider, services)).toThrow(word);
  });
});
