import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callResource, postForm, refresh, revoke, type Answer } from '../support/client.js';
import { authorizationUrl, pkce, redeem, register, walk } from '../support/client.js';
import type { Fault } from './faulty-store.js';
import { expectUnavailable, faultScene } from './scene.js';

const key = 'n0tesKey-wQ2vB5nX7mC1zL4jH9gF3sA6pO0iUkD8';
const clientSecret = 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';
const authorization = `Basic ${Buffer.from(`machine:${clientSecret}`).toString('base64')}`;

let scene: Awaited<ReturnType<typeof faultScene>>;
beforeEach(async () => {
  scene = await faultScene({ clients: [{ clientId: 'machine', name: 'Machine', clientSecret }] });
  await scene.gatehouse.restart({
    resources: [
      { url: scene.gatehouse.mcpUrl, scopes: { 'mcp:tools': 'Use the tools' }, introspection: { keys: [key] } },
    ],
  });
});
afterEach(() => scene.close());

const faults: Fault[] = ['throw before', 'throw after', 'late'];
const at = (path: string) => `${scene.issuer}/oauth/${path}`;
const statusAtResource = async (token: string) => (await callResource(scene.gatehouse.mcpUrl, token)).status;

async function newGrant() {
  const client = await register(scene.issuer);
  const { verifier, challenge } = pkce();
  const url = authorizationUrl(scene.issuer, client, challenge, { scope: 'openid mcp:tools' });
  const code = (await walk(url, client)).searchParams.get('code') ?? '';
  const { body } = await redeem(scene.issuer, client, code, verifier);
  return { client, accessToken: String(body['access_token']), refreshToken: String(body['refresh_token']) };
}

async function machineToken(): Promise<string> {
  const { body } = await postForm(at('token'), { grant_type: 'client_credentials' }, { authorization });
  return String(body['access_token']);
}

/** Lets every operation of a request fail in turn, and looks at what it answered. */
async function atEachOperation(
  fault: Fault,
  attempt: () => Promise<{ request: () => Promise<Answer>; check: () => Promise<void> }>,
) {
  let refused = 0;
  let position = 0;
  for (let reached = true; reached;) {
    position += 1;
    const { request, check } = await attempt();
    await scene.gatehouse.restart();
    scene.store.failAt(position, fault);
    const first = await request();
    reached = scene.store.operations.length >= position;
    scene.store.heal();
    if (first.status !== 200) {
      refused += 1;
      expectUnavailable(first);
      expect((await request()).status, `again, after operation ${position}`).toBe(200);
    }
    // Whether it needed one attempt or two: what was answered with 200 holds.
    await check();
  }
  return { refused, position };
}

describe('a fault of the store while a token is revoked', () => {
  it.each(faults)('never makes a lie of a 200: a grant is ended then (%s)', async (fault) => {
    const { refused, position } = await atEachOperation(fault, async () => {
      const { client, accessToken, refreshToken } = await newGrant();
      return {
        request: () => revoke(scene.issuer, client, refreshToken),
        async check() {
          expect(await statusAtResource(accessToken)).toBe(401);
          expect((await refresh(scene.issuer, client, refreshToken)).status).toBe(400);
        },
      };
    });
    expect(refused).toBeGreaterThan(1);
    expect(position).toBeGreaterThan(4);
  });

  it.each(faults)('never makes a lie of a 200: an access token is ended then (%s)', async (fault) => {
    const { refused } = await atEachOperation(fault, async () => {
      const { client, accessToken, refreshToken } = await newGrant();
      return {
        request: () => revoke(scene.issuer, client, accessToken),
        async check() {
          expect(await statusAtResource(accessToken)).toBe(401);
          expect((await refresh(scene.issuer, client, refreshToken)).status).toBe(200);
        },
      };
    });
    expect(refused).toBeGreaterThan(1);
  });

  it.each(faults)('never makes a lie of a 200: a token without a user is ended then (%s)', async (fault) => {
    const { refused } = await atEachOperation(fault, async () => {
      const token = await machineToken();
      return {
        request: () => revoke(scene.issuer, { clientId: 'machine' }, token, {}, { authorization }),
        check: async () => expect(await statusAtResource(token)).toBe(401),
      };
    });
    expect(refused).toBeGreaterThan(0);
  });

  it('that lasts is told, and the tokens stay good', async () => {
    const { client, accessToken, refreshToken } = await newGrant();
    scene.store.failWhen(({ verb }) => (verb === 'set' ? 'throw before' : undefined));
    expectUnavailable(await revoke(scene.issuer, client, refreshToken));
    expectUnavailable(await revoke(scene.issuer, client, accessToken));
    scene.store.failAlways('throw before');
    expectUnavailable(await revoke(scene.issuer, client, refreshToken));
    expectUnavailable(await revoke(scene.issuer, client, accessToken));
    scene.store.heal();
    expect(await statusAtResource(accessToken)).toBe(200);
    expect((await refresh(scene.issuer, client, refreshToken)).status).toBe(200);
  });

  it('is none for what is no token at all', async () => {
    const { client } = await newGrant();
    scene.store.failAlways('throw before');
    for (const token of ['x', 'a.b.c']) expect((await revoke(scene.issuer, client, token)).status).toBe(200);
  });

  it('while the upstream tokens are deleted is made good by the next attempt', async () => {
    const { client, accessToken, refreshToken } = await newGrant();
    scene.store.failOn('delete vault', 'throw before');
    expectUnavailable(await revoke(scene.issuer, client, refreshToken));
    expect(await statusAtResource(accessToken)).toBe(401);
    scene.store.heal();
    expect((await revoke(scene.issuer, client, refreshToken)).status).toBe(200);
    expect(scene.store.operations).toContain('delete vault');
  });
});

describe('a fault of the store while somebody asks about a token', () => {
  const bearer = { authorization: `Bearer ${key}` };
  const introspect = (token: string) => postForm(at('introspect'), { token }, bearer);
  async function userinfo(token: string): Promise<Answer> {
    const response = await fetch(at('userinfo'), { headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
  }

  it.each<[string, (token: string) => Promise<Answer>]>([
    ['introspection', introspect],
    ['userinfo', userinfo],
  ])('is told by %s, and is neither a yes nor a no', async (_, ask) => {
    const { accessToken } = await newGrant();
    const { refused } = await atEachOperation('throw before', () =>
      Promise.resolve({
        request: () => ask(accessToken),
        check: async () => expect((await ask(accessToken)).status).toBe(200),
      }),
    );
    expect(refused).toBeGreaterThan(0);
    scene.store.failAlways('throw before');
    const answer = await ask(accessToken);
    expectUnavailable(answer);
    // A challenge would make the caller throw its token away.
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });

  it('is told for tokens without a user as well', async () => {
    const token = await machineToken();
    expect((await introspect(token)).body['active']).toBe(true);
    scene.store.failAlways('throw before');
    expectUnavailable(await introspect(token));
    expect(await statusAtResource(token)).toBe(503);
  });

  it('fails closed when the grant cannot be seen', async () => {
    const { accessToken } = await newGrant();
    expect((await introspect(accessToken)).body['active']).toBe(true);
    scene.store.failAlways('nothing');
    expect((await introspect(accessToken)).body).toEqual({ active: false });
    expect((await userinfo(accessToken)).status).toBe(401);
  });
});
