import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import { githubProvider } from '../../providers/github.js';
import { createUpstream } from '../../src/upstream/create-upstream.js';
import { providerContract } from './contract.js';
import { readFixture } from './fixture.js';
import { signIn, type Scene } from './scene.js';
import { parametersOf, play, type Part, type Sent } from './stage.js';

const credentials = { clientId: 'test-client', clientSecret: 'test/secret+canary' };

providerContract('github', {
  provider: (client) => githubProvider(client),
  variants: {
    octocat: (client) => githubProvider({ ...client, scopes: ['read:user', 'user:email', 'read:org'] }),
  },
  unused: { 'github.membership': 'no rule of access names an organization' },
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

  it.each([false, undefined])(
    'takes no address of an Enterprise Server for verified that it calls %s',
    async (verified) => {
      const part: Part = {
        provider: githubProvider({ ...credentials, baseUrl: 'https://git.example' }),
        answers: {
          'https://git.example/api/v3/user': { body: { id: 1, login: 'a', email: 'a@acme.example' } },
          'https://git.example/api/v3/user/emails?per_page=100': {
            body: [{ email: 'a@acme.example', primary: true, verified }],
          },
        },
      };
      expect((await play(part)).user).toMatchObject({ sub: '1', email: 'a@acme.example', email_verified: false });
    },
  );

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

  describe('where rules of access name something', () => {
    const api = 'https://api.github.com';
    const list = (name: string) => `${api}/user/${name}?per_page=100`;
    const membership = (name: string) => `${api}/user/memberships/orgs/${name}`;
    const answers = {
      [`${api}/user`]: { body: { id: 1, login: 'octocat' } },
      [list('emails')]: { body: [] },
      [list('orgs')]: { body: [] },
      [list('teams')]: { body: [] },
    };
    const part = (sought: Part['sought'], more: Part['answers'] = {}): Part => ({
      provider: githubProvider(credentials),
      ...(sought && { sought }),
      answers: { ...answers, ...more },
    });
    const seek = (...organizations: string[]) => ({ organizations, groups: [] });

    it.each([
      [undefined, 'read:user user:email'],
      [seek(), 'read:user user:email'],
      [seek('acme'), 'read:user user:email read:org'],
      [{ organizations: [], groups: ['acme/core'] }, 'read:user user:email read:org'],
    ])('for %j asks for %s', async (sought, scope) => {
      expect((await parametersOf(part(sought))).scope).toBe(scope);
    });

    it.each<[string, unknown, { status?: number; body: unknown }, unknown]>([
      ['is an active member, also when the list does not show it', [], { body: { state: 'active' } }, ['Acme']],
      ['is one once, when the list shows it too', [{ login: 'acme' }], { body: { state: 'active' } }, ['Acme']],
      ['is not one while invited', [], { body: { state: 'pending' } }, []],
      ['is not one while invited, whatever the list shows', [{ login: 'ACME' }], { body: { state: 'pending' } }, []],
      ['is not one by a state that nobody knows', [{ login: 'acme' }], { body: { state: 'Active ' } }, []],
      ['is not one who is unknown there', [{ login: 'other' }], { status: 404, body: {} }, ['other']],
      ['is one by the list where the question is refused', [{ login: 'acme' }], { status: 403, body: {} }, ['acme']],
    ])('somebody %s', async (_, listed, answer, expected) => {
      const { user } = await play(
        part(seek('Acme'), { [list('orgs')]: { body: listed }, [membership('Acme')]: answer }),
      );
      expect(user.organizations).toEqual(expected);
    });

    it('asks about names as they are, and never elsewhere', async () => {
      const sent: Sent[] = [];
      const more = { [membership('..%2F..%2Fuser')]: { status: 404, body: {} } };
      await play(part(seek('../../user'), more), sent);
      expect(sent.map(({ address }) => address)).toContain(membership('..%2F..%2Fuser'));
    });

    it('knows the teams of the user', async () => {
      const teams = [{ slug: 'core', organization: { login: 'Acme' } }, { slug: 'lost' }, null, { organization: {} }];
      const sought = { organizations: [], groups: ['acme/core'] };
      const { user } = await play(part(sought, { [list('teams')]: { body: teams } }));
      expect(user.groups).toEqual(['Acme/core']);
    });

    it('does not know what GitHub does not tell', async () => {
      const refused = { status: 403, body: {} };
      const more = { [list('orgs')]: refused, [list('teams')]: refused, [membership('acme')]: refused };
      const { user } = await play(part(seek('acme'), more));
      expect([user.organizations, user.groups]).toEqual([undefined, undefined]);
    });

    it('asks for nothing that was not granted', async () => {
      const token = { body: { access_token: 'a', token_type: 'bearer', scope: 'read:user,user:email' } };
      const { user } = await play({ ...part(seek('acme')), token });
      expect([user.organizations, user.groups]).toEqual([undefined, undefined]);
    });
  });
});
