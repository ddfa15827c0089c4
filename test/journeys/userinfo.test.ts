import { allowInsecureRequests, Configuration, fetchUserInfo, type ServerMetadata } from 'openid-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authorizationUrl, callResource, newRequest, postForm, refresh, register } from '../support/client.js';
import { pkce, redeem, revoke, signIn, SteppingBrowser, type Answer } from '../support/client.js';
import { recordingStore, startGatehouse, type Gatehouse, type RecordingStore } from '../support/gatehouse.js';
import { claimsOf } from '../resource/tokens.js';

const clientSecret = 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';

let gatehouse: Gatehouse;
let store: RecordingStore;
let issuer: string;
beforeEach(async () => {
  gatehouse = await startGatehouse({
    wrapStore: (inner) => (store = recordingStore(inner)),
    tokenMapper: () => ({ sub: 'employee-7', name: 'not the name at the provider' }),
    clients: [{ clientId: 'machine', name: 'Machine', clientSecret }],
  });
  issuer = gatehouse.issuer;
});
afterEach(() => gatehouse.close());

async function ask(token: string | undefined, init: RequestInit = {}, query = ''): Promise<Answer> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${issuer}/oauth/userinfo${query}`, { headers, ...init });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

const withScope = (scope: string) => signIn(issuer, 'alice', { scope });
const alice = { email: 'alice@example.test', email_verified: true };
const called = { name: 'Alice', preferred_username: 'alice' };
const insufficient = {
  status: 403,
  body: {
    error: 'insufficient_scope',
    error_description: 'The access token does not let anybody know its user.',
  },
};
const invalidToken = { status: 401, body: { error: 'invalid_token' } };

describe('userinfo', () => {
  it('tells what was granted, with the subject of our tokens', async () => {
    const { accessToken, body } = await withScope('openid profile email');
    expect(body['scope']).toBe('mcp:tools openid profile email');
    const { sub } = claimsOf(accessToken);
    expect(sub).toBe('employee-7');
    for (const method of ['GET', 'POST']) {
      const answer = await ask(accessToken, { method, headers: { authorization: `Bearer ${accessToken}` } });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ sub, ...called, ...alice });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('content-type')).toBe('application/json');
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    }
    // It is a token for the resource as any other.
    expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(200);
  });

  it.each([
    ['openid', {}],
    ['openid email', alice],
    ['openid profile notes:write', called],
  ])('with the scope "%s" tells that and no more', async (scope, expected) => {
    expect((await ask((await withScope(scope)).accessToken)).body).toEqual({ sub: 'employee-7', ...expected });
  });

  it.each(['mcp:tools', 'profile email', 'offline_access'])('with "%s" tells nothing', async (scope) => {
    const answer = await ask((await withScope(scope)).accessToken);
    expect(answer).toMatchObject(insufficient);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="insufficient_scope", .*scope="openid"$/);
  });

  it('tells a client that acts for itself nothing', async () => {
    const authorization = `Basic ${Buffer.from(`machine:${clientSecret}`).toString('base64')}`;
    const form = { grant_type: 'client_credentials', scope: 'openid mcp:tools' };
    const { body } = await postForm(`${issuer}/oauth/token`, form, { authorization });
    expect(body['scope']).toBe('mcp:tools');
    expect(await ask(String(body['access_token']))).toMatchObject(insufficient);
  });

  it('wants the token in the header, and nowhere else', async () => {
    const { accessToken } = await withScope('openid');
    const body = new URLSearchParams({ access_token: accessToken });
    for (const answer of [
      await ask(undefined),
      await ask(undefined, {}, `?access_token=${accessToken}`),
      await ask(undefined, { method: 'POST', body }),
    ]) {
      expect(answer).toMatchObject(invalidToken);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer scope="openid"');
    }
  });

  it('takes no token that does not count', async () => {
    const { client, accessToken, refreshToken } = await withScope('openid');
    const ended = await withScope('openid');
    await revoke(issuer, ended.client, ended.accessToken);
    for (const token of ['x', '', `${accessToken}x`, refreshToken, ended.accessToken, `${accessToken} x`]) {
      const answer = await ask(token);
      expect(answer, token).toMatchObject(invalidToken);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token", .*scope="openid"$/);
    }
    expect((await ask(accessToken)).status).toBe(200);
    await revoke(issuer, client, refreshToken);
    expect(await ask(accessToken)).toMatchObject(invalidToken);
  });

  it('says of a user who cannot be read any more that the token counts no more', async () => {
    const { accessToken } = await withScope('openid');
    await gatehouse.restart({ secret: ['aNewSecretThatKnowsNothingOfTheOldOne', 'PZ2rY0m3c9Qk1V7bW4xN8tH6sJ5dL0fG'] });
    expect((await ask(accessToken)).status).toBe(200);
    const [key] = await store.liveKeys('grant.');
    const entry = key && (await store.get(key));
    const sealedElsewhere = (entry?.value ?? '').replace(/"identity":"[^.]+\./, '"identity":"AAAA.');
    if (key) await store.set(key, sealedElsewhere, { version: 'other', expiresAt: 'never' });
    expect(await ask(accessToken)).toMatchObject(invalidToken);
  });

  it('is used by openid-client', async () => {
    const { accessToken } = await withScope('openid email');
    const metadata = gatehouse.gate.getMetadata() as unknown as ServerMetadata;
    const configuration = new Configuration(metadata, 'any');
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- loopback, in a test
    allowInsecureRequests(configuration);
    expect(await fetchUserInfo(configuration, accessToken, 'employee-7')).toEqual({ sub: 'employee-7', ...alice });
  });
});

describe('the scopes that let a client know its user', () => {
  it('are asked for in words, and are nowhere that clients ask for everything of', async () => {
    const { url } = await newRequest(issuer, { scope: 'openid profile email' });
    const { html } = await new SteppingBrowser().open(url);
    for (const words of ['Use the tools', 'Know that it is you', 'See your name', 'See your e-mail address']) {
      expect(html).toContain(words);
    }
    expect(gatehouse.gate.getMetadata().scopes_supported).toEqual(['mcp:tools', 'notes:write', 'offline_access']);
    const document = await (await fetch(`${issuer}/.well-known/oauth-protected-resource`)).text();
    const challenge = (await callResource(gatehouse.mcpUrl, undefined)).headers.get('www-authenticate');
    for (const text of [document, challenge]) expect(text).not.toMatch(/openid|profile|email/);
  });

  it('can be given up at a refresh, and never come', async () => {
    const { client, refreshToken } = await withScope('openid email mcp:tools');
    const narrow = await refresh(issuer, client, refreshToken, { scope: 'mcp:tools openid' });
    expect(narrow.body['scope']).toBe('mcp:tools openid');
    expect((await ask(String(narrow.body['access_token']))).body).toEqual({ sub: 'employee-7' });
    const none = await refresh(issuer, client, String(narrow.body['refresh_token']), { scope: 'mcp:tools' });
    expect(await ask(String(none.body['access_token']))).toMatchObject(insufficient);
    const more = { scope: 'mcp:tools openid profile' };
    expect(await refresh(issuer, client, String(none.body['refresh_token']), more)).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    });
    const all = await refresh(issuer, client, String(none.body['refresh_token']));
    expect(all.body['scope']).toBe('mcp:tools openid email');
  });

  it('are dropped where nobody is told', async () => {
    await gatehouse.restart({ userinfo: false });
    const { client, accessToken, refreshToken, body } = await withScope('openid profile email');
    expect(body['scope']).toBe('mcp:tools');
    const again = await refresh(issuer, client, refreshToken, { scope: 'openid mcp:tools' });
    expect(again.body['scope']).toBe('mcp:tools');
    expect(
      (await fetch(`${issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } })).status,
    ).toBe(404);
  });

  it('are what is kept of a user, sealed', async () => {
    const kept = async (scope: string) => {
      const before = store.writes.length;
      const { accessToken } = await withScope(scope);
      expect(accessToken).not.toBe('undefined');
      return store.writes.slice(before).flatMap(({ key, value }) => (key.id.startsWith('grant.') ? [value ?? ''] : []));
    };
    const sizes = { with: await kept('openid profile email'), without: await kept('mcp:tools') };
    expect(sizes.with.join()).not.toMatch(/alice|example\.test/);
    expect(sizes.with[0]?.length ?? 0).toBeGreaterThan(sizes.without[0]?.length ?? Infinity);
  });

  it('have the words of a resource that has them among its own', async () => {
    const { mcpUrl } = gatehouse;
    await gatehouse.restart({
      resources: [{ url: mcpUrl, scopes: { 'mcp:tools': 'Use the tools', openid: 'Tell who you are' } }],
    });
    const client = await register(issuer);
    const { verifier, challenge } = pkce();
    const browser = new SteppingBrowser();
    const page = await browser.open(authorizationUrl(issuer, client, challenge));
    expect(page.html).toContain('Tell who you are');
    expect((await redeem(issuer, client, 'x', verifier)).status).toBe(400);
    const { accessToken } = await signIn(issuer);
    expect((await ask(accessToken)).body).toEqual({ sub: 'employee-7' });
  });
});
