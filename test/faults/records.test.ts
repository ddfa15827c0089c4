import { randomBytes } from 'node:crypto';
import Database from 'libsql';
import { memoryStore, OAuthAuthorizationServer, sqliteStore, type Store } from 'mcp-gatehouse';
import { afterEach, describe, expect, it } from 'vitest';
import {
  authorizationUrl,
  callResource,
  pkce,
  redeem,
  refresh,
  register,
  walk,
  type Answer,
} from '../support/client.js';
import { isWithoutPostgres } from '../support/database-servers.js';
import {
  recordingStore,
  startGatehouse,
  temporaryFolder,
  type Gatehouse,
  type GatehouseSettings,
  type RecordingStore,
} from '../support/gatehouse.js';
import { gatehouseOptions } from '../support/gatehouse-parts.js';
import { newSharedStore } from '../support/shared-stores.js';
import { expectUnavailable } from './scene.js';

let gatehouse: Gatehouse;
let store: RecordingStore;
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  await gatehouse.close();
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const start = async (settings: GatehouseSettings = {}) => (gatehouse = await startGatehouse(settings));
const startRecorded = () => start({ wrapStore: (inner) => (store = recordingStore(inner)) });
const invalidGrant = { status: 400, body: { error: 'invalid_grant' } };
const refreshTokenOf = ({ body }: Answer) => String(body['refresh_token']);

async function newCode(metadata: Record<string, unknown> = {}) {
  const { issuer } = gatehouse;
  const client = await register(issuer, metadata);
  const { verifier, challenge } = pkce();
  const code = (await walk(authorizationUrl(issuer, client, challenge), client)).searchParams.get('code') ?? '';
  return { client, code, verifier, present: () => redeem(issuer, client, code, verifier) };
}

describe('a record that the store has lost', () => {
  it('is none that could be used again: neither the code nor a refresh token of it (an eviction)', async () => {
    await startRecorded();
    const { client, present } = await newCode();
    const first = await present();
    const second = await refresh(gatehouse.issuer, client, refreshTokenOf(first));
    for (const key of await store.liveKeys('grant.')) await store.delete(key);
    expect(await present()).toMatchObject(invalidGrant);
    for (const answer of [first, second]) {
      expect(await refresh(gatehouse.issuer, client, refreshTokenOf(answer))).toMatchObject(invalidGrant);
      expect((await callResource(gatehouse.mcpUrl, String(answer.body['access_token']))).status).toBe(401);
    }
  });

  it('makes a callback one that asks to begin anew', async () => {
    await startRecorded();
    await newCode();
    for (const key of await store.liveKeys('sign-in')) await store.delete(key);
    expect((await newCode().then(({ present }) => present())).status).toBe(200);
  });
});

describe('a record that is as it was a moment before, after a failover', () => {
  it('lets a code count again for its own client with its verifier, and for nobody else', async () => {
    await startRecorded();
    const { client, code, verifier, present } = await newCode();
    const [key] = await store.liveKeys('grant.');
    const before = key && (await store.get(key));
    if (!before) throw new Error('There is no grant.');
    const first = await present();
    await store.set(key, before.value, { version: before.version, expiresAt: 'never' });
    const thief = await register(gatehouse.issuer, { client_name: 'Thief' });
    expect(await redeem(gatehouse.issuer, thief, code, verifier)).toMatchObject(invalidGrant);
    expect(await redeem(gatehouse.issuer, client, code, pkce().verifier)).toMatchObject(invalidGrant);
    const second = await present();
    expect(second.status).toBe(200);
    // It is the same grant, whose tokens are derived: there is one chain, which ends as one.
    expect(refreshTokenOf(second)).toBe(refreshTokenOf(first));
    expect(await present()).toMatchObject(invalidGrant);
    expect(await refresh(gatehouse.issuer, client, refreshTokenOf(first))).toMatchObject(invalidGrant);
  });

  it('refuses a refresh token from the lost moment, without ending the grant', async () => {
    await startRecorded();
    const { client, present } = await newCode();
    const first = await present();
    const [key] = await store.liveKeys('grant.');
    const before = key && (await store.get(key));
    if (!before) throw new Error('There is no grant.');
    const lost = await refresh(gatehouse.issuer, client, refreshTokenOf(first));
    await store.set(key, before.value, { version: before.version, expiresAt: 'never' });
    expect(await refresh(gatehouse.issuer, client, refreshTokenOf(lost))).toMatchObject(invalidGrant);
    expect((await refresh(gatehouse.issuer, client, refreshTokenOf(first))).status).toBe(200);
  });
});

describe('a record that somebody else has written over', () => {
  const rubbish: [string, (value: string) => string][] = [
    ['random text', () => randomBytes(300).toString('latin1').replaceAll('\0', ' ')],
    ['nothing', () => ''],
    ['null', () => 'null'],
    ['a version that nobody knows', (value) => value.replace('"format":1', '"format":99')],
    ['everything in a prototype', (value) => `{"__proto__":${value.startsWith('{') ? value : '{}'}}`],
    ['columns of wrong types', () => '{"format":1,"grantId":7,"code":[],"scopes":{}}'],
    ['the half of it', (value) => value.slice(0, value.length / 2)],
  ];

  it.each(rubbish)('is absent at every door, and never a fault of the server: %s', async (_, write) => {
    await startRecorded();
    const { client, present } = await newCode();
    const issued = await present();
    const unredeemed = await newCode();
    for (const kind of ['grant.', 'vault.', 'sign-in']) {
      for (const key of await store.liveKeys(kind)) {
        const { value = '' } = (await store.get(key)) ?? {};
        await store.set(key, write(value), { version: 'foreign', expiresAt: 'never' });
      }
    }
    expect(await unredeemed.present()).toMatchObject(invalidGrant);
    expect(await refresh(gatehouse.issuer, client, refreshTokenOf(issued))).toMatchObject(invalidGrant);
    expect((await callResource(gatehouse.mcpUrl, String(issued.body['access_token']))).status).toBe(401);
    expect(({} as Record<string, unknown>)['format']).toBeUndefined();
    expect(gatehouse.log.filter(({ code }) => code === 'server_error')).toEqual([]);
    expect((await newCode().then((next) => next.present())).status).toBe(200);
  });
});

describe('a SQLite file', () => {
  function file() {
    const folder = temporaryFolder();
    cleanUps.push(() => folder.remove());
    const path = `${folder.path}/gatehouse.sqlite`;
    const connect = () => {
      const database = new Database(path);
      cleanUps.push(() => database.close());
      return database;
    };
    return { path, connect };
  }
  const keep = (opened: Store) => (cleanUps.push(() => opened.close()), opened);

  it('that somebody has locked delays a token, and is told when that lasts; nothing is lost', async () => {
    const { path, connect } = file();
    await start({ store: keep(sqliteStore({ path, lockTtl: 0.3 })) });
    const [one, other] = [await newCode(), await newCode()];
    const writer = connect();
    writer.exec('BEGIN IMMEDIATE');
    expectUnavailable(await one.present());
    const delayed = other.present();
    writer.exec('ROLLBACK');
    expect((await delayed).status).toBe(200);
    expect((await one.present()).status).toBe(200);
  });

  it.each([
    ['may only be read', 'PRAGMA query_only = ON', 'PRAGMA query_only = OFF'],
    ['is on a full disk', 'PRAGMA max_page_count = 1', 'PRAGMA max_page_count = 100000'],
  ])('that %s is told, and everything goes on when it is over', async (_, begin, end) => {
    const { connect } = file();
    const database = connect();
    await start({ store: keep(sqliteStore({ database })) });
    const { client, present } = await newCode();
    const issued = await present();
    const pending = await newCode();
    database.exec(begin);
    // The pages that there are have some room: until it is used up, nothing has to be refused.
    const answers: Answer[] = [];
    for (let left = 200; left > 0 && answers.at(-1)?.status !== 503; left--) {
      answers.push(await refresh(gatehouse.issuer, client, refreshTokenOf(answers.at(-1) ?? issued)));
    }
    expectUnavailable(answers.at(-1) as Answer);
    const latest = answers.at(-2) ?? issued;
    expect((await callResource(gatehouse.mcpUrl, String(latest.body['access_token']))).status).toBe(200);
    database.exec(end);
    expect((await pending.present()).status).toBe(200);
    expect((await refresh(gatehouse.issuer, client, refreshTokenOf(latest))).status).toBe(200);
  });
});

describe.skipIf(isWithoutPostgres)('PostgreSQL', () => {
  async function startThere(parameters = '') {
    const shared = await newSharedStore.postgres();
    cleanUps.push(() => shared.remove());
    const location = new URL(shared.location);
    const options = location.searchParams.get('options') ?? '';
    location.searchParams.set('options', `${options} ${parameters}`.trim());
    await start({ store: location.href });
  }

  it('is never shown what it cannot keep: NUL bytes and lone surrogates', async () => {
    await startThere();
    for (const odd of ['a\u0000b', 'a\ud800b', '\udc00', 'x'.repeat(1e6)]) {
      const response = await fetch(`${gatehouse.issuer}/oauth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client_name: odd, redirect_uris: ['http://127.0.0.1:8910/callback'] }),
      });
      expect([400, 413], `${odd.slice(0, 5)} ${response.status}`).toContain(response.status);
      const client = await register(gatehouse.issuer);
      const { challenge } = pkce();
      for (const name of ['state', 'scope', 'resource', 'client_id', 'redirect_uri']) {
        const url = authorizationUrl(gatehouse.issuer, client, challenge, { [name]: odd.slice(0, 1500) });
        const { status } = await fetch(url, { redirect: 'manual' });
        expect(status, `${name}=${odd.slice(0, 5)}`).toBeLessThan(500);
      }
      for (const name of ['code', 'refresh_token', 'client_id', 'code_verifier']) {
        const form = { [name]: odd.slice(0, 1500) };
        const { status } = await redeem(gatehouse.issuer, client, 'ac.x', 'v', form);
        expect([400, 401], `${name}=${odd.slice(0, 5)}`).toContain(status);
      }
    }
    expect(gatehouse.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('that rolls back what meets another transaction lets one of twenty exchanges of a code succeed', async () => {
    await startThere('-c default_transaction_isolation=serializable');
    const { present } = await newCode();
    const answers = await Promise.all(Array.from({ length: 20 }, present));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status } of answers) expect([200, 400, 503]).toContain(status);
  });
});

describe('a clock', () => {
  /** Another machine on the same store, whose clock is so far ahead. */
  async function machines(...ahead: number[]) {
    let now = Date.now() / 1000;
    const inner = memoryStore({ clock: () => now });
    await start({ store: inner, clock: () => now });
    const { issuer, mcpUrl, upstream } = gatehouse;
    const others = ahead.map(
      (seconds) =>
        new OAuthAuthorizationServer({
          ...gatehouseOptions({ issuer, mcpUrl, upstream }),
          store: inner,
          clock: () => now + seconds,
          log: () => undefined,
        }),
    );
    for (const other of others) cleanUps.push(() => other.close());
    return { others, pass: (seconds: number) => (now += seconds) };
  }

  it('that is half a minute off does no harm; one that is five minutes off takes nothing for younger than it is', async () => {
    const { others, pass } = await machines(-30, 30, -300, 300);
    const [behind, aheadOf, farBehind, farAhead] = others;
    const code = async () => {
      const { client, code, verifier } = await newCode();
      return new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: client.clientId,
        redirect_uri: client.redirectUri,
        code,
        code_verifier: verifier,
      });
    };
    const post = async (machine: typeof behind, body: URLSearchParams) =>
      (await machine?.fetch(new Request(`${gatehouse.issuer}/oauth/token`, { method: 'POST', body })))?.status;
    for (const machine of [behind, aheadOf]) expect(await post(machine, await code())).toBe(200);
    for (const machine of [farBehind, farAhead]) {
      const form = await code();
      expect(await post(machine, form)).toBe(400);
      // Nothing has happened to it: who has the right time takes it.
      expect(await post(behind, form)).toBe(200);
    }
    pass(61);
  });

  it('that is put back by an hour revives neither a code nor a superseded refresh token', async () => {
    const { pass } = await machines();
    const expired = await newCode();
    const { client, present } = await newCode();
    const first = await present();
    const current = await refresh(gatehouse.issuer, client, refreshTokenOf(first));
    pass(150);
    expect(await expired.present()).toMatchObject(invalidGrant);
    expect(await refresh(gatehouse.issuer, client, refreshTokenOf(first))).toMatchObject(invalidGrant);
    pass(-3600);
    expect(await expired.present()).toMatchObject(invalidGrant);
    expect(await refresh(gatehouse.issuer, client, refreshTokenOf(first))).toMatchObject(invalidGrant);
    // The grant itself goes on.
    expect((await refresh(gatehouse.issuer, client, refreshTokenOf(current))).status).toBe(200);
  });
});
