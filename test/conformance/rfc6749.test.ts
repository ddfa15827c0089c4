/**
 * RFC 6749, The OAuth 2.0 Authorization Framework, as OAuth 2.1 narrows it.
 *
 * | requirement                                                                  | section        | test |
 * | ---------------------------------------------------------------------------- | -------------- | ---- |
 * | a client uses one authentication method per request                          | 2.3            | test/endpoints/bad-input |
 * | id and secret in a Basic header are form-encoded                             | 2.3.1          | takes the credentials of a confidential client |
 * | a parameter without a value counts as absent, a repeated one is refused      | 3.1, 3.2       | test/endpoints/bad-input |
 * | the token endpoint takes POST only                                           | 3.2            | test/endpoints/bad-input |
 * | the scope that was granted is told where it differs                          | 3.3, 5.1       | tells the scope that was granted |
 * | redirect_uri may be absent when one is registered                            | 3.1.2.3, 4.1.1 | takes a request without redirect_uri |
 * | state comes back unchanged, on success and on error                          | 4.1.2          | brings the state back |
 * | no redirect to a URI that is not registered                                  | 4.1.2.1        | shows the user what is wrong |
 * | a code lives for ten minutes at most, and is used once                       | 4.1.2          | spends a code once, expires a code |
 * | a code is bound to its client and redirect_uri                               | 4.1.3          | binds a code |
 * | client_credentials is for confidential clients only                          | 4.4            | is for confidential clients that may |
 * | it authenticates the client, and asks for a scope                            | 4.4.2          | gives a client a token of its own |
 * | its answer holds no refresh token                                            | 4.4.3          | gives a client a token of its own |
 * | the answer is JSON that nobody stores                                        | 5.1            | answers in the form of the standard |
 * | errors are JSON with 400, or 401 for clients                                 | 5.2            | test/endpoints/bad-input |
 * | a refresh token is bound to its client, and never widens the scope           | 6              | binds a refresh token |
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorizationUrl,
  callResource,
  pkce,
  postForm,
  redeem,
  refresh,
  register,
  signIn,
  walk,
} from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { claimsOf } from '../resource/tokens.js';

let gatehouse: Gatehouse;
let issuer: string;
beforeAll(async () => {
  gatehouse = await startGatehouse();
  issuer = gatehouse.issuer;
});
afterAll(() => gatehouse.close());

async function newCode(parameters: Record<string, string | undefined> = {}, metadata: Record<string, unknown> = {}) {
  const client = await register(issuer, metadata);
  const { verifier, challenge } = pkce();
  const returned = await walk(authorizationUrl(issuer, client, challenge, parameters), client);
  return { client, verifier, returned, code: returned.searchParams.get('code') ?? '' };
}

describe('RFC 6749 §2.3: client authentication', () => {
  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  });

  it('takes the credentials of a confidential client by the method that it registered', async () => {
    for (const method of ['client_secret_basic', 'client_secret_post']) {
      const { client, code, verifier } = await newCode({}, { token_endpoint_auth_method: method });
      const { clientId, clientSecret = '' } = client;
      const form = {
        grant_type: 'authorization_code',
        code,
        code_verifier: verifier,
        redirect_uri: client.redirectUri,
      };
      const url = `${issuer}/oauth/token`;
      const answer =
        method === 'client_secret_basic'
          ? await postForm(url, form, basic(encodeURIComponent(clientId), encodeURIComponent(clientSecret)))
          : await postForm(url, { ...form, client_id: clientId, client_secret: clientSecret });
      expect(answer.status, method).toBe(200);
    }
  });

  it('takes no other method, and no client without its secret', async () => {
    const { client, code, verifier } = await newCode({}, { token_endpoint_auth_method: 'client_secret_basic' });
    const { clientId, clientSecret } = client;
    const attempts = [{}, { client_secret: clientSecret }, { client_secret: 'wrong' }];
    for (const changes of attempts) {
      const answer = await redeem(issuer, client, code, verifier, changes);
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    }
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: client.redirectUri };
    expect((await postForm(`${issuer}/oauth/token`, form, basic(clientId, clientSecret ?? ''))).status).toBe(200);
  });

  it('refuses a grant type that the client did not register', async () => {
    const { client, code, verifier } = await newCode({}, { grant_types: ['authorization_code'] });
    const { body } = await redeem(issuer, client, code, verifier);
    expect(body).not.toHaveProperty('refresh_token');
    expect(await refresh(issuer, client, 'x')).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
  });
});

describe('RFC 6749 §4.1: the authorization code grant', () => {
  it('takes a request without redirect_uri from a client that registered one, and demands it of others', async () => {
    const { client, verifier, code } = await newCode({ redirect_uri: undefined });
    const answer = await redeem(issuer, client, code, verifier, { redirect_uri: undefined });
    expect(answer.status).toBe(200);
    const several = await register(issuer, { redirect_uris: ['https://a.example/cb', 'https://b.example/cb'] });
    const url = authorizationUrl(issuer, several, pkce().challenge, { redirect_uri: undefined });
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(400);
  });

  it('brings the state back unchanged, and none where none was sent', async () => {
    for (const state of ['plain', 'a&b=c#d%20+é ☃', '{"json":[1]}', undefined]) {
      const { returned } = await newCode({ state });
      expect(returned.searchParams.get('state')).toBe(state ?? null);
      const client = await register(issuer);
      const failed = await fetch(authorizationUrl(issuer, client, 'short', { state }), { redirect: 'manual' });
      expect(new URL(failed.headers.get('location') ?? '').searchParams.get('state')).toBe(state ?? null);
    }
  });

  it('shows the user what is wrong with the client or its redirect URI, and never redirects', async () => {
    const client = await register(issuer);
    const { challenge } = pkce();
    for (const parameters of [
      { client_id: 'unknown' },
      { redirect_uri: 'https://evil.example/cb' },
      { redirect_uri: `${client.redirectUri}/more` },
      { redirect_uri: `${client.redirectUri}?a=b` },
      { redirect_uri: client.redirectUri.replace('127.0.0.1', 'localhost') },
      { redirect_uri: 'javascript:alert(1)' },
    ]) {
      const answer = await fetch(authorizationUrl(issuer, client, challenge, parameters), { redirect: 'manual' });
      expect([answer.status, answer.headers.get('location')], JSON.stringify(parameters)).toEqual([400, null]);
    }
  });

  it('keeps the query of a redirect URI', async () => {
    const client = await register(issuer, { redirect_uris: ['https://a.example/cb?tenant=1'] });
    const answer = await fetch(authorizationUrl(issuer, client, 'short'), { redirect: 'manual' });
    expect(answer.headers.get('location')).toMatch(/^https:\/\/a\.example\/cb\?tenant=1&error=invalid_request&/);
  });

  it('supports the code response only', async () => {
    const client = await register(issuer);
    for (const response_type of ['token', 'id_token', 'code token', 'none']) {
      const url = authorizationUrl(issuer, client, pkce().challenge, { response_type });
      const { searchParams } = new URL((await fetch(url, { redirect: 'manual' })).headers.get('location') ?? '');
      expect(searchParams.get('error')).toBe('unsupported_response_type');
    }
  });

  it('spends a code once, and a second use ends what the first one gave', async () => {
    const { client, verifier, code } = await newCode();
    const first = await redeem(issuer, client, code, verifier);
    expect(first.status).toBe(200);
    expect(await redeem(issuer, client, code, verifier)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect((await refresh(issuer, client, String(first.body['refresh_token']))).status).toBe(400);
  });

  it('binds a code to its client and its redirect URI, and a near miss does not burn it', async () => {
    const { client, verifier, code } = await newCode();
    const other = await register(issuer, { client_name: 'Another client' });
    const misses = [
      { client_id: other.clientId },
      { redirect_uri: undefined },
      { redirect_uri: 'http://127.0.0.1:8911/callback' },
      { code: `${code.slice(0, -1)}${code.endsWith('A') ? 'B' : 'A'}` },
    ];
    for (const changes of misses) {
      const answer = await redeem(issuer, client, code, verifier, changes);
      expect(answer, JSON.stringify(changes)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    }
    expect((await redeem(issuer, client, code, verifier)).status).toBe(200);
  });

  it('expires a code long before ten minutes', async () => {
    const own = await startGatehouse();
    try {
      const client = await register(own.issuer);
      const { verifier, challenge } = pkce();
      const code = (await walk(authorizationUrl(own.issuer, client, challenge), client)).searchParams.get('code') ?? '';
      own.advance(61);
      expect(await redeem(own.issuer, client, code, verifier)).toMatchObject({ body: { error: 'invalid_grant' } });
    } finally {
      await own.close();
    }
  });
});

describe('RFC 6749 §4.4: the client credentials grant', () => {
  const secret = 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';
  const otherSecret = 'xX9wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';
  const redirectUri = 'http://127.0.0.1:8910/callback';
  let own: Gatehouse;
  let adminUrl: string;
  beforeAll(async () => {
    own = await startGatehouse();
    adminUrl = `${own.issuer}/admin`;
    await own.restart({
      resources: [
        {
          url: own.mcpUrl,
          scopes: { 'mcp:tools': 'Use the tools', 'notes:write': 'Write notes' },
          defaultScopes: ['mcp:tools'],
        },
        { url: adminUrl, scopes: { admin: 'Everything' } },
      ],
      clients,
    });
  });
  afterAll(() => own.close());
  const clients = [
    { clientId: 'machine', name: 'Machine', clientSecret: secret },
    {
      clientId: 'limited',
      name: 'Limited',
      clientSecret: otherSecret,
      authenticationMethod: 'client_secret_post' as const,
      scopes: ['notes:write'],
    },
    { clientId: 'public', name: 'Public', redirectUris: [redirectUri] },
    {
      clientId: 'both',
      name: 'Both',
      clientSecretHash: createHash('sha256').update('mN4bV7cX1zL9kJ3hG6fD0sA5pO8iU2yT').digest('hex'),
      redirectUris: [redirectUri],
      grantTypes: ['authorization_code' as const, 'refresh_token' as const, 'client_credentials' as const],
    },
  ];
  const basic = (id: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`,
  });
  const ask = (
    form: Record<string, string | undefined> = {},
    headers: Record<string, string> = basic('machine', secret),
  ) => postForm(`${own.issuer}/oauth/token`, { grant_type: 'client_credentials', ...form }, headers);

  it('gives a client a token of its own, without a refresh token', async () => {
    const { status, headers, body } = await ask();
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      access_token: expect.any(String) as string,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'mcp:tools',
    });
    const claims = claimsOf(String(body['access_token']));
    expect(claims).toEqual({
      iss: own.issuer,
      sub: 'machine',
      aud: own.mcpUrl,
      client_id: 'machine',
      scope: 'mcp:tools',
      iat: expect.any(Number) as number,
      exp: Number(claims['iat']) + 3600,
      jti: expect.any(String) as string,
    });
    const answer = await callResource(own.mcpUrl, String(body['access_token']));
    expect(await answer.json()).toMatchObject({ clientId: 'machine', extra: { sub: 'machine', claims: {} } });
  });

  it.each([
    ['notes:write', 'notes:write'],
    ['notes:write mcp:tools unknown', 'notes:write mcp:tools'],
    ['unknown', 'mcp:tools'],
    ['offline_access', 'mcp:tools'],
  ])('asks for "%s" and gets "%s"', async (scope, granted) => {
    expect((await ask({ scope })).body['scope']).toBe(granted);
  });

  it('gives a limited client what it may have, for what it may have it', async () => {
    const form = { client_id: 'limited', client_secret: otherSecret };
    expect((await ask(form, {})).body).toMatchObject({ scope: 'notes:write' });
    expect((await ask({ ...form, scope: 'mcp:tools notes:write' }, {})).body).toMatchObject({ scope: 'notes:write' });
    expect(await ask({ ...form, resource: adminUrl }, {})).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    });
  });

  it('gives it for the resource that it names (RFC 8707)', async () => {
    const { body } = await ask({ resource: `${adminUrl}/` });
    expect(claimsOf(String(body['access_token']))).toMatchObject({ aud: adminUrl, scope: 'admin' });
    expect((await callResource(own.mcpUrl, String(body['access_token']))).status).toBe(401);
    for (const resource of ['https://evil.example/mcp', 'x']) {
      expect(await ask({ resource })).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
    }
  });

  it('is for confidential clients that may', async () => {
    expect(await ask({ client_id: 'public' }, {})).toMatchObject({ body: { error: 'unauthorized_client' } });
    const confidential = await register(own.issuer, {
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['authorization_code', 'client_credentials'],
    });
    const form = { client_id: confidential.clientId, client_secret: confidential.clientSecret };
    expect(await ask(form, {})).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
    expect((await ask({}, basic('both', 'mN4bV7cX1zL9kJ3hG6fD0sA5pO8iU2yT'))).status).toBe(200);
  });

  it('demands the one proof that was configured', async () => {
    for (const [form, headers] of [
      [{}, basic('machine', otherSecret)],
      [{}, basic('machine', '')],
      [{ client_id: 'machine', client_secret: secret }, {}],
      [{}, basic('limited', otherSecret)],
      [{ client_id: 'limited' }, {}],
      [{ client_id: 'nobody', client_secret: secret }, {}],
    ] as [Record<string, string>, Record<string, string>][]) {
      const answer = await ask(form, headers);
      expect(answer, JSON.stringify([form, headers])).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    }
  });

  it('is advertised where somebody may use it, and nowhere else', async () => {
    expect(own.gate.getMetadata().grant_types_supported).toContain('client_credentials');
    expect(gatehouse.gate.getMetadata().grant_types_supported).toEqual(['authorization_code', 'refresh_token']);
    const { clientId } = await register(issuer);
    const answer = await postForm(`${issuer}/oauth/token`, { grant_type: 'client_credentials', client_id: clientId });
    expect(answer).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } });
  });

  it('gives tokens that live with their client: without it, or without the grant type, none counts', async () => {
    const token = String((await ask()).body['access_token']);
    expect((await callResource(own.mcpUrl, token)).status).toBe(200);
    // Also where the signature was checked before.
    expect((await callResource(own.mcpUrl, token)).status).toBe(200);
    const [machine, ...others] = clients;
    await own.restart({ clients: others });
    expect((await callResource(own.mcpUrl, token)).status).toBe(401);
    await own.restart({
      clients: [...others, { ...machine, clientId: 'machine', name: 'x', redirectUris: [redirectUri] }],
    });
    expect((await callResource(own.mcpUrl, token)).status).toBe(401);
    await own.restart({ clients });
    expect((await callResource(own.mcpUrl, token)).status).toBe(200);
  });
});

describe('RFC 6749 §5: the token response', () => {
  it('answers in the form of the standard, for nobody to keep', async () => {
    const { client, verifier, code } = await newCode();
    const { status, headers, body } = await redeem(issuer, client, code, verifier);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('pragma')).toBe('no-cache');
    expect(body).toEqual({
      access_token: expect.any(String) as string,
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: expect.any(String) as string,
      scope: 'mcp:tools',
    });
  });

  it('tells the scope that was granted, where it is not the one that was asked for', async () => {
    for (const [asked, granted] of [
      ['notes:write unknown', 'notes:write'],
      ['unknown', 'mcp:tools'],
      [undefined, 'mcp:tools'],
      ['mcp:tools offline_access mcp:tools', 'mcp:tools offline_access'],
    ] as const) {
      expect((await signIn(issuer, 'alice', { scope: asked })).body['scope']).toBe(granted);
    }
  });
});

describe('RFC 6749 §6: refreshing', () => {
  it('binds a refresh token to its client', async () => {
    const { client, refreshToken, accessToken } = await signIn(issuer);
    const other = await register(issuer, { client_name: 'Another client' });
    expect(await refresh(issuer, other, refreshToken)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await refresh(issuer, client, accessToken)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await refresh(issuer, client, refreshToken)).status).toBe(200);
  });

  it('never widens the scope, and may narrow it for one access token', async () => {
    const { client, refreshToken } = await signIn(issuer, 'alice', { scope: 'mcp:tools notes:write' });
    const narrow = await refresh(issuer, client, refreshToken, { scope: 'notes:write' });
    expect(narrow.body['scope']).toBe('notes:write');
    const full = await refresh(issuer, client, String(narrow.body['refresh_token']));
    expect(full.body['scope']).toBe('mcp:tools notes:write');

    const small = await signIn(issuer);
    const wider = await refresh(issuer, small.client, small.refreshToken, { scope: 'mcp:tools notes:write' });
    expect(wider).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
  });
});
