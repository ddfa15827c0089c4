import { describe, expect, it } from 'vitest';
import type { UpstreamProvider } from '../../src/upstream/provider.js';
import { faultsOf } from '../../src/upstream/provider-faults.js';

const openid: UpstreamProvider = {
  id: 'x',
  name: 'X',
  issuer: 'https://idp.example',
  clientId: 'id',
  clientSecret: 'secret',
  scopes: ['openid'],
};
const plain: UpstreamProvider = {
  ...openid,
  protocol: 'oauth2',
  scopes: [],
  endpoints: {
    authorization: 'https://idp.example/a',
    token: 'https://idp.example/t',
    userInfo: 'https://api.example/u',
  },
};

describe('the faults of a provider', () => {
  it('are none where there are none', () => {
    expect(faultsOf(openid)).toEqual([]);
    expect(faultsOf(plain)).toEqual([]);
    expect(faultsOf({ ...openid, endpoints: { token: 'https://other.example/t' } })).toEqual([]);
  });

  it.each<[string, UpstreamProvider]>([
    ['the endpoints authorization and token are missing', { ...plain, endpoints: {}, identify: () => ({}) }],
    ['nothing says who the user is', { ...plain, endpoints: { ...plain.endpoints, userInfo: undefined } }],
    ['the endpoint token has to be', { ...openid, endpoints: { token: 'http://idp.example/t' } }],
    ['the endpoint token has to be', { ...openid, endpoints: { token: 'http://127.0.0.1/t' } }],
    ['the endpoint userInfo has to be', { ...openid, endpoints: { userInfo: 'https://idp.example/#x' } }],
    ['the scopes have to be a list', { ...plain, scopes: 'a b' as never }],
    ['the scopes have to include openid', { ...openid, scopes: ['email'] }],
    ['my own words', { ...openid, faults: ['my own words'] }],
  ])('are found, and said: %s', (words, provider) => {
    expect(faultsOf(provider)).toEqual([expect.stringContaining(words)]);
  });
});
