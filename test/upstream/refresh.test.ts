import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oidcProvider, type OidcOptions } from '../../providers/oidc.js';
import { createPooledFetch, type PooledFetch } from '../../src/upstream/pooled-fetch.js';
import type { UpstreamProvider } from '../../src/upstream/provider.js';
import { createUpstream } from '../../src/upstream/create-upstream.js';
import type { SignedInUser, Upstream } from '../../src/upstream/upstream.js';
import { signInAtUpstream, startUpstreamProvider, type UpstreamProviderServer } from '../support/upstream-provider.js';

const leg = { state: 'state-1', codeVerifier: 'v'.repeat(43), nonce: 'nonce-1' };
let now: number;
let server: UpstreamProviderServer;
let pool: PooledFetch;
let upstream: Upstream;
let signedIn: SignedInUser;

function connect(options: Partial<OidcOptions & UpstreamProvider> = {}): Upstream {
  const { issuer, clientId, clientSecret, callbackUrl } = server;
  const provider = { ...oidcProvider({ issuer, clientId, clientSecret }), ...options };
  return createUpstream(provider, { callbackUrl, fetch: pool.fetch, clock: () => now });
}

beforeEach(async () => {
  now = 1_000_000;
  server = await startUpstreamProvider();
  pool = createPooledFetch({ timeout: 0.5 });
  upstream = connect();
  const { search } = await signInAtUpstream(await upstream.authorizationUrl(leg));
  signedIn = await upstream.complete({ ...leg, callbackQuery: search });
});
afterEach(async () => {
  pool.close();
  await server.stop();
});

const requestsTo = (path: string) => server.requests.filter((request) => request.path === path).length;
const unavailable = { code: 'temporarily_unavailable' };

describe('a sign-in', () => {
  it('says what is to be kept of it', () => {
    const { provider, issuer, subject, receivedAt, idToken } = signedIn;
    expect([provider, issuer, subject, receivedAt]).toEqual(['oidc', server.issuer, 'alice', 1_000_000]);
    expect(idToken).toMatchObject({ iss: server.issuer, sub: 'alice', nonce: leg.nonce });
  });
});

describe('a refresh', () => {
  it('gets new tokens, whose user is who it was', async () => {
    now += 10;
    const answer = await upstream.refresh(signedIn);
    expect(answer.tokens.access_token).not.toBe(signedIn.tokens.access_token);
    expect(answer.tokens.refresh_token).not.toBe(signedIn.tokens.refresh_token);
    expect(answer).toMatchObject({ receivedAt: now, idToken: { sub: 'alice' } });
    const user = { ...signedIn.user, raw: expect.anything() as unknown };
    expect(await upstream.identify(answer)).toMatchObject({ subject: 'alice', user });
    expect((await upstream.refresh(answer)).tokens.refresh_token).not.toBe(answer.tokens.refresh_token);
  });

  it('with a refresh token that was used before is refused, and so is its successor', async () => {
    const answer = await upstream.refresh(signedIn);
    await expect(upstream.refresh(signedIn)).rejects.toMatchObject({ code: 'invalid_grant' });
    await expect(upstream.refresh(answer)).rejects.toMatchObject({ code: 'invalid_grant' });
  });

  it('keeps what the answer leaves out', async () => {
    server.misbehave('token', {
      rewrite: ({ access_token, token_type }) => ({ access_token, token_type }),
    });
    const { tokens, idToken } = await upstream.refresh(signedIn);
    const { refresh_token, scope, expires_in } = signedIn.tokens;
    expect(tokens).toEqual({
      access_token: tokens.access_token,
      token_type: 'bearer',
      refresh_token,
      scope,
      expires_in,
    });
    expect(idToken).toEqual(signedIn.idToken);
  });

  it.each([
    ['token', { reply: { status: 500, body: 'canary' } }],
    ['token', { delay: 600 }],
    ['token', { reply: { status: 401, body: '{"error":"invalid_client","error_description":"canary"}' } }],
    ['token', { rewrite: (answer: object) => ({ ...answer, id_token: 'canary.canary.canary' }) }],
  ] as const)('whose %s endpoint misbehaves by %j is put off', async (endpoint, behaviour) => {
    server.misbehave(endpoint, behaviour);
    const fault: unknown = await upstream.refresh(signedIn).catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject(unavailable);
    const everything = inspect(fault, { depth: 20, showHidden: true });
    for (const secret of ['canary', server.clientSecret, signedIn.tokens.refresh_token ?? '']) {
      expect(everything).not.toContain(secret);
    }
  });

  it('is put off while the provider cannot be found', async () => {
    upstream = connect();
    await server.stop();
    await expect(upstream.refresh(signedIn)).rejects.toMatchObject(unavailable);
    await server.restart();
    now += 5;
    expect((await upstream.refresh(signedIn)).idToken.sub).toBe('alice');
  });

  it('does not lose a new refresh token by keys that are out of reach; what the ID token says does not count then', async () => {
    upstream = connect();
    server.misbehave('jwks', { reply: { status: 500 } });
    const answer = await upstream.refresh(signedIn);
    expect(requestsTo('/jwks')).toBe(2);
    expect(answer.tokens.refresh_token).not.toBe(signedIn.tokens.refresh_token);
    expect(answer.tokens).not.toHaveProperty('id_token');
    expect(answer.idToken).toEqual(signedIn.idToken);
    server.misbehave('jwks');
    expect((await upstream.refresh(answer)).tokens).toHaveProperty('id_token');
  });

  it('does not take a forged ID token for a lack of keys', async () => {
    server.misbehave('token', {
      rewrite: (answer) => ({ ...answer, id_token: String(answer.id_token).replace(/.{10}$/, 'AAAAAAAAAA') }),
    });
    await expect(upstream.refresh(signedIn)).rejects.toMatchObject(unavailable);
  });

  it('does not fetch keys that are known already', async () => {
    const fetches = requestsTo('/jwks');
    await upstream.refresh(signedIn);
    expect(requestsTo('/jwks')).toBe(fetches);
  });
});

describe('a revocation', () => {
  it('ends the tokens at the provider', async () => {
    await upstream.revoke(signedIn.tokens);
    expect(requestsTo('/token/revocation')).toBe(1);
    await expect(upstream.refresh(signedIn)).rejects.toMatchObject({ code: 'invalid_grant' });
    await expect(upstream.identify(signedIn)).rejects.toMatchObject({ code: 'server_error' });
  });

  it('is not sent where the provider publishes no place for it', async () => {
    upstream = connect();
    server.misbehave('discovery', { rewrite: (document) => ({ ...document, revocation_endpoint: undefined }) });
    await upstream.revoke(signedIn.tokens);
    expect(requestsTo('/token/revocation')).toBe(0);
  });

  it.each(['http://evil.example/revoke', 'javascript:alert(1)', 'https://a.example/#x', 7])(
    'is not sent to %j, and nobody signs in by such a document',
    async (revocation_endpoint) => {
      upstream = connect();
      server.misbehave('discovery', { rewrite: (document) => ({ ...document, revocation_endpoint }) });
      await expect(upstream.authorizationUrl(leg)).rejects.toMatchObject({ code: 'server_error' });
      await expect(upstream.revoke(signedIn.tokens)).rejects.toMatchObject({ code: 'server_error' });
    },
  );

  it('says when it failed, and nothing of the tokens', async () => {
    server.misbehave('revocation', { reply: { status: 503, body: 'canary' } });
    const fault: unknown = await upstream.revoke(signedIn.tokens).catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject(unavailable);
    const everything = inspect(fault, { depth: 20, showHidden: true });
    for (const secret of ['canary', signedIn.tokens.access_token, signedIn.tokens.refresh_token ?? '']) {
      expect(everything).not.toContain(secret);
    }
  });

  it('is sent without a refresh token where there is none, and not at all where only those count', async () => {
    const tokens = { ...signedIn.tokens, refresh_token: undefined };
    await connect({ revocation: { refreshTokensOnly: true } }).revoke(tokens);
    expect(requestsTo('/token/revocation')).toBe(0);
    await upstream.revoke(tokens);
    await expect(upstream.identify(signedIn)).rejects.toMatchObject({ code: 'server_error' });
  });
});
