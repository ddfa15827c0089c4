import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import { githubProvider } from '../../providers/github.js';
import { createUpstream } from '../../src/upstream/upstream.js';
import { providerContract } from './contract.js';
import { readFixture } from './fixture.js';
import { signIn, type Scene } from './scene.js';

const credentials = { clientId: 'test-client', clientSecret: 'test/secret+canary' };

providerContract('github', {
  provider: (client) => githubProvider(client),
  variants: {
    octocat: (client) => githubProvider({ ...client, scopes: ['read:user', 'user:email', 'read:org'] }),
  },
  unused: { 'github.membership': 'the list of organizations says enough' },
});

describe('githubProvider', () => {
  afterEach(() => nock.cleanAll());

  const fixture = readFixture('github');
  const profileOf = (...ids: string[]) =>
    [...fixture.userinfo, ...fixture.userinfo_error].filter(({ id }) => ids.includes(id));
  const scene: Scene = {
    fixture,
    provider: githubProvider(credentials),
    profiles: profileOf('github.user', 'github.emails'),
  };

  it.each([
    [undefined, 'https://github.com', 'https://api.github.com'],
    ['https://github.com/', 'https://github.com', 'https://api.github.com'],
    ['https://git.example', 'https://git.example', 'https://git.example/api/v3'],
    ['https://acme.ghe.com', 'https://acme.ghe.com', 'https://api.acme.ghe.com'],
  ])('at %s has its endpoints below %s and %s', (baseUrl, base, api) => {
    const provider = githubProvider({ ...credentials, ...(baseUrl !== undefined && { baseUrl }) });
    expect(provider.issuer).toBe(`${base}/login/oauth`);
    expect(provider.endpoints).toEqual({
      authorization: `${base}/login/oauth/authorize`,
      token: `${base}/login/oauth/access_token`,
      userInfo: `${api}/user`,
      revocation: `${api}/applications/test-client/token`,
    });
  });

  it('says what to do about an Enterprise Server without TLS', () => {
    const services = { callbackUrl: 'https://a.example/cb', fetch: () => Promise.reject(new Error()), clock: () => 0 };
    const provider = githubProvider({ ...credentials, baseUrl: 'http://git.example' });
    expect(() => createUpstream(provider, services)).toThrow('the issuer has to be the https URL');
  });

  it('knows a classic token to live for an unknown time, and the scopes by their commas', async () => {
    const { tokens } = await signIn(scene);
    expect(tokens).toEqual({
      access_token: expect.stringMatching(/^gho_/) as string,
      token_type: 'bearer',
      scope: 'read:user user:email',
    });
  });

  it('does not know the organizations of somebody who was not asked for them', async () => {
    const { user } = await signIn(scene);
    expect('organizations' in user).toBe(false);
    expect(user.raw).toMatchObject({ id: 583231, company: '@github' });
  });

  it('fails the sign-in when the addresses cannot be had for now', async () => {
    const [limited] = profileOf('github.rate_limited');
    const [emails] = profileOf('github.emails');
    if (!limited || !emails) throw new Error('The fixture lacks something.');
    const profiles = [...profileOf('github.user'), { ...limited, request: emails.request }];
    await expect(signIn({ ...scene, profiles })).rejects.toMatchObject({ code: 'temporarily_unavailable' });
  });
});
