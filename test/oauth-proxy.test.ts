import { createServer, type Server } from 'node:http';
import express from 'express';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { AuthError, ConfigurationError, memoryStore, OAuthProxy, type OAuthProxyOptions } from 'mcp-gatehouse';
import { githubProvider, googleProvider, oidcProvider, slackProvider } from 'mcp-gatehouse/providers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HeadlessBrowser } from '../examples/quick-start/headless-browser.js';
import { pkce, postForm } from './support/client.js';
import { testSecret } from './support/gatehouse.js';
import { listen, startUpstreamProvider, stop, type UpstreamProviderServer } from './support/upstream-provider.js';

const redirectUri = 'https://app.example/signed-in';
const client = { clientId: 'a', clientSecret: 'upstream-secret' };

describe('a proxy', () => {
  let server: Server;
  let baseUrl: string;
  let upstream: UpstreamProviderServer;
  let proxy: OAuthProxy | undefined;

  beforeEach(async () => {
    server = createServer();
    baseUrl = `http://127.0.0.1:${await listen(server, 0)}/auth`;
  });
  afterEach(async () => {
    await stop(server);
    await upstream.stop();
    await proxy?.close();
    proxy = undefined;
  });

  async function serve(options: Partial<OAuthProxyOptions> = {}, path = '/callback', id = 'oidc') {
    upstream = await startUpstreamProvider({ callbackUrl: baseUrl + path });
    proxy = new OAuthProxy({
      baseUrl,
      sessionSecret: testSecret,
      redirectUris: [redirectUri],
      store: memoryStore(),
      log: () => undefined,
      audit: false,
      ...options,
      providers: [oidcProvider({ ...upstream, id }), ...(options.providers ?? [])],
    });
    const { authorize, callback, token, jwks } = proxy.createMiddleware();
    const app = express();
    app.get('/auth/authorize', authorize);
    app.get(['/auth/callback', '/auth/callback/:provider'], callback);
    app.post('/auth/token', token);
    app.get('/auth/jwks', jwks);
    server.on('request', app);
    return proxy;
  }

  const browser = () => new HeadlessBrowser((url) => url.href.startsWith(redirectUri));

  function authorizationUrl(challenge: string, parameters: Record<string, string> = {}): URL {
    const url = new URL(`${baseUrl}/authorize`);
    const all = { response_type: 'code', redirect_uri: redirectUri, state: 's', ...parameters };
    url.search = new URLSearchParams({ ...all, code_challenge: challenge, code_challenge_method: 'S256' }).toString();
    return url;
  }

  async function signIn(decision = 'approve') {
    const { verifier, challenge } = pkce();
    const visitor = browser();
    const login = await visitor.submit(await visitor.open(authorizationUrl(challenge)), {}, decision);
    const { searchParams } = (await visitor.submit(login, { username: 'alice', password: 'any' })).url;
    const form = { grant_type: 'authorization_code', redirect_uri: redirectUri, code_verifier: verifier };
    const redeem = () => postForm(`${baseUrl}/token`, { ...form, code: searchParams.get('code') ?? '' });
    return { searchParams, redeem };
  }

  it('without a mapper issues a JWT and a refresh token of its own, and never the provider’s', async () => {
    const running = await serve({ tokenTTL: 600 });
    const { redeem } = await signIn();
    const { status, body } = await redeem();
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 600 });
    const token = String(body['access_token']);
    const jwks = (await (await fetch(`${baseUrl}/jwks`)).json()) as JSONWebKeySet;
    const audience = new URL(baseUrl).origin;
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), { issuer: baseUrl, audience });
    expect(payload).toMatchObject({ sub: 'oidc|alice', idp: 'oidc' });
    expect(await running.verifyAccessToken(token)).toMatchObject({ extra: { sub: 'oidc|alice' } });
    const renewed = await postForm(`${baseUrl}/token`, {
      grant_type: 'refresh_token',
      refresh_token: String(body['refresh_token']),
    });
    expect(renewed.status).toBe(200);
    // A code that comes back ends what was issued on it.
    expect((await redeem()).body['error']).toBe('invalid_grant');
    await expect(running.verifyAccessToken(token)).rejects.toThrow(AuthError);
  });

  it('hands out what the mapper makes, with what is left out filled in, and offers no refresh of its own', async () => {
    await serve({ tokenMapper: (_tokens, user) => ({ access_token: `for ${user.sub}`, user_id: 7 }) });
    const { redeem } = await signIn();
    const first = await redeem();
    expect(first.body).toEqual({ access_token: 'for alice', token_type: 'Bearer', expires_in: 3600, user_id: 7 });
    expect((await redeem()).body['error']).toBe('invalid_grant');
    const refused = await postForm(`${baseUrl}/token`, { grant_type: 'refresh_token', refresh_token: 'x' });
    expect(refused.body['error']).toBe('unauthorized_client');
  });

  it.each([{}, { access_token: '' }, { access_token: 'x', expires_in: -1 }, 'text', undefined])(
    'does not take %j for a token response, and the browser hears of it',
    async (mapped) => {
      await serve({ tokenMapper: () => mapped as never });
      const { searchParams } = await signIn();
      expect([searchParams.get('error'), searchParams.get('code')]).toEqual(['server_error', null]);
    },
  );

  it('calls the mapper once, however often the code is presented', async () => {
    let calls = 0;
    await serve({ tokenMapper: () => ({ access_token: `token ${(calls += 1)}` }) });
    const { redeem } = await signIn();
    await Promise.all(Array.from({ length: 50 }, redeem));
    expect(calls).toBe(1);
  });

  it('gives each of several providers a redirect URI of its own, where they cannot share one', async () => {
    const slack = slackProvider({ clientId: 'b', clientSecret: 'slack-secret' });
    await serve({ sharedCallback: false, providers: [slack] }, '/callback/first', 'first');
    const { redeem } = await signIn('approve:first');
    expect((await redeem()).status).toBe(200);
  });

  it('answers JSON at the token route, a page where a person is, and lets scripts read only the former', async () => {
    await serve();
    const token = await postForm(`${baseUrl}/token`, {
      grant_type: 'authorization_code',
      code: 'x',
      code_verifier: 'y',
    });
    expect([token.status, token.body['error']]).toEqual([400, 'invalid_grant']);
    expect(token.headers.get('access-control-allow-origin')).toBe('*');
    const answer = await fetch(`${baseUrl}/token`, {
      method: 'POST',
      body: new URLSearchParams({ transaction: 'forged', decision: 'approve' }),
      headers: { accept: 'text/html' },
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
  });

  it('tells of its providers without their secrets', async () => {
    const running = await serve();
    expect(running.getProviders()).toEqual([
      {
        id: 'oidc',
        name: new URL(upstream.issuer).host,
        issuer: upstream.issuer,
        scopes: expect.any(Array) as unknown,
      },
    ]);
    expect(running.getProvider('oidc')).toBe(running.getProviders()[0]);
    expect(running.getProvider('constructor')).toBeUndefined();
  });
});

describe('the options of a proxy', () => {
  const good: OAuthProxyOptions = {
    baseUrl: 'https://api.example.com/auth',
    sessionSecret: testSecret,
    providers: [googleProvider(client), githubProvider(client)],
    redirectUris: [redirectUri],
    store: 'memory:',
  };

  function faultsOf(changes: object): readonly string[] {
    try {
      void new OAuthProxy({ ...good, ...changes }).close();
      return [];
    } catch (thrown) {
      if (thrown instanceof ConfigurationError) return thrown.faults;
      throw thrown;
    }
  }

  it('are those of the fourth seed, with redirect URIs', () => {
    expect(faultsOf({})).toEqual([]);
    expect(faultsOf({ tokenMapper: () => ({ access_token: 'x' }), tokenTTL: 60 })).toEqual([]);
  });

  it.each([
    ['baseUrl', { baseUrl: 'http://api.example.com/auth' }],
    ['baseUrl', { baseUrl: undefined }],
    ['sessionSecret', { sessionSecret: 'short' }],
    ['sessionSecret', { sessionSecret: undefined }],
    ['tokenTTL', { tokenTTL: 1 }],
    ['redirectUris', { redirectUris: undefined }],
    ['redirectUris', { redirectUris: [] }],
    ['redirectUris', { redirectUris: ['http://app.example/cb'] }],
    ['redirectUris', { redirectUris: ['javascript:alert(1)'] }],
    ['audience', { audience: 'not a URL' }],
    ['tokenMapper', { tokenMapper: 'no function' }],
    ['sharedCallback', { providers: [googleProvider(client), slackProvider(client)] }],
    ['colour', { colour: 'blue' }],
  ])('are refused with a sentence that begins with %s', (name, changes) => {
    const faults = faultsOf(changes);
    expect(faults.map((fault) => fault.split(' ')[0])).toContain(name);
  });

  it('are refused with all their faults at once', () => {
    const faults = faultsOf({ baseUrl: 'ftp://x', sessionSecret: 'short', redirectUris: [] });
    expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual(['baseUrl', 'redirectUris', 'sessionSecret']);
  });
});
