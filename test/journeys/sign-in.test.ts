import { afterEach, expect, it } from 'vitest';
import { callResource, refresh, signIn } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';

let gatehouse: Gatehouse;
afterEach(() => gatehouse.close());

it('leads a user from a client without anything to a tool that knows who they are', async () => {
  gatehouse = await startGatehouse();
  const { client, accessToken, refreshToken, body } = await signIn(gatehouse.issuer);
  expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'mcp:tools' });
  const answer = await callResource(gatehouse.mcpUrl, accessToken);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({
    clientId: client.clientId,
    scopes: ['mcp:tools'],
    extra: { sub: 'oidc|alice', claims: { email: 'alice@example.test', name: 'Alice' } },
  });
  const refreshed = await refresh(gatehouse.issuer, client, refreshToken);
  expect(refreshed.status).toBe(200);
  expect(refreshed.body['refresh_token']).not.toBe(refreshToken);
});
