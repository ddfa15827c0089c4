import { afterEach, expect, it } from 'vitest';
import { refresh, signInWith, type RawClient } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { memoryStore } from 'mcp-gatehouse';

let gatehouse: Gatehouse;
afterEach(() => gatehouse.close());

const client: RawClient = { clientId: 'limited', redirectUri: 'https://app.example/cb' };
const configured = (...scopes: string[]) => ({
  clients: [{ clientId: client.clientId, name: 'Limited', redirectUris: [client.redirectUri], scopes }],
});

it('a client that repeats what it may not have gets what it has, also when it refreshes', async () => {
  gatehouse = await startGatehouse(configured('mcp:tools'));
  const scope = 'mcp:tools notes:write openid';
  const { body, refreshToken } = await signInWith(gatehouse.issuer, client, 'alice', { scope });
  expect(body['scope']).toBe('mcp:tools');
  const refreshed = await refresh(gatehouse.issuer, client, refreshToken, { scope });
  expect([refreshed.status, refreshed.body['scope']]).toEqual([200, 'mcp:tools']);
});

it('a client whose limits the operator narrows has no more than that from its next refresh on', async () => {
  const store = memoryStore();
  gatehouse = await startGatehouse({ store, ...configured('mcp:tools', 'notes:write') });
  const scope = 'mcp:tools notes:write offline_access';
  const { refreshToken } = await signInWith(gatehouse.issuer, client, 'alice', { scope });
  await gatehouse.restart(configured('mcp:tools'));
  const refreshed = await refresh(gatehouse.issuer, client, refreshToken);
  expect([refreshed.status, refreshed.body['scope']]).toEqual([200, 'mcp:tools offline_access']);
});
