import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { maxRevokedTokens } from '../../src/grants/revoked-tokens.js';
import { callResource, refresh, register, revoke, signIn, signInWith, type Answer } from '../support/client.js';
import { recordingStore, startGatehouse, type Gatehouse, type RecordingStore } from '../support/gatehouse.js';
import { claimsOf } from '../resource/tokens.js';

let gatehouse: Gatehouse;
let store: RecordingStore;
let issuer: string;
let upstreamTokens: string[];
beforeEach(async () => {
  upstreamTokens = [];
  gatehouse = await startGatehouse({
    stoppedClock: true,
    wrapStore: (inner) => (store = recordingStore(inner)),
    tokenMapper: ({ refresh_token = '' }) => {
      upstreamTokens.push(refresh_token);
      return {};
    },
  });
  issuer = gatehouse.issuer;
});
afterEach(() => gatehouse.close());

const refreshTokenOf = ({ body }: Answer) => String(body['refresh_token']);
const accessTokenOf = ({ body }: Answer) => String(body['access_token']);
const statusAtResource = async (token: string) => (await callResource(gatehouse.mcpUrl, token)).status;
const revocations = () => gatehouse.upstream.requests.filter(({ path }) => path === '/token/revocation').length;
const endings = () => gatehouse.log.filter(({ event }) => event === 'grant ended');

async function refreshAtProvider(token: string): Promise<number> {
  const { issuer, clientId, clientSecret } = gatehouse.upstream;
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token });
  return (await fetch(`${issuer}/token`, { method: 'POST', body, headers: { authorization } })).status;
}

/** What is left of a grant once everything was answered: whatever was issued has to be worth nothing. */
async function expectDead(client: Parameters<typeof refresh>[1], answers: readonly Answer[]): Promise<void> {
  const issued = answers.filter(({ body }) => body['access_token'] !== undefined);
  const access = await Promise.all(issued.map((answer) => statusAtResource(accessTokenOf(answer))));
  expect(access).toEqual(issued.map(() => 401));
  for (const token of new Set(issued.map(refreshTokenOf))) {
    expect((await refresh(issuer, client, token)).status).toBe(400);
  }
}

describe('a grant that its client ends', () => {
  it('is refused on the very next request, by a verifier that knows the token well', async () => {
    const { client, accessToken, refreshToken } = await signIn(issuer);
    for (let call = 0; call < 3; call++) expect(await statusAtResource(accessToken)).toBe(200);
    expect((await revoke(issuer, client, refreshToken)).status).toBe(200);
    expect(await statusAtResource(accessToken)).toBe(401);
    expect(await statusAtResource(accessToken)).toBe(401);
  });

  it('is ended at the provider as well, and its tokens are nowhere any more', async () => {
    const { client, refreshToken } = await signIn(issuer);
    expect(await store.liveKeys('vault.')).toHaveLength(1);
    const before = revocations();
    await revoke(issuer, client, refreshToken);
    expect(await store.liveKeys('vault.')).toEqual([]);
    await vi.waitFor(() => expect(revocations()).toBe(before + 1));
    await vi.waitFor(async () => expect(await refreshAtProvider(upstreamTokens[0] ?? '')).toBe(400));
    // Signing out is no cause for alarm.
    expect(endings()).toEqual([expect.objectContaining({ level: 'info', description: 'revoked' })]);
  });

  it('is ended here, whatever the provider says to that', async () => {
    gatehouse.upstream.misbehave('revocation', { reply: { status: 500, body: 'no' }, delay: 200 });
    const { client, accessToken, refreshToken } = await signIn(issuer);
    const began = performance.now();
    expect((await revoke(issuer, client, refreshToken)).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(200);
    expect(await statusAtResource(accessToken)).toBe(401);
  });

  it('is written once, however often its tokens are ended', async () => {
    const { client, accessToken, refreshToken } = await signIn(issuer);
    const other = await signIn(issuer, 'bob');
    await revoke(issuer, client, refreshToken);
    await revoke(issuer, other.client, other.accessToken);
    const before = store.writes.length;
    for (const token of [refreshToken, accessToken]) expect((await revoke(issuer, client, token)).status).toBe(200);
    expect((await revoke(issuer, other.client, other.accessToken)).status).toBe(200);
    expect(store.writes.slice(before)).toEqual([]);
  });

  it('leaves other grants of the same user and client alone', async () => {
    const client = await register(issuer);
    const one = await signInWith(issuer, client);
    const other = await signInWith(issuer, client);
    await revoke(issuer, client, one.refreshToken);
    expect(await statusAtResource(other.accessToken)).toBe(200);
    expect((await refresh(issuer, client, other.refreshToken)).status).toBe(200);
  });

  it('stays ended after a restart', async () => {
    const { client, accessToken, refreshToken } = await signIn(issuer);
    const second = await signIn(issuer, 'bob');
    await revoke(issuer, client, refreshToken);
    await revoke(issuer, second.client, second.accessToken);
    await gatehouse.restart({ store });
    expect(await statusAtResource(accessToken)).toBe(401);
    expect(await statusAtResource(second.accessToken)).toBe(401);
    expect((await refresh(issuer, second.client, second.refreshToken)).status).toBe(200);
  });

  it('can be ended by a refresh token that has long been superseded, or is too old to be used', async () => {
    const { client, refreshToken } = await signIn(issuer);
    const current = await refresh(issuer, client, refreshToken);
    gatehouse.advance(3000);
    expect((await revoke(issuer, client, refreshToken)).status).toBe(200);
    expect(await statusAtResource(accessTokenOf(current))).toBe(401);
    expect(endings().map(({ description }) => description)).toEqual(['revoked']);
  });
});

describe('fifty at the same time', () => {
  it('who revoke and refresh one grant leave nothing of it alive', async () => {
    const { client, refreshToken, accessToken } = await signIn(issuer);
    store.gather('grant.', 50);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        index % 2 === 0 ? revoke(issuer, client, refreshToken) : refresh(issuer, client, refreshToken),
      ),
    );
    const revoked = answers.filter((_, index) => index % 2 === 0);
    expect(revoked.map(({ status }) => status)).toEqual(revoked.map(() => 200));
    for (const { status } of answers) expect([200, 400]).toContain(status);
    await expectDead(client, answers);
    expect(await statusAtResource(accessToken)).toBe(401);
    expect(await store.liveKeys('vault.')).toEqual([]);
    expect(endings()).toHaveLength(1);
  });

  it('who refresh leave nothing alive either when one of them revokes', async () => {
    for (let round = 0; round < 5; round++) {
      const { client, refreshToken } = await signIn(issuer);
      const revoking = new Promise((resolve) => setTimeout(resolve, 3 * round)).then(() =>
        revoke(issuer, client, refreshToken),
      );
      const answers = await Promise.all(Array.from({ length: 49 }, () => refresh(issuer, client, refreshToken)));
      expect((await revoking).status).toBe(200);
      await expectDead(client, answers);
    }
  });

  it('who end one access token each, end each of these and keep the newer ones', async () => {
    const { client, refreshToken, accessToken } = await signIn(issuer);
    const answers = [];
    let token = refreshToken;
    for (let each = 0; each < 12; each++) {
      const answer = await refresh(issuer, client, token);
      answers.push(answer);
      token = refreshTokenOf(answer);
    }
    const ended = answers.slice(0, 8).map(accessTokenOf);
    const statuses = await Promise.all(ended.map((each) => revoke(issuer, client, each)));
    expect(statuses.map(({ status }) => status)).toEqual(ended.map(() => 200));
    for (const each of ended) expect(await statusAtResource(each)).toBe(401);
    for (const each of [accessToken, ...answers.slice(8).map(accessTokenOf)]) {
      expect(await statusAtResource(each)).toBe(200);
    }
  });

  it('who end an access token and refresh lose neither: it is dead, and what came of the refresh lives', async () => {
    const { client, refreshToken, accessToken } = await signIn(issuer);
    store.gather('grant.', 20);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? revoke(issuer, client, accessToken) : refresh(issuer, client, refreshToken),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await statusAtResource(accessToken)).toBe(401);
    const refreshed = answers.filter((_, index) => index % 2 === 1);
    expect(new Set(refreshed.map(refreshTokenOf)).size).toBe(1);
    for (const answer of refreshed) expect(await statusAtResource(accessTokenOf(answer))).toBe(200);
    expect((await refresh(issuer, client, refreshTokenOf(refreshed[0] as Answer))).status).toBe(200);
    expect(await statusAtResource(accessToken)).toBe(401);
  });
});

describe('more ended access tokens than a grant tells apart', () => {
  it('end what is as old as the oldest of them, and nothing newer; the record stays small', async () => {
    const { client, refreshToken, accessToken } = await signIn(issuer);
    const issued: string[] = [];
    let token = refreshToken;
    for (let each = 0; each < maxRevokedTokens + 4; each++) {
      gatehouse.advance(1);
      const answer = await refresh(issuer, client, token);
      token = refreshTokenOf(answer);
      issued.push(accessTokenOf(answer));
    }
    const kept = issued.pop() ?? '';
    const size = async () => {
      const [key] = await store.liveKeys('grant.');
      return ((key && (await store.get(key)))?.value ?? '').length;
    };
    for (const each of issued.slice(0, maxRevokedTokens)) expect((await revoke(issuer, client, each)).status).toBe(200);
    expect(await statusAtResource(accessToken)).toBe(200);
    const full = await size();
    for (const each of issued.slice(maxRevokedTokens)) expect((await revoke(issuer, client, each)).status).toBe(200);
    expect(await size()).toBeLessThan(full + 100);
    for (const each of issued) expect(await statusAtResource(each)).toBe(401);
    // It was older than a token that had to be forgotten.
    expect(claimsOf(accessToken)['iat']).toBeLessThan(Number(claimsOf(issued[0] ?? '')['iat']));
    expect(await statusAtResource(accessToken)).toBe(401);
    expect(await statusAtResource(kept)).toBe(200);
    expect(await statusAtResource(accessTokenOf(await refresh(issuer, client, token)))).toBe(200);
  });

  it('make room once they have expired', async () => {
    const { client, refreshToken } = await signIn(issuer);
    let token = refreshToken;
    for (let each = 0; each < maxRevokedTokens * 2; each++) {
      const answer = await refresh(issuer, client, token);
      token = refreshTokenOf(answer);
      await revoke(issuer, client, accessTokenOf(answer));
      gatehouse.advance(3600 / 20);
    }
    const [key] = await store.liveKeys('grant.');
    expect((key && (await store.get(key)))?.value).not.toContain('issuedUntil');
  });
});
