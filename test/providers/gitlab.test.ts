import { describe, expect, it } from 'vitest';
import { gitlabProvider } from '../../providers/gitlab.js';
import { providerContract } from './contract.js';
import { evidence } from './evidence.js';

const client = { clientId: 'id', clientSecret: 'secret' };
const noOpenId = 'an application without the openid scope sends no ID token';

providerContract('gitlab', {
  provider: gitlabProvider,
  variants: {
    'gitlab.discovery.selfhosted_subpath': (credentials) =>
      gitlabProvider({ baseUrl: 'https://git.example.com/gitlab/', ...credentials }),
    'gitlab.token.code.old_selfhosted': (credentials) =>
      gitlabProvider({ baseUrl: 'https://git.example.com', ...credentials }),
  },
  refused: { 'gitlab.token.code.no_openid': noOpenId, rest_only: noOpenId },
  unused: { 'gitlab.rest.401': 'the REST API is not asked' },
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
});
