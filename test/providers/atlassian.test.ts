import { describe, expect, it } from 'vitest';
import { atlassianProvider } from '../../providers/atlassian.js';
import { providerContract } from './contract.js';
import { evidence } from './evidence.js';

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
});
