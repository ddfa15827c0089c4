import { join } from 'node:path';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { memoryStore, type OAuthAuthorizationServer } from 'mcp-gatehouse';
import { afterEach, describe, expect, it } from 'vitest';
import { makeGate } from '../http/serve.js';
import { callResource, refresh, signIn } from '../support/client.js';
import { startGatehouse, temporaryFolder } from '../support/gatehouse.js';
import { headerOf } from './tokens.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const issuer = 'https://auth.example';
const hour = 3600;

async function keysOf(gate: OAuthAuthorizationServer): Promise<JSONWebKeySet & { keys: { kid: string }[] }> {
  const { origin } = new URL(gate.getMetadata().jwks_uri);
  const answer = await gate.fetch(new Request(`${origin}/oauth/jwks`));
  return (await answer.json()) as JSONWebKeySet & { keys: { kid: string }[] };
}
const kidsOf = async (gate: OAuthAuthorizationServer) => (await keysOf(gate)).keys.map(({ kid }) => kid);

describe('signing keys that rotate', () => {
  it('are published before they sign, verify what they signed, and go when that has expired', async () => {
    const own = await startGatehouse({
      signing: { rotationTtl: 10 * hour, publishTtl: hour },
      accessTokenTtl: 2 * hour,
      refreshTokenTtl: 100 * hour,
    });
    closing.push(() => own.close());
    const { client, accessToken, refreshToken } = await signIn(own.issuer);
    const kidOf = (token: string) => headerOf(token)['kid'];
    let current = refreshToken;
    const nextToken = async () => {
      const { body } = await refresh(own.issuer, client, current);
      current = String(body['refresh_token']);
      return String(body['access_token']);
    };
    const [first] = await kidsOf(own.gate);
    expect(await kidsOf(own.gate)).toEqual([kidOf(accessToken)]);

    own.advance(10 * hour - 120);
    expect(await kidsOf(own.gate)).toEqual([first]);
    own.advance(240);
    const [, second, ...more] = await kidsOf(own.gate);
    expect(second).toBeDefined();
    expect(more).toEqual([]);
    expect(kidOf(await nextToken())).toBe(first);

    own.advance(hour - 300);
    const lastOfFirst = await nextToken();
    expect(kidOf(lastOfFirst)).toBe(first);
    own.advance(360);
    const firstOfSecond = await nextToken();
    expect(kidOf(firstOfSecond)).toBe(second);
    expect((await callResource(own.mcpUrl, lastOfFirst)).status).toBe(200);

    // Two hours after the first key has signed for the last time, its last token still verifies …
    own.advance(2 * hour - 360);
    expect((await callResource(own.mcpUrl, lastOfFirst)).status).toBe(200);
    expect(await kidsOf(own.gate)).toEqual([first, second]);
    // … and then the key goes.
    own.advance(600);
    expect(await kidsOf(own.gate)).toEqual([second]);
    expect((await callResource(own.mcpUrl, lastOfFirst)).status).toBe(401);
    expect(kidOf(await nextToken())).toBe(second);
  });

  it('come back after a long sleep: the old one signs until the new one was seen', async () => {
    let now = 1_800_000_000;
    const clock = () => now;
    const gate = makeGate(issuer, { clock, store: memoryStore({ clock }) });
    closing.push(() => gate.close());
    const [first] = await kidsOf(gate);
    now += 400 * 24 * hour;
    const kids = await kidsOf(gate);
    expect(kids).toHaveLength(2);
    expect(kids[0]).toBe(first);
  });

  it('are the same in every instance, whoever rotates', async () => {
    let now = 1_800_000_000;
    const clock = () => now;
    const store = memoryStore({ clock });
    const one = makeGate(issuer, { clock, store });
    const other = makeGate(issuer, { clock, store });
    closing.push(
      () => one.close(),
      () => other.close(),
    );
    expect(await kidsOf(one)).toEqual(await kidsOf(other));
    for (let month = 0; month < 8; month++) {
      now += 30 * 24 * hour;
      const [mine, theirs] = await Promise.all([kidsOf(one), kidsOf(other)]);
      now += 61;
      expect(await kidsOf(one)).toEqual(await kidsOf(other));
      expect(mine.length).toBeLessThanOrEqual(2);
      expect(theirs.length).toBeLessThanOrEqual(2);
    }
  });

  it('of one instance verify the tokens of another at once, without waiting for its keys to be read again', async () => {
    const folder = temporaryFolder();
    closing.push(() => folder.remove());
    const own = await startGatehouse({ store: `sqlite:${join(folder.path, 'gatehouse.sqlite')}` });
    closing.push(() => own.close());
    const { accessToken } = await signIn(own.issuer);
    await own.restart();
    expect((await callResource(own.mcpUrl, accessToken)).status).toBe(200);
  });

  it('are one set when two instances make them at the same time, on one SQLite file', async () => {
    const folder = temporaryFolder();
    closing.push(() => folder.remove());
    for (let round = 0; round < 5; round++) {
      const store = `sqlite:${join(folder.path, `race-${round}.sqlite`)}`;
      const gates = [makeGate(issuer, { store }), makeGate(issuer, { store }), makeGate(issuer, { store })];
      closing.push(...gates.map((gate) => () => gate.close()));
      await Promise.all(gates.map((gate) => gate.ready()));
      const sets = await Promise.all(gates.map(kidsOf));
      expect(sets[0]).toHaveLength(1);
      for (const set of sets) expect(set).toEqual(sets[0]);
    }
  });

  it('are never shown with a private member, however many there are', async () => {
    let now = 1_800_000_000;
    const clock = () => now;
    const gate = makeGate(issuer, { clock, store: memoryStore({ clock }) });
    closing.push(() => gate.close());
    await keysOf(gate);
    now += 91 * 24 * hour;
    const { keys } = await keysOf(gate);
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    }
  });

  it('let a resource server verify with keys that it fetched before the rotation', async () => {
    const own = await startGatehouse({
      signing: { rotationTtl: 10 * hour, publishTtl: hour },
      refreshTokenTtl: 100 * hour,
    });
    closing.push(() => own.close());
    const { client, refreshToken } = await signIn(own.issuer);
    own.advance(10 * hour + 60);
    const fetched = (await (await fetch(`${own.issuer}/oauth/jwks`)).json()) as JSONWebKeySet;
    own.advance(hour + 60);
    const { body } = await refresh(own.issuer, client, refreshToken);
    const currentDate = new Date(Date.now() + (11 * hour + 120) * 1000);
    const verified = await jwtVerify(String(body['access_token']), createLocalJWKSet(fetched), { currentDate });
    expect(verified.protectedHeader.kid).toBe(fetched.keys[1]?.kid);
  });
});

describe('the published keys', () => {
  it('may be kept for less time than a new key waits', async () => {
    const gate = makeGate(issuer, { signing: { rotationTtl: hour, publishTtl: 900 } });
    closing.push(() => gate.close());
    const answer = await gate.fetch(new Request(`${issuer}/oauth/jwks`));
    const [, age] = /max-age=(\d+)/.exec(answer.headers.get('cache-control') ?? '') ?? [];
    expect(Number(age)).toBeLessThan(900);
  });
});

it('is refused on command where the configuration supplies the keys', async () => {
  const signing = { algorithm: 'HS256' as const, secret: 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU' };
  const own = await startGatehouse({ signing });
  closing.push(() => own.close());
  await expect(own.gate.rotateSigningKeys()).rejects.toThrow('signing names the keys itself');
  const rotating = await startGatehouse();
  closing.push(() => rotating.close());
  const { accessToken } = await signIn(rotating.issuer);
  await rotating.gate.rotateSigningKeys();
  expect(await kidsOf(rotating.gate)).toHaveLength(2);
  expect((await callResource(rotating.mcpUrl, accessToken)).status).toBe(200);
});
