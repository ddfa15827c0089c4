import { expect, it } from 'vitest';
import { resources } from './token-endpoint-model.js';
import { endpointScene, redirectUri, verifier } from './token-endpoint-scene.js';

it('two servers in one process share nothing but what they are given: neither codes, nor tokens, nor keys', async () => {
  const [one, other] = [endpointScene(), endpointScene()];
  const [{ url }] = resources;
  const code = await one.issueCode('configured', url, ['mcp:tools']);
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier };
  expect((await other.post('configured', form)).error).toBe('invalid_grant');

  const { access_token: accessToken = '', refresh_token: refreshToken } = await one.post('configured', form);
  expect(await one.atTheGates(accessToken)).toEqual(['mcp:tools', 401]);
  expect(await other.atTheGates(accessToken)).toEqual([401, 401]);
  const refresh = { grant_type: 'refresh_token', refresh_token: refreshToken };
  expect((await other.post('configured', refresh)).error).toBe('invalid_grant');

  const { access_token: own = '' } = await one.post('machine', { grant_type: 'client_credentials' });
  expect(await one.atTheGates(own)).toEqual(['mcp:tools', 401]);
  expect(await other.atTheGates(own)).toEqual([401, 401]);
  expect((await one.post('configured', refresh)).status).toBe(200);
});
