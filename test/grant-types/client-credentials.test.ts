import { expect, it } from 'vitest';
import type { Client } from '../../src/clients/client.js';
import { clientCredentialsGrant } from '../../src/grant-types/client-credentials.js';
import { parseParameters } from '../../src/protocol/parameters.js';

const url = 'https://mcp.example/mcp';
const issue = (scopes: ReadonlyMap<string, string>) =>
  clientCredentialsGrant(
    { ttlOf: () => 60, issue: (subject) => Promise.resolve(JSON.stringify(subject)) },
    new Map([[url, { url, scopes, defaultScopes: [...scopes.keys()] }]]),
    () => undefined,
  );
const client = (authenticationMethod: Client['authenticationMethod']): Client => ({
  clientId: 'machine',
  metadata: {
    redirect_uris: [],
    grant_types: ['client_credentials'],
    response_types: ['code'],
    token_endpoint_auth_method: authenticationMethod,
  },
  authenticationMethod,
  secretMatches: () => false,
});

it('is for nobody without a proof, whatever the configuration says', async () => {
  await expect(issue(new Map()).exchange(client('none'), parseParameters(''), {})).rejects.toMatchObject({
    code: 'unauthorized_client',
  });
});

it('gives a token that names no user, and no scope where there is none', async () => {
  const { access_token, ...rest } = await issue(new Map()).exchange(client('private_key_jwt'), parseParameters(''), {});
  expect(JSON.parse(access_token)).toEqual({ clientId: 'machine', resource: url, scopes: [] });
  expect(rest).toEqual({ token_type: 'Bearer', expires_in: 60 });
});
