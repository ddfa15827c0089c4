import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { callResource, refresh, register, signIn, signInWith, type Answer, type RawClient } from '../support/client.js';
import {
  grantChanges,
  recordingStore,
  startGatehouse,
  type Gatehouse,
  type GatehouseSettings,
  type RecordingStore,
} from '../support/gatehouse.js';

let gatehouse: Gatehouse;
let store: RecordingStore;
const start = async (settings: GatehouseSettings = {}) => {
  gatehouse = await startGatehouse({
    stoppedClock: true,
    wrapStore: (inner) => (store = recordingStore(inner)),
    ...settings,
  });
};
beforeEach(() => start());
afterEach(() => gatehouse.close());

const invalidGrant = { status: 400, body: { error: 'invalid_grant' } };
const refreshTokenOf = ({ body }: Answer) => String(body['refresh_token']);
const accessTokenOf = ({ body }: Answer) => String(body['access_token']);
const statusAtResource = async (token: string) => (await callResource(gatehouse.mcpUrl, token)).status;

async function rotate(client: RawClient, token: string): Promise<string> {
  const answer = await refresh(gatehouse.issuer, client, token);
  expect(answer.status).toBe(200);
  expect(refreshTokenOf(answer)).not.toBe(token);
  return refreshTokenOf(answer);
}

/** How often a grant was written since the counter was made. */
function grantWrites() {
  const count = grantChanges(store.writes);
  const before = count();
  return () => count() - before;
}

async function generation(): Promise<unknown> {
  const [key] = await store.liveKeys('grant.');
  const entry = key && (await store.get(key));
  return (JSON.parse(entry?.value ?? '{}') as { refresh?: { generation?: unknown } }).refresh?.generation;
}

describe('a refresh', () => {
  it('rotates the token, and what was issued before stays good', async () => {
    const { client, accessToken, refreshToken } = await signIn(gatehouse.issuer);
    const answer = await refresh(gatehouse.issuer, client, refreshToken);
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'mcp:tools' });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await statusAtResource(accessTokenOf(answer))).toBe(200);
    expect(await statusAtResource(accessToken)).toBe(200);
    expect(accessTokenOf(answer)).not.toBe(accessToken);
  });

  it('goes on and on, generation after generation', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    let token = refreshToken;
    for (let day = 0; day < 60; day++) {
      gatehouse.advance(24 * 3600);
      token = await rotate(client, token);
    }
    expect(await generation()).toBe(61);
  });

  it('keeps an access token good for its hour, and no longer than a tolerance beyond', async () => {
    const { accessToken } = await signIn(gatehouse.issuer);
    gatehouse.advance(3599);
    expect(await statusAtResource(accessToken)).toBe(200);
    gatehouse.advance(3600);
    expect(await statusAtResource(accessToken)).toBe(401);
  });
});

describe('fifty refreshes of one token at the same time', () => {
  it('get the identical successor, from one rotation, and fifty access tokens that all work', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    store.gather('grant.', 50);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => refresh(gatehouse.issuer, client, refreshToken)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(refreshTokenOf)).size).toBe(1);
    expect(refreshTokenOf(answers[0] as Answer)).not.toBe(refreshToken);
    expect(new Set(answers.map(accessTokenOf)).size).toBe(50);
    expect(await generation()).toBe(2);
    const statuses = await Promise.all(answers.map((answer) => statusAtResource(accessTokenOf(answer))));
    expect(statuses).toEqual(answers.map(() => 200));
    await rotate(client, refreshTokenOf(answers[0] as Answer));
  });
});

describe('an answer that was lost', () => {
  it('is made good: who asks again with the old token gets the same successor', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    const written = grantWrites();
    const { hostname, port, pathname } = new URL(`${gatehouse.issuer}/oauth/token`);
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: client.clientId,
      refresh_token: refreshToken,
    }).toString();
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(
      `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
      () => socket.resetAndDestroy(),
    );
    await vi.waitFor(() => expect(written()).toBe(1));
    const again = await refresh(gatehouse.issuer, client, refreshToken);
    const onceMore = await refresh(gatehouse.issuer, client, refreshToken);
    expect(again.status).toBe(200);
    expect(refreshTokenOf(again)).toBe(refreshTokenOf(onceMore));
    expect(await generation()).toBe(2);
    await rotate(client, refreshTokenOf(again));
  });
});

describe('a superseded token', () => {
  it('gets the current one until the window ends, without a write', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    const current = await rotate(client, refreshToken);
    const written = grantWrites();
    for (const seconds of [0, 119, 1]) {
      gatehouse.advance(seconds);
      const answer = await refresh(gatehouse.issuer, client, refreshToken);
      expect([seconds, answer.status, refreshTokenOf(answer)]).toEqual([seconds, 200, current]);
      expect(await statusAtResource(accessTokenOf(answer))).toBe(200);
    }
    expect(written()).toBe(0);
  });

  it.each([121, 150, 180])('is refused without harm %d seconds after its supersession', async (seconds) => {
    const { client, accessToken, refreshToken } = await signIn(gatehouse.issuer);
    const current = await rotate(client, refreshToken);
    gatehouse.advance(seconds);
    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
    expect(await statusAtResource(accessToken)).toBe(200);
    expect(await store.liveKeys('vault.')).toHaveLength(1);
    await rotate(client, current);
  });

  it.each([181, 3000, 20 * 24 * 3600])('ends the grant %d seconds after its supersession', async (seconds) => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    const current = await rotate(client, refreshToken);
    gatehouse.advance(seconds);
    const younger = await refresh(gatehouse.issuer, client, current);
    expect(await statusAtResource(accessTokenOf(younger))).toBe(200);
    expect(await store.liveKeys('vault.')).toHaveLength(1);

    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
    expect(await statusAtResource(accessTokenOf(younger))).toBe(401);
    expect(await refresh(gatehouse.issuer, client, refreshTokenOf(younger))).toMatchObject(invalidGrant);
    expect(await refresh(gatehouse.issuer, client, current)).toMatchObject(invalidGrant);
    expect(await store.liveKeys('vault.')).toEqual([]);
  });

  it('gets the current one also after two more rotations', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    let current = refreshToken;
    for (let round = 0; round < 3; round++) {
      gatehouse.advance(30);
      current = await rotate(client, current);
    }
    const answer = await refresh(gatehouse.issuer, client, refreshToken);
    expect([answer.status, refreshTokenOf(answer)]).toEqual([200, current]);
    expect(await generation()).toBe(4);
  });

  it('has a window of its own, which a later rotation does not extend', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    const second = await rotate(client, refreshToken);
    gatehouse.advance(100);
    const third = await rotate(client, second);
    gatehouse.advance(25);
    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
    expect(refreshTokenOf(await refresh(gatehouse.issuer, client, second))).toBe(third);
    gatehouse.advance(60);
    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
    expect(await refresh(gatehouse.issuer, client, third)).toMatchObject(invalidGrant); // 185 s: a replay
  });

  it('is refused without harm by a client that rotated more often than is remembered', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    let current = refreshToken;
    for (let round = 0; round < 40; round++) current = await rotate(client, current);
    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
    current = await rotate(client, current);
    gatehouse.advance(181);
    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
    expect(await refresh(gatehouse.issuer, client, current)).toMatchObject(invalidGrant);
  });

  it('has no window where the operator wants none, and still a minute without harm', async () => {
    await gatehouse.close();
    await start({ refreshGraceTtl: 0 });
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    const current = await rotate(client, refreshToken);
    gatehouse.advance(1);
    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
    await rotate(client, current);
    gatehouse.advance(60);
    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
    expect(await refresh(gatehouse.issuer, client, current)).toMatchObject(invalidGrant);
  });
});

describe('a refresh token in the wrong hands', () => {
  it('is refused to another client without harm, also long after it was superseded', async () => {
    const { client, accessToken, refreshToken } = await signIn(gatehouse.issuer);
    const other = await register(gatehouse.issuer, { client_name: 'Thief' });
    expect(await refresh(gatehouse.issuer, other, refreshToken)).toMatchObject(invalidGrant);
    const current = await rotate(client, refreshToken);
    gatehouse.advance(1000);
    expect(await refresh(gatehouse.issuer, other, refreshToken)).toMatchObject(invalidGrant);
    expect(await refresh(gatehouse.issuer, other, current)).toMatchObject(invalidGrant);
    expect(await statusAtResource(accessToken)).toBe(200);
    await rotate(client, current);
  });

  it('is refused without the secret of its confidential client', async () => {
    const client = await register(gatehouse.issuer, { token_endpoint_auth_method: 'client_secret_post' });
    const secret = { client_secret: client.clientSecret };
    const { refreshToken } = await signInWith(gatehouse.issuer, client, 'alice', {}, secret);
    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect((await refresh(gatehouse.issuer, client, refreshToken, secret)).status).toBe(200);
  });

  it('cannot be made from another generation, nor from another grant', async () => {
    const one = await signIn(gatehouse.issuer, 'alice');
    const two = await signIn(gatehouse.issuer, 'bob');
    const parts = one.refreshToken.split('.');
    const forged = [
      parts.with(5, '2').join('.'),
      parts.with(5, '0').join('.'),
      [...parts.slice(0, 2), ...two.refreshToken.split('.').slice(2, 5), ...parts.slice(5)].join('.'),
    ];
    for (const token of forged) expect(await refresh(gatehouse.issuer, one.client, token)).toMatchObject(invalidGrant);
    await rotate(one.client, one.refreshToken);
    await rotate(two.client, two.refreshToken);
  });
});

describe('the scopes of a refresh', () => {
  const both = 'mcp:tools notes:write';
  const scopesAtResource = async (answer: Answer) =>
    ((await (await callResource(gatehouse.mcpUrl, accessTokenOf(answer))).json()) as { scopes?: string[] }).scopes;

  it('can be fewer than were granted, which takes nothing from the next refresh', async () => {
    const { client, refreshToken, body } = await signIn(gatehouse.issuer, 'alice', { scope: both });
    expect(body['scope']).toBe(both);
    const narrow = await refresh(gatehouse.issuer, client, refreshToken, { scope: 'mcp:tools' });
    expect(narrow.body['scope']).toBe('mcp:tools');
    expect(await scopesAtResource(narrow)).toEqual(['mcp:tools']);
    const whole = await refresh(gatehouse.issuer, client, refreshTokenOf(narrow));
    expect(whole.body['scope']).toBe(both);
    expect(await scopesAtResource(whole)).toEqual(['mcp:tools', 'notes:write']);
  });

  it('cannot be more, and who asks for more has lost nothing', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    for (const scope of [both, 'notes:write']) {
      const refused = await refresh(gatehouse.issuer, client, refreshToken, { scope });
      expect([scope, refused.status, refused.body['error']]).toEqual([scope, 400, 'invalid_scope']);
    }
    expect(await generation()).toBe(1);
    await rotate(client, refreshToken);
  });

  it('do not grow by offline_access, which clients add of themselves: it is left out', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    const { status, body } = await refresh(gatehouse.issuer, client, refreshToken, {
      scope: 'mcp:tools offline_access',
    });
    expect([status, body['scope']]).toEqual([200, 'mcp:tools']);
  });

  it('cannot be more with a superseded token either', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    await rotate(client, refreshToken);
    const refused = await refresh(gatehouse.issuer, client, refreshToken, { scope: both });
    expect([refused.status, refused.body['error']]).toEqual([400, 'invalid_scope']);
  });

  it('leave out what nobody knows', async () => {
    await gatehouse.restart({ userinfo: false });
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    const answer = await refresh(gatehouse.issuer, client, refreshToken, { scope: 'openid mcp:tools made-up' });
    expect(answer.body['scope']).toBe('mcp:tools');
    const again = await refresh(gatehouse.issuer, client, refreshTokenOf(answer), { scope: 'made-up' });
    expect(again.body['scope']).toBe('mcp:tools');
  });
});

describe('the resource of a refresh', () => {
  it('can be spelled in the ways that clients spell it', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    const { origin, pathname } = new URL(gatehouse.mcpUrl);
    let token = refreshToken;
    for (const resource of [
      gatehouse.mcpUrl,
      `${gatehouse.mcpUrl}/`,
      origin,
      origin.replace('http', 'HTTP') + pathname,
    ]) {
      const answer = await refresh(gatehouse.issuer, client, token, { resource });
      expect([resource, answer.status]).toEqual([resource, 200]);
      expect(await statusAtResource(accessTokenOf(answer))).toBe(200);
      token = refreshTokenOf(answer);
    }
  });

  it('cannot be another one, and who asks for it has lost nothing', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    for (const resource of ['https://elsewhere.example/mcp', 'not a URL', `${gatehouse.issuer}/mcp-other`]) {
      const refused = await refresh(gatehouse.issuer, client, refreshToken, { resource });
      expect([resource, refused.status, refused.body['error']]).toEqual([resource, 400, 'invalid_target']);
    }
    expect(await generation()).toBe(1);
    await rotate(client, refreshToken);
  });
});

describe('the end of a grant', () => {
  const lifetimes = { accessTokenTtl: 60, refreshTokenTtl: 600, grantTtl: 1500 };

  it('comes when the client has not refreshed for too long', async () => {
    await gatehouse.close();
    await start(lifetimes);
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    gatehouse.advance(599);
    const current = await rotate(client, refreshToken);
    gatehouse.advance(601);
    expect(await refresh(gatehouse.issuer, client, current)).toMatchObject(invalidGrant);
    gatehouse.advance(20);
    expect(await store.liveKeys('grant.')).toEqual([]);
  });

  it('comes when the client has not refreshed for too long, also where access tokens live as long', async () => {
    await gatehouse.close();
    await start({ ...lifetimes, accessTokenTtl: 600 });
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    gatehouse.advance(601);
    expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
  });

  it('comes at the absolute limit, however often was refreshed', async () => {
    await gatehouse.close();
    await start(lifetimes);
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    let token = refreshToken;
    for (let round = 0; round < 3; round++) {
      gatehouse.advance(499);
      token = await rotate(client, token);
    }
    gatehouse.advance(2);
    token = await rotate(client, token); // 1499 s
    gatehouse.advance(2);
    expect(await refresh(gatehouse.issuer, client, token)).toMatchObject(invalidGrant); // 1501 s
    gatehouse.advance(1000);
    expect(await store.liveKeys('grant.')).toEqual([]);
    expect(await store.liveKeys('vault.')).toEqual([]);
  });
});

describe('a client that registered without refresh_token', () => {
  it('gets none, and may not use the grant type', async () => {
    const client = await register(gatehouse.issuer, { grant_types: ['authorization_code'] });
    const { body, accessToken } = await signInWith(gatehouse.issuer, client);
    expect(body).not.toHaveProperty('refresh_token');
    expect(await statusAtResource(accessToken)).toBe(200);
    const other = await signIn(gatehouse.issuer);
    for (const token of ['x', other.refreshToken]) {
      expect(await refresh(gatehouse.issuer, client, token)).toMatchObject({
        status: 400,
        body: { error: 'unauthorized_client' },
      });
    }
    await rotate(other.client, other.refreshToken);
  });
});
