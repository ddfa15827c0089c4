import { describe, expect, it } from 'vitest';
import { readCallback } from '../../src/upstream/authorization-response.js';
import { AnswerFault } from '../../src/upstream/fault.js';
import type { UpstreamProvider } from '../../src/upstream/provider.js';

const provider: UpstreamProvider = {
  id: 'x',
  name: 'X',
  issuer: 'https://idp.example',
  clientId: 'id',
  clientSecret: 'secret',
  scopes: [],
  errorCodes: { user_cancelled_login: 'access_denied' },
};
const known = { ...provider, callbackIssuer: 'https://callback.example' };
const read = (query: string, settings = provider, expected = provider.issuer) =>
  readCallback('https://gatehouse.example/oauth/callback', query, settings, expected).searchParams;

describe('the query of a callback', () => {
  it('is left as it is where nothing is special', () => {
    const query = 'code=4%2F0A&state=a%20b&iss=https%3A%2F%2Fevil.example';
    expect(readCallback('https://gatehouse.example/cb', query, provider, provider.issuer).search).toBe(`?${query}`);
  });

  it.each([
    ['user_cancelled_login', 'access_denied'],
    ['constructor', 'constructor'],
    ['other', 'other'],
  ])('has the error %s by the name %s', (error, expected) => {
    expect(read(`error=${error}&state=x`).get('error')).toBe(expected);
  });

  it('may name the issuer as it is called in callbacks, or not at all', () => {
    expect(read('code=a&iss=https://callback.example', known).get('iss')).toBe(provider.issuer);
    expect(read('code=a', known).has('iss')).toBe(false);
  });

  it.each(['https://idp.example', 'https://callback.example/', ''])('may not name the issuer %j then', (iss) => {
    expect(() => read(`code=a&iss=${iss}`, known)).toThrow(AnswerFault);
  });

  it('names the issuer of the tokens for the library, where that is another', () => {
    expect(read('iss=https://idp.example', provider, 'idp.example').get('iss')).toBe('idp.example');
    expect(() => read('iss=https://evil.example', provider, 'idp.example')).toThrow(AnswerFault);
  });

  it('leaves a repeated iss for the library to refuse', () => {
    expect(read('iss=https://callback.example&iss=https://evil.example', known).getAll('iss')).toHaveLength(2);
  });
});
