import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oidcProvider, type OidcOptions } from '../../providers/oidc.js';
import { AuthError } from '../../src/protocol/auth-error.js';
import { createPooledFetch, type PooledFetch } from '../../src/upstream/pooled-fetch.js';
import { Refusal } from '../../src/upstream/refusal.js';
import { createUpstream } from '../../src/upstream/create-upstream.js';
import type { Upstream } from '../../src/upstream/upstream.js';
import {
  denyAtUpstream,
  signInAtUpstream,
  startUpstreamProvider,
  type Misbehaviour,
  type UpstreamEndpoint,
  type UpstreamProviderServer,
} from '../support/upstream-provider.js';

const leg = { state: 'state-1', codeVerifier: 'v'.repeat(43), nonce: 'nonce-1' };
let now = 1_000_000;
let server: UpstreamProviderServer;
let pool: PooledFetch;
let upstream: Upstream;

function connect(options: Partial<OidcOptions> = {}): Upstream {
  const { issuer, clientId, clientSecret, callbackUrl } = server;
  const provider = oidcProvider({ issuer, clientId, clientSecret, ...options });
  return createUpstream(provider, { callbackUrl, fetch: pool.fetch, clock: () => now });
}

async function codeFor(user = 'alice'): Promise<URL> {
  return signInAtUpstream(await upstream.authorizationUrl(leg), { user });
}

async function signIn(user = 'alice') {
  return upstream.complete({ ...leg, callbackQuery: (await codeFor(user)).search });
}

/** The error of a sign-in that has to fail, after a look that nothing secret is in it. */
async function faultOf(attempt: Promise<unknown>, ...secrets: string[]): Promise<AuthError> {
  const thrown: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof AuthError)) throw new Error(`This is no AuthError: ${inspect(thrown)}`);
  const everything = inspect(thrown, { depth: 20, showHidden: true });
  for (const secret of [server.clientSecret, leg.codeVerifier, 'canary', ...secrets]) {
    expect(everything).not.toContain(secret);
  }
  return thrown;
}

async function faultWith(endpoint: UpstreamEndpoint, behaviour: Misbehaviour): Promise<AuthError> {
  const callback = await codeFor();
  server.misbehave(endpoint, behaviour);
  const attempt = upstream.complete({ ...leg, callbackQuery: callback.search });
  return faultOf(attempt, callback.searchParams.get('code') ?? '');
}

beforeEach(async () => {
  now = 1_000_000;
  server = await startUpstreamProvider();
  pool = createPooledFetch({ timeout: 0.5, maxBytes: 100_000 });
  upstream = connect();
});

afterEach(async () => {
  pool.close();
  await server.stop();
});

describe('the authorization URL', () => {
  it('is the same for the same inputs, and asks for exactly what we need', async () => {
    const url = await upstream.authorizationUrl(leg);
    expect((await upstream.authorizationUrl(leg)).href).toBe(url.href);
    expect(url.search).toContain('scope=openid%20email%20profile%20offline_access');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: server.clientId,
      redirect_uri: server.callbackUrl,
      scope: 'openid email profile offline_access',
      state: leg.state,
      nonce: leg.nonce,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
      code_challenge_method: 'S256',
    });
  });

  it("carries the provider's own parameters, which cannot replace those of the protocol", async () => {
    upstream = connect({ authorizationParameters: { prompt: 'consent', state: 'theirs', hint: 'a+b c' } });
    const { searchParams } = await upstream.authorizationUrl(leg);
    expect(searchParams.get('prompt')).toBe('consent');
    expect(searchParams.get('hint')).toBe('a+b c');
    expect(searchParams.getAll('state')).toEqual([leg.state]);
  });

  it('does not ask for offline_access where the provider does not know it', async () => {
    server.misbehave('discovery', { rewrite: (document) => ({ ...document, scopes_supported: ['openid'] }) });
    expect((await upstream.authorizationUrl(leg)).searchParams.get('scope')).toBe('openid email profile');
  });
});

describe('a sign-in', () => {
  it.each(['client_secret_basic', 'client_secret_post'] as const)('tells who the user is, by %s', async (method) => {
    upstream = connect({ clientAuthentication: method });
    const { tokens, user, issuer } = await signIn('Alice');
    expect(issuer).toBe(server.issuer);
    expect(user).toMatchObject({ sub: 'alice', email: 'alice@example.test', email_verified: true, name: 'Alice' });
    expect(Object.keys(tokens).sort()).toEqual(
      ['access_token', 'expires_in', 'id_token', 'refresh_token', 'scope', 'token_type'].sort(),
    );
    const tokenRequest = server.requests.find(({ path }) => path === '/token');
    expect(tokenRequest?.headers.authorization?.startsWith('Basic ') ?? false).toBe(method === 'client_secret_basic');
    expect(tokenRequest?.headers).toMatchObject({ 'user-agent': 'mcp-gatehouse', accept: 'application/json' });
  });

  it('asks the provider who the user is in its own words', async () => {
    upstream = connect({
      identify: ({ idToken, profile }) => ({ sub: `x-${String(idToken.sub)}`, name: profile.name }),
    });
    expect((await signIn()).user).toMatchObject({ sub: 'x-alice', name: 'Alice', email_verified: false });
  });

  it('lets the provider refuse a user, and takes any other error for a fault', async () => {
    const refusal = new AuthError('access_denied', 'Not you.', { cause: new AuthError('access_denied', 'Why.') });
    upstream = connect({ identify: () => Promise.reject(refusal) });
    const thrown = await faultOf(signIn());
    expect(thrown).toBeInstanceOf(Refusal);
    expect(thrown).toMatchObject({ code: 'access_denied', message: 'Not you.', account: 'alice@example.test' });
    expect(thrown.cause).toBe(refusal.cause);
    const away = new AuthError('temporarily_unavailable', 'The directory is away.');
    upstream = connect({ identify: () => Promise.reject(away) });
    await expect(signIn()).rejects.toBe(away);
    upstream = connect({ identify: () => Promise.reject(new Error('canary')) });
    expect((await faultOf(signIn())).code).toBe('server_error');
  });

  it('shows nothing of the client secret', () => {
    expect(inspect(upstream, { depth: 9, showHidden: true })).not.toContain(server.clientSecret);
    expect(JSON.stringify(upstream)).not.toContain(server.clientSecret);
  });

  it('uses its connections again', async () => {
    await upstream.authorizationUrl(leg);
    const callbacks = [await codeFor('a'), await codeFor('b'), await codeFor('c')];
    const before = server.connections();
    for (const { search } of callbacks) await upstream.complete({ ...leg, callbackQuery: search });
    expect(server.connections() - before).toBeLessThanOrEqual(1);
    expect(server.requests.filter(({ path }) => path === '/jwks')).toHaveLength(1);
  });
});

describe('a callback', () => {
  it('with a refusal is access_denied', async () => {
    const callback = await denyAtUpstream(await upstream.authorizationUrl(leg));
    expect(callback.searchParams.get('error')).toBe('access_denied');
    const fault = await faultOf(upstream.complete({ ...leg, callbackQuery: callback.search }));
    expect(fault.code).toBe('access_denied');
    // It is the provider's, not ours.
    expect(fault).not.toBeInstanceOf(Refusal);
  });

  it.each([
    ['access_denied', 'access_denied'],
    ['login_required', 'access_denied'],
    ['temporarily_unavailable', 'temporarily_unavailable'],
    ['server_error', 'server_error'],
    ['invalid_scope', 'server_error'],
    ['canary_secret', 'access_denied'],
  ])('with the error %s is %s, and says nothing in the words of the provider', async (error, code) => {
    const query = new URLSearchParams({ error, error_description: 'canary', state: leg.state, iss: server.issuer });
    expect((await faultOf(upstream.complete({ ...leg, callbackQuery: query.toString() }))).code).toBe(code);
  });

  it.each([
    ['another state', 'state', 'other'],
    ['another iss', 'iss', 'https://other.example'],
    ['an iss that differs by a slash', 'iss', `slash`],
    ['no iss although the provider promises one', 'iss', ''],
    ['an empty code', 'code', ''],
  ])('with %s is refused before the code is sent anywhere', async (_, name, value) => {
    const callback = await codeFor();
    const code = callback.searchParams.get('code') ?? '';
    if (value === '') callback.searchParams.delete(name);
    else callback.searchParams.set(name, value === 'slash' ? `${server.issuer}/` : value);
    const fault = await faultOf(upstream.complete({ ...leg, callbackQuery: callback.search }), code);
    expect(fault.code).toBe('access_denied');
    expect(server.requests.some(({ path }) => path === '/token')).toBe(false);
  });

  it('with no iss is refused where others come through the same door, whatever the provider promises', async () => {
    server.misbehave('discovery', {
      rewrite: (document) => ({ ...document, authorization_response_iss_parameter_supported: undefined }),
    });
    const { issuer, clientId, clientSecret, callbackUrl } = server;
    const provider = oidcProvider({ issuer, clientId, clientSecret });
    const services = { callbackUrl, fetch: pool.fetch, clock: () => now, demandsCallbackIssuer: true };
    upstream = createUpstream(provider, services);
    const callback = await codeFor();
    callback.searchParams.delete('iss');
    await faultOf(upstream.complete({ ...leg, callbackQuery: callback.search }));
    expect(server.requests.filter(({ path }) => path === '/token')).toEqual([]);
  });

  it('with no iss is good where the provider promises none', async () => {
    server.misbehave('discovery', {
      rewrite: (document) => ({ ...document, authorization_response_iss_parameter_supported: undefined }),
    });
    const callback = await codeFor();
    callback.searchParams.delete('iss');
    expect((await upstream.complete({ ...leg, callbackQuery: callback.search })).user.sub).toBe('alice');
  });

  it('from another provider is refused before its code is sent anywhere', async () => {
    const stranger = await startUpstreamProvider({ clientId: 'stranger' });
    const { issuer, clientId, clientSecret, callbackUrl } = stranger;
    const provider = oidcProvider({ issuer, clientId, clientSecret });
    const theirs = createUpstream(provider, { callbackUrl, fetch: pool.fetch, clock: () => now });
    const { search } = await signInAtUpstream(await theirs.authorizationUrl(leg));
    expect((await faultOf(upstream.complete({ ...leg, callbackQuery: search }))).code).toBe('access_denied');
    expect(server.requests.some(({ path }) => path === '/token')).toBe(false);
    await stranger.stop();
  });

  it('with a code verifier that is not the one of the hand-off is access_denied', async () => {
    const { search } = await codeFor();
    const other = { ...leg, codeVerifier: 'w'.repeat(43), callbackQuery: search };
    expect((await faultOf(upstream.complete(other))).code).toBe('access_denied');
  });
});

describe('an ID token', () => {
  const withIdToken = (change: (token: string) => string | undefined): Misbehaviour => ({
    rewrite: (document) => ({ ...document, id_token: change(String(document.id_token)) }),
  });
  const reheaded = (token: string, header: object, sign: (input: string) => string) => {
    const input = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${token.split('.')[1] ?? ''}`;
    return `${input}.${sign(input)}`;
  };

  it.each<[string, (token: string) => string | undefined]>([
    ['with a wrong signature', (token) => token.slice(0, -10) + (token.endsWith('A') ? 'B' : 'A').repeat(10)],
    [
      'signed with the client secret',
      (token) =>
        reheaded(token, { alg: 'HS256' }, (input) =>
          createHmac('sha256', server.clientSecret).update(input).digest('base64url'),
        ),
    ],
    ['without a signature', (token) => reheaded(token, { alg: 'none' }, () => '')],
    ['that is missing', () => undefined],
  ])('%s is refused, whatever the provider lists', async (_, change) => {
    server.misbehave('discovery', {
      rewrite: (document) => ({ ...document, id_token_signing_alg_values_supported: ['ES256', 'HS256', 'none'] }),
    });
    expect((await faultWith('token', withIdToken(change))).code).toBe('server_error');
  });

  it('with another nonce is refused', async () => {
    const { search } = await codeFor();
    const attempt = upstream.complete({ ...leg, nonce: 'other', callbackQuery: search });
    expect((await faultOf(attempt)).code).toBe('server_error');
  });

  it.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
    ['for another client', () => ({ aud: 'stranger' })],
    ['for several clients, of which we are not the one that asked', ({ aud }) => ({ aud: [aud, 'b'], azp: 'b' })],
    ['of another issuer', () => ({ iss: 'https://evil.example' })],
    ['that has expired', () => ({ exp: 1 })],
    ['without a subject', () => ({ sub: undefined })],
    ['without a nonce', () => ({ nonce: undefined })],
  ])('%s is refused', async (_, change) => {
    const changed = withIdToken((token) => {
      const [header, payload = '', signature] = token.split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
      const altered = Buffer.from(JSON.stringify({ ...claims, ...change(claims) })).toString('base64url');
      return [header, altered, signature].join('.');
    });
    const fault = await faultWith('token', changed);
    expect(fault.code).toBe('server_error');
    // The claims were what was wrong: the library looks at them before the signature.
    expect((fault.cause as Error).message).not.toContain('KEY_SELECTION');
  });

  it('signed with a new key is verified at once, and the code is sent only once', async () => {
    await signIn();
    for (const user of ['bob', 'carol']) {
      server.rotateKeys();
      now += 20;
      server.requests.length = 0;
      expect((await signIn(user)).user.sub).toBe(user);
      expect(server.requests.filter(({ path }) => path === '/token')).toHaveLength(1);
      expect(server.requests.filter(({ path }) => path === '/jwks')).toHaveLength(1);
    }
  });

  it('signed with a new key is verified also when many arrive at once, for one request for the keys', async () => {
    await signIn();
    server.rotateKeys();
    const callbacks = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((user) => codeFor(user)));
    server.requests.length = 0;
    const users = await Promise.all(
      callbacks.map(({ search }) => upstream.complete({ ...leg, callbackQuery: search })),
    );
    expect(users.map(({ user }) => user.sub)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(server.requests.filter(({ path }) => path === '/jwks').length).toBeLessThanOrEqual(2);
  });

  it('with a wrong signature makes us fetch the keys no more than once in a while', async () => {
    await signIn();
    const forged = withIdToken((token) => token.slice(0, -10) + (token.endsWith('A') ? 'B' : 'A').repeat(10));
    server.requests.length = 0;
    for (let count = 0; count < 3; count += 1) await faultWith('token', forged);
    expect(server.requests.filter(({ path }) => path === '/jwks')).toHaveLength(1);
  });
});

describe('a provider in trouble', () => {
  const html = { status: 200, body: '<h1>canary</h1>', headers: { 'content-type': 'text/html' } };
  const canary = JSON.stringify({ error: 'canary', error_description: 'canary' });

  it.each<[UpstreamEndpoint, string, Misbehaviour, string]>([
    ['token', '500', { reply: { status: 500, body: canary } }, 'temporarily_unavailable'],
    ['token', '429', { reply: { status: 429, body: canary } }, 'temporarily_unavailable'],
    ['token', 'a page', { reply: html }, 'temporarily_unavailable'],
    ['token', 'no JSON', { reply: { status: 200, body: 'canary' } }, 'temporarily_unavailable'],
    ['token', 'too late', { delay: 900 }, 'temporarily_unavailable'],
    ['token', 'too much', { reply: { status: 200, body: 'canary'.repeat(20_000) } }, 'server_error'],
    ['token', 'an error of its own', { reply: { status: 400, body: canary } }, 'server_error'],
    [
      'token',
      'a challenge',
      { reply: { status: 401, headers: { 'www-authenticate': 'Basic realm="canary"' } } },
      'server_error',
    ],
    ['token', 'an error in a 200', { reply: { status: 200, body: canary } }, 'server_error'],
    ['userinfo', '500', { reply: { status: 500, body: canary } }, 'temporarily_unavailable'],
    ['userinfo', 'a page', { reply: html }, 'temporarily_unavailable'],
    [
      'userinfo',
      'a challenge',
      { reply: { status: 401, headers: { 'www-authenticate': 'Bearer error="canary"' } } },
      'server_error',
    ],
    ['userinfo', 'another user', { rewrite: (document) => ({ ...document, sub: 'mallory' }) }, 'server_error'],
    ['userinfo', 'no user', { rewrite: (document) => ({ ...document, sub: undefined }) }, 'server_error'],
    ['jwks', '503', { reply: { status: 503 } }, 'temporarily_unavailable'],
  ])('answers at %s: %s', async (endpoint, _, behaviour, code) => {
    expect((await faultWith(endpoint, behaviour)).code).toBe(code);
  });

  it('says in the cause what an operator needs', async () => {
    const body = JSON.stringify({ error: 'invalid_client', error_description: 'canary' });
    const { cause } = await faultWith('token', { reply: { status: 400, body } });
    expect((cause as Error).message).toBe(
      'Provider oidc, token response: ResponseBodyError OAUTH_RESPONSE_BODY_ERROR HTTP 400 invalid_client.',
    );
  });

  it('is not followed to where it redirects the token request', async () => {
    const trap = await startUpstreamProvider();
    for (const status of [301, 302, 303, 307, 308]) {
      server.misbehave('token');
      const headers = { location: `${trap.issuer}/token` };
      expect((await faultWith('token', { reply: { status, headers } })).code).toBe('server_error');
    }
    expect(trap.requests).toEqual([]);
    await trap.stop();
  });
});

describe('discovery', () => {
  const reads = () => server.requests.filter(({ path }) => path.startsWith('/.well-known/')).length;

  it('waits until it is needed, is shared by those who wait, and lasts for a day', async () => {
    expect(reads()).toBe(0);
    await Promise.all([upstream.authorizationUrl(leg), upstream.authorizationUrl(leg)]);
    now += 86_000;
    await upstream.authorizationUrl(leg);
    expect(reads()).toBe(1);
    now += 1000;
    await upstream.authorizationUrl(leg);
    expect(reads()).toBe(2);
  });

  it('recovers from a provider that was down at the start, and does not hammer it', async () => {
    server.misbehave('discovery', { reply: { status: 502, body: 'canary' } });
    expect((await faultOf(upstream.authorizationUrl(leg))).code).toBe('temporarily_unavailable');
    server.misbehave('discovery');
    await faultOf(upstream.authorizationUrl(leg));
    expect(reads()).toBe(1);
    now += 4;
    await upstream.authorizationUrl(leg);
    expect(reads()).toBe(2);
  });

  it('recovers when the whole server comes back', async () => {
    await server.stop();
    expect((await faultOf(upstream.authorizationUrl(leg))).code).toBe('temporarily_unavailable');
    await server.restart();
    now += 4;
    expect((await signIn()).user.sub).toBe('alice');
  });

  it.each<[string, Misbehaviour]>([
    ['is down', { reply: { status: 500 } }],
    ['is poisoned', { rewrite: (document) => ({ ...document, issuer: 'https://evil.example' }) }],
  ])('keeps the last good copy when the provider %s', async (_, behaviour) => {
    const before = await upstream.authorizationUrl(leg);
    server.misbehave('discovery', behaviour);
    now += 100_000;
    expect((await upstream.authorizationUrl(leg)).href).toBe(before.href);
  });

  it.each<[string, (issuer: string) => Record<string, unknown>]>([
    ['another issuer', () => ({ issuer: 'https://evil.example' })],
    ['the issuer with a slash', (issuer) => ({ issuer: `${issuer}/` })],
    ['an endpoint without TLS elsewhere', () => ({ token_endpoint: 'http://evil.example/token' })],
    ['a script for an endpoint', () => ({ authorization_endpoint: 'javascript:alert(1)' })],
    ['no keys', () => ({ jwks_uri: undefined })],
    ['a number for an endpoint', () => ({ userinfo_endpoint: 7 })],
  ])('refuses a document with %s', async (_, change) => {
    server.misbehave('discovery', { rewrite: (document) => ({ ...document, ...change(server.issuer) }) });
    expect((await faultOf(upstream.authorizationUrl(leg))).code).toBe('server_error');
  });

  it('does without a userinfo endpoint', async () => {
    server.misbehave('discovery', { rewrite: (document) => ({ ...document, userinfo_endpoint: undefined }) });
    expect((await signIn()).user.sub).toBe('alice');
  });
});
