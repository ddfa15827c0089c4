import { describe, expect, it } from 'vitest';
import { auth0Provider } from '../../providers/auth0.js';
import { createUpstream } from '../../src/upstream/create-upstream.js';
import { providerContract } from './contract.js';
import { evidence } from './evidence.js';

const client = { clientId: 'id', clientSecret: 'secret' };

providerContract('auth0', {
  provider: (credentials) => auth0Provider({ domain: 'acme.us.auth0.com', ...credentials }),
});

describe('auth0Provider', () => {
  it.each([
    [{ domain: 'acme.us.auth0.com' }],
    [{ domain: 'acme.us.auth0.com/' }],
    [{ domain: 'https://acme.us.auth0.com' }],
    [{ issuer: 'https://acme.us.auth0.com/' }],
    [{ issuer: 'https://acme.us.auth0.com' }],
  ])('with %j has the issuer that Auth0 publishes, slash and all', (options) => {
    expect(auth0Provider({ ...options, ...client }).issuer).toBe('https://acme.us.auth0.com/');
  });

  it('asks for tokens for an audience', () => {
    const options = { audience: 'https://api.acme.example', authorizationParameters: { organization: 'org_1' } };
    expect(auth0Provider({ domain: 'acme.us.auth0.com', ...client, ...options }).authorizationParameters).toEqual({
      audience: 'https://api.acme.example',
      organization: 'org_1',
    });
  });

  it('knows the organization that the user signed in to, and the groups of a claim that is named', async () => {
    const groupsClaim = 'https://acme.example/groups';
    const { identify } = auth0Provider({ domain: 'acme.us.auth0.com', ...client, groupsClaim });
    const idToken = { sub: '1', org_id: 'org_1', [groupsClaim]: ['staff'] };
    expect(await identify?.(evidence({ idToken, profile: { sub: '1' } }))).toMatchObject({
      organizations: ['org_1'],
      groups: ['staff'],
    });
  });

  it('revokes nothing while the user has other grants, which may end with it', () => {
    const { revocation } = auth0Provider({ domain: 'acme.us.auth0.com', ...client });
    expect(revocation).toEqual({ refreshTokensOnly: true, reachesAll: true });
  });

  it('says at start what is missing', () => {
    const services = {
      callbackUrl: 'https://gatehouse.example/oauth/callback',
      fetch: () => Promise.reject(new Error()),
    };
    const provider = auth0Provider(client);
    expect(() => createUpstream(provider, { ...services, clock: () => 0 })).toThrow('domain or issuer');
  });
});
