/**
 * RFC 7009, OAuth 2.0 Token Revocation.
 *
 * | requirement                                                              | section | test |
 * | ------------------------------------------------------------------------ | ------- | ---- |
 * | refresh tokens have to be revocable, access tokens should be             | 2       | ends a refresh token; ends an access token |
 * | a form, by POST                                                          | 2.1     | takes a form only |
 * | the client authenticates as at the token endpoint                        | 2.1     | authenticates the client |
 * | a token of another client is refused, and told                           | 2.1     | refuses a token of another client |
 * | token_type_hint is optional, and may be wrong                            | 2.1     | does not mind the hint |
 * | with a refresh token, access tokens of the same grant end too            | 2.1     | ends a refresh token |
 * | with an access token, the refresh token may stay                         | 2.1     | ends an access token |
 * | it counts at once                                                        | 2.1     | journeys/revocation |
 * | 200, also for a token that is invalid; the body does not matter          | 2.2     | answers 200 to whatever is no token |
 * | errors are those of RFC 6749 5.2                                         | 2.2.1   | authenticates the client; takes a form only |
 * | 503 when it cannot be done now, with Retry-After                         | 2.2.1   | faults/doors |
 * | CORS                                                                     | 2.3     | lets scripts of every origin use it |
 * | public clients revoke too                                                | 5       | ends a refresh token |
 * | metadata: revocation_endpoint and its methods (RFC 8414 2)               | 8414 2  | is found by discovery |
 */
import { allowInsecureRequests, Configuration, None, tokenRevocation, type ServerMetadata } from 'openid-client';
import { ProxyOAuthServerProvider } from '@modelcontextprotocol/sdk/server/auth/providers/proxyProvider.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertionClaims, assertionOf, assertionType, ecKeyPair } from '../support/assertion.js';
import { authorizationUrl, callResource, newRequest, pkce, postForm, redeem, refresh } from '../support/client.js';
import { register, revoke, signIn, signInWith, walk } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';

const clientSecret = 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';
const ec = ecKeyPair();

let gatehouse: Gatehouse;
let issuer: string;
beforeAll(async () => {
  gatehouse = await startGatehouse({
    clients: [
      { clientId: 'machine', name: 'Machine', clientSecret },
      { clientId: 'signing', name: 'Signing', jwks: { keys: [ec.jwk] } },
    ],
  });
  issuer = gatehouse.issuer;
});
afterAll(() => gatehouse.close());

const statusAtResource = async (token: string) => (await callResource(gatehouse.mcpUrl, token)).status;
const foreign = {
  status: 400,
  body: { error: 'invalid_grant', error_description: 'The token was issued to another client.' },
};
const invalidClient = {
  status: 401,
  body: {
    error: 'invalid_client',
    error_description: 'The client is unknown, or did not authenticate as it registered.',
  },
};

describe('RFC 7009', () => {
  it('ends a refresh token, and everything else of its grant', async () => {
    const { client, accessToken, refreshToken } = await signIn(issuer);
    const answer = await revoke(issuer, client, refreshToken);
    expect(answer).toMatchObject({ status: 200, body: {} });
    expect(answer.headers.get('content-length')).toBe('0');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await refresh(issuer, client, refreshToken)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect(await statusAtResource(accessToken)).toBe(401);
    expect((await revoke(issuer, client, refreshToken)).status).toBe(200);
    expect((await revoke(issuer, client, accessToken)).status).toBe(200);
  });

  it('ends a grant by a refresh token of any generation', async () => {
    const { client, refreshToken } = await signIn(issuer);
    const second = String((await refresh(issuer, client, refreshToken)).body['refresh_token']);
    const third = (await refresh(issuer, client, second)).body;
    expect((await revoke(issuer, client, refreshToken)).status).toBe(200);
    expect((await refresh(issuer, client, String(third['refresh_token']))).status).toBe(400);
    expect(await statusAtResource(String(third['access_token']))).toBe(401);
  });

  it('ends an access token, and nothing else of its grant', async () => {
    const { client, accessToken, refreshToken } = await signIn(issuer);
    expect(await revoke(issuer, client, accessToken)).toMatchObject({ status: 200, body: {} });
    expect(await statusAtResource(accessToken)).toBe(401);
    expect((await revoke(issuer, client, accessToken)).status).toBe(200);
    const { status, body } = await refresh(issuer, client, refreshToken);
    expect(status).toBe(200);
    expect(await statusAtResource(String(body['access_token']))).toBe(200);
    expect(await statusAtResource(accessToken)).toBe(401);
  });

  it('ends the access token of a client that acts for itself, and leaves its others', async () => {
    const ask = () =>
      postForm(`${issuer}/oauth/token`, { grant_type: 'client_credentials' }, { authorization: basic('machine') });
    const [one, other] = [String((await ask()).body['access_token']), String((await ask()).body['access_token'])];
    expect(await statusAtResource(one)).toBe(200);
    expect((await revoke(issuer, { clientId: 'machine' }, one, {}, { authorization: basic('machine') })).status).toBe(
      200,
    );
    expect(await statusAtResource(one)).toBe(401);
    expect(await statusAtResource(other)).toBe(200);
  });

  it.each(['access_token', 'refresh_token', 'id_token', 'made-up', ''])('does not mind the hint "%s"', async (hint) => {
    const { client, accessToken, refreshToken } = await signIn(issuer);
    expect((await revoke(issuer, client, accessToken, { token_type_hint: hint })).status).toBe(200);
    expect(await statusAtResource(accessToken)).toBe(401);
    expect((await revoke(issuer, client, refreshToken, { token_type_hint: hint })).status).toBe(200);
    expect((await refresh(issuer, client, refreshToken)).status).toBe(400);
  });

  it('refuses a token of another client, and changes nothing', async () => {
    const { client, accessToken, refreshToken } = await signIn(issuer);
    const current = (await refresh(issuer, client, refreshToken)).body;
    // Another name, since the same registration is the same public client.
    const stranger = await register(issuer, { client_name: 'Stranger' });
    for (const token of [accessToken, refreshToken, String(current['refresh_token'])]) {
      expect(await revoke(issuer, stranger, token)).toMatchObject(foreign);
    }
    expect(await statusAtResource(accessToken)).toBe(200);
    expect((await refresh(issuer, client, String(current['refresh_token']))).status).toBe(200);
  });

  it('answers 200 to whatever is no token of this server, and changes nothing', async () => {
    const { client, accessToken, refreshToken } = await signIn(issuer);
    const other = (await signIn(issuer)).refreshToken;
    // Parts of true tokens put together anew: none of them is one.
    const parts = refreshToken.split('.');
    const swapped = [...parts.slice(0, 6), other.split('.')[6]].join('.');
    const ahead = [...parts.slice(0, 5), '7', parts[6]].join('.');
    const [header, , signature] = accessToken.split('.');
    const changed = [header, (await signIn(issuer)).accessToken.split('.')[1], signature].join('.');
    for (const token of [
      'x',
      'a.b.c',
      'a.b.c.d',
      `${refreshToken}x`,
      `${accessToken}x`,
      swapped,
      ahead,
      changed,
      refreshToken.replace('rt.', 'ac.'),
      'x'.repeat(60_000),
      '__proto__',
      'ü',
    ]) {
      expect(await revoke(issuer, client, token), token.slice(0, 60)).toMatchObject({ status: 200, body: {} });
    }
    expect(await statusAtResource(accessToken)).toBe(200);
    expect((await refresh(issuer, client, refreshToken)).status).toBe(200);
  });

  it('answers 200 to an authorization code, which still counts', async () => {
    const { client, verifier, url } = await newRequest(issuer);
    const code = (await walk(url, client)).searchParams.get('code') ?? '';
    expect((await revoke(issuer, client, code)).status).toBe(200);
    expect((await redeem(issuer, client, code, verifier)).status).toBe(200);
  });

  it('authenticates the client exactly as the token endpoint does', async () => {
    const confidential = await register(issuer, { token_endpoint_auth_method: 'client_secret_basic' });
    const secret = confidential.clientSecret ?? '';
    const authorization = basic(confidential.clientId, secret);
    const { verifier, challenge } = pkce();
    const returned = await walk(authorizationUrl(issuer, confidential, challenge), confidential);
    const code = returned.searchParams.get('code') ?? '';
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier };
    const redirect = { redirect_uri: confidential.redirectUri };
    const { body } = await postForm(`${issuer}/oauth/token`, { ...form, ...redirect }, { authorization });
    const token = String(body['refresh_token']);

    expect(await revoke(issuer, confidential, token)).toMatchObject(invalidClient);
    expect(await revoke(issuer, confidential, token, { client_secret: secret })).toMatchObject(invalidClient);
    const wrong = basic(confidential.clientId, `${secret}x`);
    const refused = await revoke(issuer, confidential, token, {}, { authorization: wrong });
    expect(refused).toMatchObject(invalidClient);
    expect(refused.headers.get('www-authenticate')).toBe('Basic realm="token"');
    expect(await revoke(issuer, { clientId: 'nobody' }, token)).toMatchObject(invalidClient);
    const twice = await revoke(issuer, confidential, token, { client_secret: secret }, { authorization });
    expect(twice).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(await statusAtResource(String(body['access_token']))).toBe(200);

    expect((await revoke(issuer, confidential, token, {}, { authorization })).status).toBe(200);
    expect(await statusAtResource(String(body['access_token']))).toBe(401);
  });

  it('takes an assertion for authentication too', async () => {
    const assertion = () => ({
      client_assertion_type: assertionType,
      client_assertion: assertionOf(ec, assertionClaims('signing', issuer, Math.floor(Date.now() / 1000))),
    });
    const issued = await postForm(`${issuer}/oauth/token`, { grant_type: 'client_credentials', ...assertion() });
    const token = String(issued.body['access_token']);
    expect(await revoke(issuer, { clientId: 'signing' }, token)).toMatchObject(invalidClient);
    expect(await statusAtResource(token)).toBe(200);
    expect((await revoke(issuer, { clientId: 'signing' }, token, assertion())).status).toBe(200);
    expect(await statusAtResource(token)).toBe(401);
  });

  it('takes a form only, by POST only, with a token', async () => {
    const client = await register(issuer);
    const url = `${issuer}/oauth/revoke`;
    expect((await fetch(`${url}?token=x&client_id=${client.clientId}`)).status).toBe(405);
    const invalidRequest = { status: 400, body: { error: 'invalid_request' } };
    expect(await postForm(url, { client_id: client.clientId })).toMatchObject(invalidRequest);
    expect(await postForm(`${url}?token=x`, { client_id: client.clientId })).toMatchObject(invalidRequest);
    const json = { 'content-type': 'application/json' };
    const body = JSON.stringify({ token: 'x', client_id: client.clientId });
    expect((await fetch(url, { method: 'POST', headers: json, body })).status).toBe(400);
  });

  it('lets scripts of every origin use it', async () => {
    const url = `${issuer}/oauth/revoke`;
    const preflight = await fetch(url, { method: 'OPTIONS' });
    expect(preflight.headers.get('access-control-allow-methods')).toBe('POST');
    const { client, refreshToken } = await signIn(issuer);
    for (const token of [refreshToken, 'x']) {
      expect((await revoke(issuer, client, token)).headers.get('access-control-allow-origin')).toBe('*');
    }
    const refused = await revoke(issuer, { clientId: 'nobody' }, 'x');
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('is found by discovery, with the methods of the token endpoint', () => {
    const metadata = gatehouse.gate.getMetadata();
    expect(metadata.revocation_endpoint).toBe(`${issuer}/oauth/revoke`);
    expect(metadata.revocation_endpoint_auth_methods_supported).toEqual(metadata.token_endpoint_auth_methods_supported);
    expect(metadata.revocation_endpoint_auth_signing_alg_values_supported).toEqual(
      metadata.token_endpoint_auth_signing_alg_values_supported,
    );
  });
});

describe('clients of others that revoke', () => {
  it('do so as the MCP SDK does', async () => {
    const { client, accessToken, refreshToken } = await signIn(issuer);
    const { authorization_endpoint, token_endpoint, revocation_endpoint } = gatehouse.gate.getMetadata();
    const { revokeToken } = new ProxyOAuthServerProvider({
      endpoints: {
        authorizationUrl: authorization_endpoint,
        tokenUrl: token_endpoint,
        revocationUrl: revocation_endpoint,
      },
      verifyAccessToken: () => Promise.reject(new Error('It is not asked.')),
      getClient: () => Promise.resolve(undefined),
    });
    const information = { client_id: client.clientId, redirect_uris: [client.redirectUri] };
    await revokeToken?.(information, { token: refreshToken, token_type_hint: 'refresh_token' });
    expect(await statusAtResource(accessToken)).toBe(401);
  });

  it('do so as openid-client does', async () => {
    const client = await register(issuer);
    const { accessToken, refreshToken } = await signInWith(issuer, client);
    const metadata = gatehouse.gate.getMetadata() as unknown as ServerMetadata;
    const configuration = new Configuration(metadata, client.clientId, undefined, None());
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- loopback, in a test
    allowInsecureRequests(configuration);
    await tokenRevocation(configuration, accessToken);
    expect(await statusAtResource(accessToken)).toBe(401);
    await tokenRevocation(configuration, refreshToken, { token_type_hint: 'access_token' });
    expect((await refresh(issuer, client, refreshToken)).status).toBe(400);
  });
});

function basic(clientId: string, secret = clientSecret): string {
  return `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`;
}
