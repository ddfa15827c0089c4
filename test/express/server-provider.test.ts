import type { OAuthServerProvider } from '@modelcontextprotocol/sdk/server/auth/provider.js';
import type { OAuthAuthorizationServerOptions, ServerProvider } from 'mcp-gatehouse';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { clientOfLine1 } from '../support/sdk-client-v1.js';
import { clientOfLine2 } from '../support/sdk-client-v2.js';
import { HeadlessBrowser } from '../../examples/quick-start/headless-browser.js';
import { callResource, pkce, postForm, register, walk, type RawClient } from '../support/client.js';
import { claimsOf } from '../resource/tokens.js';
import { startSdkHost, type SdkHost } from './sdk-host.js';

const redirectUri = 'http://127.0.0.1:8910/callback';
const secret = 'a-secret-of-an-application-with-enough-entropy';
let host: SdkHost;

const start = async (options: Partial<OAuthAuthorizationServerOptions> = {}) => {
  host = await startSdkHost(options);
};
afterEach(() => host.close());

/** Registers at the SDK's door. */
async function registerThere(metadata: Record<string, unknown> = {}) {
  const response = await fetch(`${host.origin}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Client', redirect_uris: [redirectUri], ...metadata }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function newClient(metadata: Record<string, unknown> = { token_endpoint_auth_method: 'none' }) {
  const { body } = await registerThere(metadata);
  const client: RawClient = { clientId: String(body['client_id']), redirectUri };
  return typeof body['client_secret'] === 'string' ? { ...client, clientSecret: body['client_secret'] } : client;
}

function authorizationUrl(client: RawClient, challenge: string, changes: Record<string, string | undefined> = {}) {
  const all: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 'client-state',
    ...changes,
  };
  const present = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return new URL(`${host.origin}/authorize?${new URLSearchParams(Object.fromEntries(present)).toString()}`);
}

/** Signs Alice in, up to the code. */
async function codeFor(client: RawClient, changes: Record<string, string | undefined> = {}) {
  const { verifier, challenge } = pkce();
  const returned = await walk(authorizationUrl(client, challenge, changes), client);
  return { code: returned.searchParams.get('code') ?? '', verifier, returned };
}

/** Trades at the SDK's door. */
const trade = (client: RawClient, form: Record<string, string | undefined>) =>
  postForm(`${host.origin}/token`, { client_id: client.clientId, client_secret: client.clientSecret, ...form });
const redeem = (
  client: RawClient,
  { code, verifier }: { code: string; verifier: string },
  changes: Record<string, string | undefined> = {},
) =>
  trade(client, {
    grant_type: 'authorization_code',
    redirect_uri: client.redirectUri,
    code,
    code_verifier: verifier,
    ...changes,
  });
const refresh = (client: RawClient, token: unknown, changes: Record<string, string | undefined> = {}) =>
  trade(client, { grant_type: 'refresh_token', refresh_token: String(token), ...changes });

it('is the provider that the SDK asks for', async () => {
  await start();
  expectTypeOf<ServerProvider>().toExtend<OAuthServerProvider>();
  expect(host.gate).toBeDefined();
});

describe.each([
  ['line 1', clientOfLine1],
  ['line 2', clientOfLine2],
])("a client of the SDK's %s before the SDK's own router", (_, createClient) => {
  it('signs in, refreshes, revokes, and signs in again', async () => {
    await start();
    const client = createClient(new URL(host.mcpUrl));
    const { memory } = client;
    const signIn = async (user: string) => {
      const url = memory.redirects.at(-1) ?? new URL('about:blank');
      expect(url.pathname).toBe('/authorize');
      const returned = await walk(url, { clientId: '', redirectUri: memory.redirectUrl }, user);
      expect([...returned.searchParams.keys()].sort()).toEqual(['code', 'state']);
      await client.finish(returned);
      expect(await client.connect()).toBe(true);
      await memory.idle();
    };
    try {
      expect(await client.connect()).toBe(false);
      await signIn('alice');
      expect(await client.call('whoami')).toMatchObject({
        clientId: memory.registration?.client_id,
        resource: host.mcpUrl,
        extra: { sub: 'oidc|alice', provider: 'oidc' },
      });
      // The tokens name the issuer as our own metadata does, whatever the SDK makes of its URL.
      expect(claimsOf(memory.kept?.access_token ?? '')).toMatchObject({ iss: host.issuer, aud: host.mcpUrl });

      const before = { ...memory.kept };
      host.advance(3700);
      expect(await client.call('whoami')).toMatchObject({ extra: { sub: 'oidc|alice' } });
      expect(memory.kept?.refresh_token).not.toBe(before.refresh_token);
      expect(memory.redirects).toHaveLength(1);

      const form = { client_id: memory.registration?.client_id, token: memory.kept?.refresh_token };
      expect((await postForm(`${host.origin}/revoke`, form)).status).toBe(200);
      expect((await callResource(host.mcpUrl, memory.kept?.access_token)).status).toBe(401);
      expect(await client.call('whoami')).toBeUndefined();
      await signIn('bob');
      expect(await client.call('whoami')).toMatchObject({ extra: { sub: 'oidc|bob' } });
      expect(memory.invalidated).not.toContain('client');
    } finally {
      await client.close();
    }
  });
});

describe("registering at the SDK's door", () => {
  beforeEach(() => start());

  it('gives a confidential client a secret for the form, which never expires, and works here only', async () => {
    for (const method of [undefined, 'client_secret_basic', 'client_secret_post']) {
      const { status, body } = await registerThere({ token_endpoint_auth_method: method });
      expect(status).toBe(201);
      expect(body).toMatchObject({
        client_id: expect.any(String) as string,
        client_id_issued_at: expect.any(Number) as number,
        client_secret: expect.stringMatching(/^[\w-]{43}$/) as string,
        client_secret_expires_at: 0,
        token_endpoint_auth_method: 'client_secret_post',
        redirect_uris: [redirectUri],
        client_name: 'Client',
      });
    }
    const client = await newClient({});
    const { status, body } = await redeem(client, await codeFor(client));
    expect([status, body['token_type']]).toEqual([200, 'Bearer']);
    expect((await refresh(client, body['refresh_token'])).status).toBe(200);
  });

  it('gives a public client the id that it would get at ours', async () => {
    const metadata = { client_name: 'Client', token_endpoint_auth_method: 'none' };
    const { body } = await registerThere(metadata);
    expect(body['client_id']).toBe((await register(host.issuer, metadata)).clientId);
    expect(body).not.toHaveProperty('client_secret');
  });

  it('refuses what we refuse, in the words of the standard', async () => {
    const http = await registerThere({ redirect_uris: ['http://client.example/callback'] });
    expect([http.status, http.body['error']]).toEqual([400, 'invalid_redirect_uri']);
    const keys = await registerThere({ token_endpoint_auth_method: 'private_key_jwt' });
    expect([keys.status, keys.body['error']]).toEqual([400, 'invalid_client_metadata']);
  });
});

it('lets nobody register where that is switched off', async () => {
  await start({ enableDCR: false, rootAliases: false });
  expect((await fetch(`${host.origin}/register`, { method: 'POST' })).status).toBe(404);
  const metadata = await (await fetch(`${host.origin}/.well-known/oauth-authorization-server`)).json();
  expect(metadata).not.toHaveProperty('registration_endpoint');
});

describe('a client that has to prove itself', () => {
  beforeEach(() =>
    start({
      clients: [
        {
          clientId: 'dashboard',
          name: 'Dashboard',
          clientSecret: secret,
          authenticationMethod: 'client_secret_post',
          redirectUris: [redirectUri],
        },
        { clientId: 'public', name: 'Public', redirectUris: [redirectUri] },
      ],
    }),
  );

  it('gets nothing without its secret, nor with a wrong one', async () => {
    const { clientSecret, ...nameless } = await newClient({});
    const evidence = await codeFor(nameless);
    for (const wrong of [undefined, '', 'x', `${clientSecret}x`]) {
      const { status, body } = await redeem(nameless, evidence, { client_secret: wrong });
      expect([status, body['error']], wrong).toEqual([400, 'invalid_client']);
    }
    expect((await redeem(nameless, evidence, { client_secret: clientSecret })).status).toBe(200);
  });

  it('is no client here when only a hash of its secret is known, and the log says why', async () => {
    const dashboard = { clientId: 'dashboard', redirectUri };
    const page = await fetch(authorizationUrl(dashboard, pkce().challenge), { redirect: 'manual' });
    expect([page.status, await page.json()]).toMatchObject([400, { error: 'invalid_client' }]);
    expect(host.log).toMatchObject([{ event: 'client refused', description: /own router cannot check/ }]);
    for (const client_secret of [undefined, secret]) {
      const { status, body } = await redeem(dashboard, { code: 'x', verifier: 'y' }, { client_secret });
      expect([status, body['error']]).toEqual([400, 'invalid_client']);
      const end = await postForm(`${host.origin}/revoke`, { client_id: 'dashboard', client_secret, token: 'x' });
      expect([end.status, end.body['error']]).toEqual([400, 'invalid_client']);
    }
  });

  it('is no client here when it registered another method at our own door', async () => {
    const basic = await register(host.issuer, { token_endpoint_auth_method: 'client_secret_basic' });
    expect((await redeem(basic, { code: 'x', verifier: 'y' })).body['error']).toBe('invalid_client');
    const post = await register(host.issuer, { token_endpoint_auth_method: 'client_secret_post' });
    expect((await redeem(post, { code: 'x', verifier: 'y' })).body['error']).toBe('invalid_grant');
  });

  it('is asked for it by the provider itself, too, whoever stands before it', async () => {
    const { clientId, clientSecret = '' } = await newClient({});
    const errors = await import('@modelcontextprotocol/sdk/server/auth/errors.js');
    const provider = host.gate.createServerProvider({ errors });
    const bare = { client_id: clientId };
    const refusal = { errorCode: 'invalid_client' };
    await expect(provider.exchangeAuthorizationCode(bare, 'x', 'y')).rejects.toMatchObject(refusal);
    await expect(provider.exchangeRefreshToken(bare, 'x')).rejects.toMatchObject(refusal);
    await expect(provider.revokeToken(bare, { token: 'x' })).rejects.toMatchObject(refusal);
    await expect(provider.revokeToken({ client_id: 'dashboard' }, { token: 'x' })).rejects.toMatchObject(refusal);
    await expect(provider.challengeForAuthorizationCode()).rejects.toBeInstanceOf(errors.ServerError);
    await provider.revokeToken({ ...bare, client_secret: clientSecret }, { token: 'x' });
  });

  it('may be one of the configuration that has no secret', async () => {
    const client = { clientId: 'public', redirectUri };
    expect((await redeem(client, await codeFor(client))).status).toBe(200);
  });
});

describe("a client that names itself by a URL at the SDK's door", () => {
  const clientId = 'https://client.example/client.json';
  const client = { clientId, redirectUri };
  const document = {
    client_id: clientId,
    client_name: 'Client',
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'none',
  };

  it('signs in', async () => {
    await start({ clientIdMetadataDocuments: { pinned: { [clientId]: document } } });
    expect((await redeem(client, await codeFor(client))).status).toBe(200);
  });

  it('is no client here when it proves itself by a signature', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256', kid: '1' }] };
    const signing = { ...document, token_endpoint_auth_method: 'private_key_jwt', jwks };
    await start({ clientIdMetadataDocuments: { pinned: { [clientId]: signing } } });
    expect((await redeem(client, { code: 'x', verifier: 'y' })).body['error']).toBe('invalid_client');
    expect(host.log).toMatchObject([{ event: 'client refused' }]);
  });
});

describe("a code at the SDK's door", () => {
  beforeEach(() => start());

  it.each([
    ['a wrong verifier', { code_verifier: pkce().verifier }],
    ['a wrong redirect URI', { redirect_uri: `${redirectUri}/other` }],
    ['no redirect URI', { redirect_uri: undefined }],
    ['the name of another client', { client_id: 'other' }],
    ['another resource', { resource: 'https://other.example/mcp' }],
  ])('is worth nothing with %s, and still good for its rightful owner', async (what, changes) => {
    const client = await newClient();
    const other = await newClient({ token_endpoint_auth_method: 'none', client_name: 'Other' });
    const evidence = await codeFor(client);
    const wrong = 'client_id' in changes ? { client_id: other.clientId } : changes;
    const { status, body } = await redeem(client, evidence, wrong);
    const expected = what === 'another resource' ? 'invalid_target' : 'invalid_grant';
    expect([status, body['error']]).toEqual([400, expected]);
    expect((await redeem(client, evidence)).status).toBe(200);
  });

  it('is redeemed once; the second time everything ends', async () => {
    const client = await newClient();
    const evidence = await codeFor(client);
    const { body } = await redeem(client, evidence);
    const accessToken = String(body['access_token']);
    expect((await callResource(host.mcpUrl, accessToken)).status).not.toBe(401);
    expect((await redeem(client, evidence)).body['error']).toBe('invalid_grant');
    expect((await callResource(host.mcpUrl, accessToken)).status).toBe(401);
    expect((await refresh(client, body['refresh_token'])).body['error']).toBe('invalid_grant');
  });

  it('may be asked for with another spelling of the resource, or without one', async () => {
    const client = await newClient();
    const spelled = `${host.mcpUrl.replace('http:', 'HTTP:')}/`;
    for (const resource of [undefined, spelled, host.origin]) {
      const { body } = await redeem(client, await codeFor(client, { resource }), { resource });
      expect(claimsOf(String(body['access_token']))).toMatchObject({ aud: host.mcpUrl });
      expect((await refresh(client, body['refresh_token'], { resource })).status).toBe(200);
    }
  });

  it('needs no redirect URI where the request had none', async () => {
    const client = await newClient();
    const evidence = await codeFor(client, { redirect_uri: undefined });
    expect((await redeem(client, evidence, { redirect_uri: undefined })).status).toBe(200);
  });
});

describe("an authorization request at the SDK's door", () => {
  beforeEach(() => start());
  const visit = (url: URL) => fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } });

  it('never leads to a redirect URI that is not registered', async () => {
    const client = await newClient();
    const url = authorizationUrl(client, pkce().challenge, { redirect_uri: 'https://evil.example/' });
    const { status, headers } = await visit(url);
    expect([status, headers.get('location')]).toEqual([400, null]);
  });

  it.each([
    ['invalid_target', { resource: 'https://other.example/mcp' }],
    ['invalid_request', { code_challenge: 'short' }],
    ['consent_required', { prompt: 'none' }],
  ])('is answered with %s by a redirect without iss', async (error, changes) => {
    const client = await newClient();
    const { headers } = await visit(authorizationUrl(client, pkce().challenge, changes));
    const location = new URL(headers.get('location') ?? 'about:blank');
    expect(location.href.startsWith(redirectUri)).toBe(true);
    expect(Object.fromEntries(location.searchParams)).toEqual({
      error,
      error_description: expect.any(String) as string,
      state: 'client-state',
    });
  });

  it('is denied without iss', async () => {
    const client = await newClient();
    const browser = new HeadlessBrowser((url) => url.href.startsWith(redirectUri));
    const page = await browser.open(authorizationUrl(client, pkce().challenge));
    const { url } = await browser.submit(page, {}, 'deny');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ error: 'access_denied', state: 'client-state' });
    expect(url.searchParams.has('iss')).toBe(false);
  });

  it('cannot be made to leave out iss at our own door', async () => {
    const client = await newClient();
    const url = new URL(
      authorizationUrl(client, 'short', { withoutIssuer: 'true' }).href.replace('/authorize', '/oauth/authorize'),
    );
    const { headers } = await visit(url);
    expect(new URL(headers.get('location') ?? 'about:blank').searchParams.get('iss')).toBe(host.issuer);
  });

  it('is a GET', async () => {
    const client = await newClient();
    const url = authorizationUrl(client, pkce().challenge);
    const response = await fetch(`${host.origin}/authorize`, { method: 'POST', body: url.searchParams });
    expect(response.status).toBe(405);
  });
});

describe("tokens at the SDK's door", () => {
  beforeEach(() => start());

  async function signIn() {
    const client = await newClient();
    const { body } = await redeem(client, await codeFor(client));
    return { client, accessToken: String(body['access_token']), refreshToken: String(body['refresh_token']) };
  }

  it('cannot grow: a scope that was not granted is invalid_scope, another resource invalid_target', async () => {
    const { client, refreshToken } = await signIn();
    expect((await refresh(client, refreshToken, { scope: 'mcp:tools notes:write' })).body['error']).toBe(
      'invalid_scope',
    );
    const elsewhere = { resource: 'https://other.example/mcp' };
    expect((await refresh(client, refreshToken, elsewhere)).body['error']).toBe('invalid_target');
    expect((await refresh(client, refreshToken, { scope: 'mcp:tools' })).body['scope']).toBe('mcp:tools');
  });

  it('cannot be ended by another client, nor refreshed by it', async () => {
    const { client, accessToken, refreshToken } = await signIn();
    const other = await newClient({ token_endpoint_auth_method: 'none', client_name: 'Other' });
    expect((await refresh(other, refreshToken)).body['error']).toBe('invalid_grant');
    const end = (who: RawClient, token: string) =>
      postForm(`${host.origin}/revoke`, { client_id: who.clientId, token });
    expect((await end(other, refreshToken)).body['error']).toBe('invalid_grant');
    expect((await end(client, 'unknown')).status).toBe(200);
    expect((await callResource(host.mcpUrl, accessToken)).status).not.toBe(401);
    expect((await end(client, accessToken)).status).toBe(200);
    expect((await callResource(host.mcpUrl, accessToken)).status).toBe(401);
    expect((await refresh(client, refreshToken)).status).toBe(200);
  });

  it('are kept while the store is away: everything answers 5xx', async () => {
    const { client, accessToken, refreshToken } = await signIn();
    const evidence = await codeFor(client);
    host.setStore('down');
    const end = { client_id: client.clientId, token: refreshToken };
    for (const answer of [
      await redeem(client, evidence),
      await refresh(client, refreshToken),
      await postForm(`${host.origin}/revoke`, end),
    ]) {
      expect([answer.status, answer.body['error']]).toEqual([500, 'server_error']);
    }
    expect((await callResource(host.mcpUrl, accessToken)).status).toBe(500);
    expect(host.log.at(-1)).toMatchObject({ level: 'error', code: 'temporarily_unavailable' });
    host.setStore('up');
    expect((await redeem(client, evidence)).status).toBe(200);
    expect((await refresh(client, refreshToken)).status).toBe(200);
  });
});
