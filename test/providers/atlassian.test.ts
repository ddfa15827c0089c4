import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { atlassianProvider } from '../../providers/atlassian.js';
import { providerContract } from './contract.js';
import { evidence } from './evidence.js';
import { parametersOf, play, type Answer, type Part, type Sent } from './stage.js';

providerContract('atlassian', { provider: atlassianProvider });

describe('atlassianProvider', () => {
  const client = { clientId: 'id', clientSecret: 'secret' };

  it('finds no address verified, whatever the answer says', async () => {
    const profile = { account_id: '1', email: 'a@example.com', email_verified: true };
    const { identify } = atlassianProvider(client);
    expect(await identify?.(evidence({ profile }))).toMatchObject({ sub: '1', email_verified: false });
  });

  it('adds what is given to the parameters that Atlassian insists on', () => {
    const { authorizationParameters } = atlassianProvider({ ...client, authorizationParameters: { state: 'x' } });
    expect(authorizationParameters).toEqual({ audience: 'api.atlassian.com', prompt: 'consent', state: 'x' });
  });

  describe('when sites matter', () => {
    beforeAll(() => nock.disableNetConnect());
    afterEach(() => nock.cleanAll());
    afterAll(() => nock.enableNetConnect());

    const sites = 'https://api.atlassian.com/oauth/token/accessible-resources';
    const me = { 'https://api.atlassian.com/me': { body: { account_id: '1' } } };
    const sought = { organizations: ['site-1'], groups: [] };
    const part = (answer: Answer): Part => ({
      provider: atlassianProvider(client),
      answers: { ...me, [sites]: answer },
      sought,
    });

    it('asks for a scope that sites are approved with', async () => {
      expect((await parametersOf(part({ body: [] }))).scope).toBe('read:me offline_access read:jira-user');
    });

    it.each<[string, Answer, unknown]>([
      ['those that were approved', { body: [{ id: 'site-1', name: 'acme' }, { id: 'site-2' }] }, ['site-1', 'site-2']],
      ['none', { body: [] }, []],
      ['unknown when refused', { status: 401, body: { code: 401, message: 'Unauthorized' } }, undefined],
      ['unknown when it is no list', { body: { odd: true } }, undefined],
    ])('knows the sites: %s', async (_, answer, expected) => {
      expect((await play(part(answer))).user.organizations).toEqual(expected);
    });

    it('signs nobody in while they cannot be had', async () => {
      await expect(play(part({ status: 503, body: {} }))).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    });

    it('does not take sites for none that nobody could approve', async () => {
      const sent: Sent[] = [];
      const { user } = await play({ provider: atlassianProvider(client), answers: me }, sent);
      expect('organizations' in user).toBe(false);
      expect(sent.map(({ address }) => address)).not.toContain(sites);
    });
  });
});
