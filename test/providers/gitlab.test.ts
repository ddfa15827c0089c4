import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { gitlabProvider } from '../../providers/gitlab.js';
import { providerContract } from './contract.js';
import { evidence } from './evidence.js';
import { parametersOf, play, upstreamOf, type Answer } from './stage.js';

const client = { clientId: 'id', clientSecret: 'secret' };
const byRest = (credentials: typeof client) => gitlabProvider({ scopes: ['read_user'], ...credentials });

providerContract('gitlab', {
  provider: gitlabProvider,
  variants: {
    'gitlab.discovery.selfhosted_subpath': (credentials) =>
      gitlabProvider({ baseUrl: 'https://git.example.com/gitlab/', ...credentials }),
    'gitlab.token.code.old_selfhosted': (credentials) =>
      gitlabProvider({ baseUrl: 'https://git.example.com', ...credentials }),
    rest_only: byRest,
  },
  refused: { 'gitlab.token.code.no_openid': 'where openid was asked for there has to be an ID token' },
  unused: { 'gitlab.rest.401': 'the REST API is asked by applications without openid only: below' },
});

describe('gitlabProvider', () => {
  const profile = { sub: '1', email: 'public@example.com', email_verified: true };

  it.each([
    [['openid', 'profile'], false],
    [['openid', 'profile', 'email'], true],
  ])('with the scopes %j finds the address verified: %s', async (scopes, expected) => {
    const { identify } = gitlabProvider(client);
    expect(await identify?.(evidence({ scopes, profile }))).toMatchObject({ email_verified: expected });
  });

  it('does not take the direct groups of the ID token for all groups', async () => {
    const { identify } = gitlabProvider(client);
    const claims = await identify?.(evidence({ idToken: { sub: '1', groups_direct: ['a'], groups: ['a'] }, profile }));
    expect(claims?.groups).toBeUndefined();
  });

  describe('for an application without openid', () => {
    beforeAll(() => nock.disableNetConnect());
    afterEach(() => nock.cleanAll());
    afterAll(() => nock.enableNetConnect());

    const base = 'https://git.example.com/gitlab';
    const part = (scopes: string[], answer: Answer) => ({
      provider: gitlabProvider({ ...client, baseUrl: `${base}/`, scopes }),
      answers: { [`${base}/api/v4/user`]: answer },
    });
    const user = { id: 7, username: 'a', state: 'active', locked: false, email: 'a@b.example', email_verified: true };

    it.each([['read_user'], ['api']])('asks the REST API with %s, which verifies no address', async (scope) => {
      const parameters = await parametersOf(part([scope], { body: user }));
      expect(parameters).toMatchObject({ scope, code_challenge_method: 'S256' });
      expect('nonce' in parameters).toBe(false);
      const { user: found, issuer } = await play(part([scope], { body: user }));
      expect(found).toMatchObject({ sub: '7', preferred_username: 'a', email: 'a@b.example', email_verified: false });
      expect(issuer).toBe(base);
    });

    it.each<[string, Answer, string]>([
      ['a refusal', { status: 401, body: { message: '401 Unauthorized' } }, 'server_error'],
      ['a user who is blocked', { body: { ...user, state: 'blocked' } }, 'access_denied'],
      ['a user who is locked', { body: { ...user, locked: true } }, 'access_denied'],
      ['a user without an id', { body: { ...user, id: null } }, 'server_error'],
    ])('signs nobody in on %s', async (_, answer, code) => {
      await expect(play(part(['read_user'], answer))).rejects.toMatchObject({ code });
    });

    it('does not start with scopes that let it ask nobody', () => {
      expect(() => upstreamOf(gitlabProvider({ ...client, scopes: ['email'] }))).toThrow('openid');
    });
  });
});
