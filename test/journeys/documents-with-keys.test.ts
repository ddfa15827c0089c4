import { afterEach, expect, it } from 'vitest';
import { assertionClaims, assertionOf, assertionType, ecKeyPair } from '../support/assertion.js';
import { authorizationUrl, callResource, pkce, redeem, refresh, walk, type RawClient } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';

let gatehouse: Gatehouse;
afterEach(() => gatehouse.close());

const client: RawClient = {
  clientId: 'https://client.example/oauth/client.json',
  redirectUri: 'http://127.0.0.1:8910/callback',
};
const pair = ecKeyPair();

/** Starts with a document that says how the client proves itself, and signs a user in with it. */
async function signIn(keys: object) {
  const document = {
    client_id: client.clientId,
    client_name: 'Client with a key',
    redirect_uris: [client.redirectUri],
    token_endpoint_auth_method: 'private_key_jwt',
    ...keys,
  };
  gatehouse = await startGatehouse({ clientIdMetadataDocuments: { pinned: { [client.clientId]: document } } });
  const { verifier, challenge } = pkce();
  const returned = await walk(authorizationUrl(gatehouse.issuer, client, challenge), client);
  return { code: returned.searchParams.get('code') ?? '', verifier };
}

const proof = (key = pair) => ({
  client_assertion_type: assertionType,
  client_assertion: assertionOf(key, assertionClaims(client.clientId, gatehouse.issuer, Date.now() / 1000)),
});

it('a client whose document holds its keys proves itself with them, each time anew', async () => {
  const { code, verifier } = await signIn({ jwks: { keys: [pair.jwk] } });
  const { issuer, mcpUrl } = gatehouse;
  for (const attempt of [{}, proof(ecKeyPair()), { client_secret: 'a'.repeat(43) }]) {
    const refused = await redeem(issuer, client, code, verifier, attempt);
    expect([refused.status, refused.body['error']]).toEqual([401, 'invalid_client']);
  }
  const { status, body } = await redeem(issuer, client, code, verifier, proof());
  expect(status).toBe(200);
  expect((await callResource(mcpUrl, String(body['access_token']))).status).toBe(200);
  const refreshToken = String(body['refresh_token']);
  expect((await refresh(issuer, client, refreshToken)).body['error']).toBe('invalid_client');
  expect((await refresh(issuer, client, refreshToken, proof())).status).toBe(200);
});

it('a client whose keys cannot be fetched is not told that it is unknown', async () => {
  // The name resolves nowhere, and a private address would not be asked.
  const { code, verifier } = await signIn({ jwks_uri: 'https://client.invalid/jwks' });
  const answer = await redeem(gatehouse.issuer, client, code, verifier, proof());
  expect([answer.status, answer.body['error']]).toEqual([503, 'temporarily_unavailable']);
  expect(answer.headers.get('retry-after')).not.toBeNull();
});
