import { describe, expect, it } from 'vitest';
import { cognitoProvider } from '../../providers/cognito.js';
import { createUpstream } from '../../src/upstream/create-upstream.js';
import { providerContract } from './contract.js';

const client = { clientId: 'id', clientSecret: 'secret' };
const issuer = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI';

providerContract('cognito', {
  provider: (credentials) => cognitoProvider({ userPoolId: 'eu-west-1_AbCdEfGhI', ...credentials }),
  refused: { 'cognito.token.access_as_id': 'an access token is no ID token' },
});

describe('cognitoProvider', () => {
  it.each([
    [{ issuer }],
    [{ userPoolId: 'eu-west-1_AbCdEfGhI' }],
    [{ userPoolId: 'eu-west-1_AbCdEfGhI', region: 'eu-west-1' }],
    [{ userPoolId: 'eu-west-1_AbCdEfGhI', region: undefined }],
  ])('with %j has the issuer of the pool', (options) => {
    expect(cognitoProvider({ ...options, ...client }).issuer).toBe(issuer);
  });

  it('says at start what is missing', () => {
    const services = {
      callbackUrl: 'https://gatehouse.example/oauth/callback',
      fetch: () => Promise.reject(new Error()),
    };
    const provider = cognitoProvider({ ...client, ...{ region: 'eu-west-1' } });
    expect(() => createUpstream(provider, { ...services, clock: () => 0 })).toThrow('issuer or userPoolId');
  });
});
