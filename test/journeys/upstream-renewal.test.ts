import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuthError, memoryStore, type UpstreamTokens } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { callResource, refresh, register, signIn, signInWith, type Answer } from '../support/client.js';
import {
  recordingStore,
  startGatehouse,
  type Gatehouse,
  type GatehouseSettings,
  type RecordingStore,
} from '../support/gatehouse.js';
import type { Misbehaviour } from '../support/upstream-provider.js';

let gatehouse: Gatehouse;
let store: RecordingStore;
/** What the provider issued, sign-in after sign-in. */
let issued: UpstreamTokens[];

const start = async (settings: GatehouseSettings = {}) => {
  issued = [];
  gatehouse = await startGatehouse({
    wrapStore: (inner) => (store = recordingStore(inner)),
    tokenMapper: (tokens) => {
      issued.push(tokens);
      return {};
    },
    ...settings,
  });
};
beforeEach(() => start());
afterEach(() => gatehouse.close());

/** For longer than access tokens of the provider live. */
const anHour = 3601;
const invalidGrant = { status: 400, body: { error: 'invalid_grant' } };
const refreshTokenOf = ({ body }: Answer) => String(body['refresh_token']);
const statusAtResource = async (token: string) => (await callResource(gatehouse.mcpUrl, token)).status;
const requestsTo = (path: string) => gatehouse.upstream.requests.filter((request) => request.path === path).length;
const endings = () =>
  gatehouse.log.filter(({ event }) => event === 'grant ended').map(({ description }) => description);

/** Asks the provider itself what a refresh token is worth. */
async function refreshAtProvider(token = ''): Promise<number> {
  const { issuer, clientId, clientSecret } = gatehouse.upstream;
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token });
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  return (await fetch(`${issuer}/token`, { method: 'POST', body, headers: { authorization } })).status;
}

async function endAtProvider(token = ''): Promise<void> {
  const { issuer, clientId, clientSecret } = gatehouse.upstream;
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  const body = new URLSearchParams({ token });
  const { status } = await fetch(`${issuer}/token/revocation`, { method: 'POST', body, headers: { authorization } });
  expect(status).toBe(200);
}

/** Replays a refresh token long after it was superseded, which ends the grant. */
async function endGrant(client: Parameters<typeof refresh>[1], refreshToken: string): Promise<void> {
  expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(200);
  gatehouse.advance(181);
  expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
}

describe('a refresh of the client', () => {
  it('asks nothing of the provider while its access token lives', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    const before = gatehouse.upstream.requests.length;
    gatehouse.advance(3500);
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(200);
    expect(gatehouse.upstream.requests.length).toBe(before);
  });

  it('asks about a user who comes with a superseded token within a long grace window, too', async () => {
    await gatehouse.close();
    await start({ refreshGraceTtl: 7200 });
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(200);
    gatehouse.advance(anHour);
    await endAtProvider(issued[0]?.refresh_token);
    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
    expect(endings()).toEqual(['signed out upstream']);
  });

  it('renews the tokens of the provider when they have expired, hour after hour', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    let token = refreshToken;
    for (let hour = 1; hour <= 3; hour++) {
      gatehouse.advance(anHour);
      const answer = await refresh(gatehouse.issuer, client, token);
      expect(answer.status).toBe(200);
      expect(requestsTo('/token')).toBe(1 + hour);
      expect(requestsTo('/me')).toBe(1 + hour);
      token = refreshTokenOf(answer);
      expect(await statusAtResource(String(answer.body['access_token']))).toBe(200);
      // The next one is an ordinary one again.
      gatehouse.advance(10);
      const reads = vi.spyOn(store, 'get');
      token = refreshTokenOf(await refresh(gatehouse.issuer, client, token));
      expect(requestsTo('/token')).toBe(1 + hour);
      expect(reads.mock.calls.filter(([key]) => key.id.startsWith('vault.'))).toEqual([]);
      reads.mockRestore();
    }
  });

  it('renews them once for forty at the same time, which all get the same token', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    gatehouse.advance(anHour);
    store.gather('grant.', 40);
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => refresh(gatehouse.issuer, client, refreshToken)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(refreshTokenOf)).size).toBe(1);
    expect([requestsTo('/token'), requestsTo('/me')]).toEqual([2, 2]);
  });

  it.each([['refresh_token'], ['expires_in']])('asks nothing of a provider that gave no %s', async (member) => {
    gatehouse.upstream.misbehave('token', { rewrite: (answer) => ({ ...answer, [member]: undefined }) });
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    gatehouse.advance(24 * 3600);
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(200);
    expect(requestsTo('/token')).toBe(1);
  });
});

describe('a user whose access the provider has ended', () => {
  it('loses it here at the next refresh, access tokens included', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    await endAtProvider(issued[0]?.refresh_token);
    gatehouse.advance(3599);
    const last = await refresh(gatehouse.issuer, client, refreshToken);
    expect(last.status).toBe(200);
    gatehouse.advance(2);
    expect(await refresh(gatehouse.issuer, client, refreshTokenOf(last))).toMatchObject(invalidGrant);
    expect(await statusAtResource(String(last.body['access_token']))).toBe(401);
    expect(await refresh(gatehouse.issuer, client, refreshTokenOf(last))).toMatchObject(invalidGrant);
    expect(endings()).toEqual(['signed out upstream']);
    expect(await store.liveKeys('vault.')).toEqual([]);
    // Everything was and is well with others, and with the same user after a new sign-in.
    const again = await signInWith(gatehouse.issuer, client);
    expect(await statusAtResource(again.accessToken)).toBe(200);
  });

  it('loses it once, however many ask at the same time', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    await endAtProvider(issued[0]?.refresh_token);
    gatehouse.advance(anHour);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => refresh(gatehouse.issuer, client, refreshToken)),
    );
    for (const answer of answers) expect(answer).toMatchObject(invalidGrant);
    expect(requestsTo('/token')).toBe(2);
    expect(endings()).toEqual(['signed out upstream']);
  });

  it('loses it also where the provider says only once how long its tokens live', async () => {
    let mayEnter = true;
    await gatehouse.restart({ allow: { check: () => mayEnter } });
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    gatehouse.upstream.misbehave('token', { rewrite: (answer) => ({ ...answer, expires_in: undefined }) });
    gatehouse.advance(anHour);
    const renewed = await refresh(gatehouse.issuer, client, refreshToken);
    expect(renewed.status).toBe(200);
    mayEnter = false;
    gatehouse.advance(anHour);
    expect(await refresh(gatehouse.issuer, client, refreshTokenOf(renewed))).toMatchObject(invalidGrant);
    expect(endings()).toEqual(['refused by rule']);
  });

  it('loses it also when the provider itself refuses who the user is by now', async () => {
    const { upstream } = gatehouse;
    let mayEnter = true;
    const identify = ({ profile }: { profile: Record<string, unknown> }) => {
      if (!mayEnter) throw new AuthError('access_denied', 'Not any more.');
      return profile;
    };
    await gatehouse.restart({ providers: [oidcProvider({ ...upstream, identify })] });
    const { client, accessToken, refreshToken } = await signIn(gatehouse.issuer);
    mayEnter = false;
    gatehouse.advance(3590);
    expect(await statusAtResource(accessToken)).toBe(200);
    gatehouse.advance(11);
    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
    expect(endings()).toEqual(['refused by rule']);
    // The new tokens, which nobody got, are revoked too.
    await vi.waitFor(() => expect(requestsTo('/token/revocation')).toBe(1));
  });
});

describe('a provider that fails while the client refreshes', () => {
  const html = { status: 502, body: '<html>Bad gateway', headers: { 'content-type': 'text/html' } };
  it.each<[string, 'token' | 'userinfo', Misbehaviour]>([
    ['an error', 'token', { reply: { status: 500, body: '{"error":"server_error"}' } }],
    ['a page', 'token', { reply: html }],
    ['too many requests', 'token', { reply: { status: 429, body: '{"error":"invalid_grant"}' } }],
    ['a secret that was changed', 'token', { reply: { status: 401, body: '{"error":"invalid_client"}' } }],
    ['a profile that cannot be had', 'userinfo', { reply: { status: 500 } }],
    ['a profile of somebody else', 'userinfo', { reply: { status: 200, body: '{"sub":"mallory"}' } }],
  ])('by %s costs nothing but time', async (_, endpoint, behaviour) => {
    const { client, accessToken, refreshToken } = await signIn(gatehouse.issuer);
    gatehouse.advance(3590);
    expect(await statusAtResource(accessToken)).toBe(200);
    gatehouse.advance(11);
    gatehouse.upstream.misbehave(endpoint, behaviour);
    const failed = await refresh(gatehouse.issuer, client, refreshToken);
    expect(failed).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
    const retryAfter = Number(failed.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(0);
    // Whoever does not wait is sent away without a question to the provider.
    const asked = gatehouse.upstream.requests.length;
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(503);
    expect(gatehouse.upstream.requests.length).toBe(asked);

    gatehouse.upstream.misbehave(endpoint);
    gatehouse.advance(retryAfter);
    const answer = await refresh(gatehouse.issuer, client, refreshToken);
    expect(answer.status).toBe(200);
    expect(refreshTokenOf(answer)).not.toBe(refreshToken);
    expect(endings()).toEqual([]);
  });

  it('by silence, or by not being there, costs nothing but time', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    gatehouse.advance(anHour);
    await gatehouse.upstream.stop();
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(503);
    await gatehouse.upstream.restart();
    gatehouse.advance(5);
    // Longer than the 10 seconds that an answer may take.
    gatehouse.upstream.misbehave('token', { delay: 11_000 });
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(503);
    gatehouse.upstream.misbehave('token');
    gatehouse.advance(5);
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(200);
  });
});

describe('the end of a grant', () => {
  it('revokes its tokens at the provider', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    await endGrant(client, refreshToken);
    await vi.waitFor(() => expect(requestsTo('/token/revocation')).toBe(1));
    await vi.waitFor(async () => expect(await refreshAtProvider(issued[0]?.refresh_token)).toBe(400));
    // Again: there is nothing left to revoke.
    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
    await gatehouse.gate.close();
    expect(requestsTo('/token/revocation')).toBe(1);
  });

  it('leaves the other grants of the user alone', async () => {
    const one = await signIn(gatehouse.issuer);
    const two = await signIn(gatehouse.issuer);
    await endGrant(one.client, one.refreshToken);
    await vi.waitFor(() => expect(requestsTo('/token/revocation')).toBe(1));
    gatehouse.advance(anHour);
    expect((await refresh(gatehouse.issuer, two.client, two.refreshToken)).status).toBe(200);
  });

  it('waits for the last one where the provider would end them all', async () => {
    const { upstream } = gatehouse;
    const provider = { ...oidcProvider({ ...upstream }), revocation: { reachesAll: true } };
    await gatehouse.restart({ providers: [provider] });
    const client = await register(gatehouse.issuer);
    const one = await signInWith(gatehouse.issuer, client);
    const two = await signInWith(gatehouse.issuer, client);
    const other = await signInWith(gatehouse.issuer, client, 'bob');
    await endGrant(client, one.refreshToken);
    await endGrant(client, two.refreshToken);
    await vi.waitFor(() => expect(requestsTo('/token/revocation')).toBe(1));
    expect(await refreshAtProvider(issued[0]?.refresh_token)).toBe(200);
    expect(await refreshAtProvider(issued[1]?.refresh_token)).toBe(400);
    await endGrant(client, other.refreshToken);
    await vi.waitFor(() => expect(requestsTo('/token/revocation')).toBe(2));
  });

  it('does not depend on the provider, and tells the operator when it did not work', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    gatehouse.upstream.misbehave('revocation', { reply: { status: 500, body: 'canary' } });
    await endGrant(client, refreshToken);
    const told = () => gatehouse.log.filter(({ event }) => event === 'upstream tokens not revoked');
    await vi.waitFor(() => expect(told()).toHaveLength(1));
    const everything = JSON.stringify(gatehouse.log);
    for (const secret of ['canary', issued[0]?.refresh_token ?? '', issued[0]?.access_token ?? '']) {
      expect(everything).not.toContain(secret);
    }
  });

  it('is over before the server is, if the provider is not too slow', async () => {
    const kept = memoryStore();
    await gatehouse.close();
    await start({ store: kept });
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    gatehouse.upstream.misbehave('revocation', { delay: 300 });
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(200);
    gatehouse.advance(181);
    const ended = Date.now();
    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
    await gatehouse.gate.close();
    expect(Date.now() - ended).toBeLessThan(2500);
    expect(await refreshAtProvider(issued[0]?.refresh_token)).toBe(400);
  });
});
