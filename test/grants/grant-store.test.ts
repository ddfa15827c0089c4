import { beforeEach, describe, expect, it } from 'vitest';
import { grantKey, vaultKey } from '../../src/grants/grant-id.js';
import type { Decision } from '../../src/grants/grant-store.js';
import { parseGrant, serializeGrant, type Grant } from '../../src/grants/grant.js';
import { memoryStore } from '../../src/storage/memory.js';
import type { SetOptions, Store } from '../../src/storage/store.js';
import { createGrants } from '../../src/grants/grant-store.js';
import { randomBytes } from 'node:crypto';
import { grantScene, lifetimes, start } from './scene.js';

let scene: ReturnType<typeof grantScene>;
let grant: Grant;
beforeEach(async () => {
  scene = grantScene();
  grant = await scene.newGrant();
});

/** What a code's redemption is to the record: it happens once, and a second one is a replay. */
const redeem = (found: Grant): Decision<string> =>
  found.code.redeemedAt === undefined
    ? { next: { ...found, code: { ...found.code, redeemedAt: start } }, result: 'redeemed' }
    : { result: 'replayed' };

async function stored(): Promise<Grant | undefined> {
  const entry = await scene.store.get(grantKey(grant.grantId));
  return entry && parseGrant(entry.value);
}

describe('a grant', () => {
  it('is read back as it was written', async () => {
    await scene.grants.create(grant);
    expect(await scene.grants.change(grant.grantId, (found) => ({ result: found }))).toMatchObject(grant);
    expect(await scene.isAlive(grant.grantId)).toBe(true);
  });

  it('is not read for an id that nobody made here: the store is not even asked', async () => {
    for (const id of ['', 'a.b.c', '__proto__', grant.grantId.slice(0, -1), `${grant.grantId}x`]) {
      expect(await scene.grants.change(id, redeem)).toBeUndefined();
      expect(await scene.isAlive(id)).toBe(false);
    }
    expect(scene.store.operations).toEqual([]);
  });

  it('is changed by one caller at a time: of fifty redemptions one counts, and the others see it', async () => {
    await scene.grants.create(grant);
    const results = await Promise.all(Array.from({ length: 50 }, () => scene.grants.change(grant.grantId, redeem)));
    expect(results.filter((result) => result === 'redeemed')).toHaveLength(1);
    expect(results.filter((result) => result === 'replayed')).toHaveLength(49);
  });

  it('is changed once for each of several callers, and no change is lost', async () => {
    await scene.grants.create(grant);
    const add = (scope: string) => (found: Grant) => ({
      next: { ...found, scopes: [...found.scopes, scope] },
      result: scope,
    });
    const scopes = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(scopes.map((scope) => scene.grants.change(grant.grantId, add(scope))));
    expect([...((await stored())?.scopes ?? [])].sort()).toEqual([...scopes, 'mcp:tools'].sort());
  });

  it('is given up on, and not tried for ever, when others are always faster', async () => {
    await scene.grants.create(grant);
    scene.store.failWhen(({ verb }) => (verb === 'set' ? 'nothing' : undefined));
    let judged = 0;
    const change = scene.grants.change(grant.grantId, (found) => {
      judged += 1;
      return redeem(found);
    });
    await expect(change).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    expect(judged).toBe(10);
    scene.store.heal();
    expect((await stored())?.code.redeemedAt).toBeUndefined();
  });

  it('stays as it was when the judgement throws', async () => {
    await scene.grants.create(grant);
    const before = await scene.store.get(grantKey(grant.grantId));
    const thrown = new Error('no');
    await expect(scene.grants.change(grant.grantId, () => Promise.reject(thrown))).rejects.toBe(thrown);
    expect(await scene.store.get(grantKey(grant.grantId))).toEqual(before);
  });
});

describe('a change whose answer was lost', () => {
  it.each(['throw after', 'false after'] as const)('is recognised as one’s own (%s)', async (fault) => {
    await scene.grants.create(grant);
    scene.store.failOn('set grant', fault);
    expect(await scene.grants.change(grant.grantId, redeem)).toBe('redeemed');
    expect((await stored())?.code.redeemedAt).toBe(start);
  });

  it('is recognised also when the question whether it happened failed too', async () => {
    await scene.grants.create(grant);
    scene.store.failWhen((_, index) => (index === 2 ? 'throw after' : index === 3 ? 'throw before' : undefined));
    expect(await scene.grants.change(grant.grantId, redeem)).toBe('redeemed');
  });

  it('is recognised when it came through after it was given up, and is no replay', async () => {
    await scene.grants.create(grant);
    scene.store.failOn('set grant', 'late');
    expect(await scene.grants.change(grant.grantId, redeem)).toBe('redeemed');
    expect((await stored())?.code.redeemedAt).toBe(start);
  });

  it('answers what that very attempt had decided', async () => {
    await scene.grants.create(grant);
    let attempt = 0;
    scene.store.failOn('set grant', 'late');
    const count = (found: Grant) => ({ next: { ...found, salt: `attempt ${++attempt}` }, result: attempt });
    const result = await scene.grants.change(grant.grantId, count);
    expect((await stored())?.salt).toBe(`attempt ${result}`);
  });

  it('that did not happen is tried again', async () => {
    await scene.grants.create(grant);
    scene.store.failOn('set grant', 'throw before');
    expect(await scene.grants.change(grant.grantId, redeem)).toBe('redeemed');
  });

  it('is given up at the second fault, so that a store that hangs does not hold a request for ever', async () => {
    await scene.grants.create(grant);
    scene.store.failWhen(({ verb }) => (verb === 'set' ? 'throw before' : undefined));
    await expect(scene.grants.change(grant.grantId, redeem)).rejects.toThrow('ECONNREFUSED');
    expect(scene.store.operations.filter((each) => each === 'set grant')).toHaveLength(2);
  });

  it('that somebody else overtook is judged anew', async () => {
    await scene.grants.create(grant);
    let overtaken = false;
    const result = await scene.grants.change(grant.grantId, async (found) => {
      if (!overtaken) {
        overtaken = true;
        await scene.grants.change(grant.grantId, redeem);
      }
      return redeem(found);
    });
    expect(result).toBe('replayed');
  });
});

describe('a new grant', () => {
  it.each(['throw after', 'false after'] as const)('is recognised when the answer was lost (%s)', async (fault) => {
    scene.store.failOn('set grant', fault);
    await scene.grants.create(grant);
    expect(await scene.isAlive(grant.grantId)).toBe(true);
  });

  it('that the store could not take fails with the store’s own error, and is not there', async () => {
    scene.store.failOn('set grant', 'throw before');
    await expect(scene.grants.create(grant)).rejects.toThrow('ECONNREFUSED');
    expect(await scene.isAlive(grant.grantId)).toBe(false);
  });

  it('never replaces another one', async () => {
    await scene.grants.create(grant);
    await expect(scene.grants.create({ ...grant, clientId: 'other' })).rejects.toMatchObject({ code: 'server_error' });
    expect((await stored())?.clientId).toBe('client');
  });
});

describe('a record that is not one of ours', () => {
  const whole = (changes: object) => (own: Grant) => JSON.stringify({ format: 1, ...own, ...changes });
  const rows: [string, (own: Grant) => string][] = [
    ['nothing', () => ''],
    ['random bytes', () => randomBytes(200).toString('latin1')],
    ['half a record', (own) => serializeGrant(own).slice(0, 100)],
    ['null', () => 'null'],
    ['a number', () => '1'],
    ['a list', () => '[]'],
    ['an object without anything', () => '{}'],
    ['a format and nothing else', () => '{"format":1}'],
    ['no format', (own) => JSON.stringify(own)],
    ['a newer format', whole({ format: 2 })],
    ['a format of another type', whole({ format: '1' })],
    ['the record of another grant', whole({ grantId: 'a.b.c' })],
    ['everything in a prototype', (own) => `{"__proto__":${serializeGrant(own)}}`],
    ['no code', whole({ code: undefined })],
    ['null for a code', whole({ code: null })],
    ['no scopes', whole({ scopes: undefined })],
    ['an instant that is text', whole({ createdAt: 'now' })],
    ['no salt', whole({ salt: null })],
    ['half a refresh state', whole({ refresh: { generation: 1 } })],
  ];
  it.each(rows)('is absent: %s', async (_, make) => {
    await scene.store.set(grantKey(grant.grantId), make(grant), { version: 'a', expiresAt: 'never' });
    expect(await scene.grants.change(grant.grantId, redeem)).toBeUndefined();
    expect(await scene.isAlive(grant.grantId)).toBe(false);
    await scene.grants.end(grant.grantId, 'revoked', {});
    expect(({} as Record<string, unknown>)['format']).toBeUndefined();
  });

  it('is read when it has more members than this version knows', async () => {
    const value = whole({ later: true })(grant);
    await scene.store.set(grantKey(grant.grantId), value, { version: 'a', expiresAt: 'never' });
    expect(await scene.grants.change(grant.grantId, redeem)).toBe('redeemed');
  });
});

describe('the end of a record', () => {
  const refresh = { generation: 1, kid: 'abcd', superseded: [] };
  const { refreshTokenTtl, grantTtl } = lifetimes;
  const cases: [string, Partial<Grant>, number, number][] = [
    ['an unredeemed code’s is the code’s', {}, 0, 60 + 60],
    ['without refresh token it is the last access token’s', { lastTokenExpiresAt: start + 3600 }, 0, 3660],
    ['with one it is when that one has idled', { refresh, lastTokenExpiresAt: start + 3600 }, 0, refreshTokenTtl],
    ['it moves with refreshes, by steps', { refresh, lastTokenExpiresAt: start + 3600 }, 7000, 7014 + refreshTokenTtl],
    ['it stays within a step', { refresh, lastTokenExpiresAt: start + 3600 }, 6700, 7014 + refreshTokenTtl],
    ['it never moves behind the limit of the grant', { refresh, lastTokenExpiresAt: start }, 45_000, grantTtl],
    ['it never comes before the last access token’s', { refresh, lastTokenExpiresAt: start + 51_000 }, 49_000, 51_060],
    [
      'an ended grant’s is the last access token’s',
      { refresh, lastTokenExpiresAt: start + 3600, ended: { at: start, because: 'revoked' } },
      0,
      3660,
    ],
    ['it is a whole second', { refresh, lastTokenExpiresAt: start + 20_000.5 }, 0, 20_061],
  ];
  it.each(cases)('%s', async (_, changes, later, expected) => {
    const written: SetOptions[] = [];
    const inner = memoryStore({ clock: scene.clock });
    const store: Store = { ...inner, set: (...all) => (written.push(all[2]), inner.set(...all)) };
    const grants = createGrants(
      store,
      scene.ids,
      scene.clock,
      randomBytes,
      lifetimes,
      () => undefined,
      scene.discardVault,
    );
    scene.time.now += later;
    await grants.create({ ...grant, ...changes });
    expect(written.map(({ expiresAt }) => Number(expiresAt) - start)).toEqual([expected]);
  });

  it('makes it absent', async () => {
    await scene.grants.create(grant);
    scene.time.now += 119;
    expect(await scene.isAlive(grant.grantId)).toBe(true);
    scene.time.now += 1;
    expect(await scene.isAlive(grant.grantId)).toBe(false);
    expect(await scene.grants.change(grant.grantId, redeem)).toBeUndefined();
  });
});

describe('ending a grant', () => {
  const vault = () => scene.store.get(vaultKey(grant.grantId));
  beforeEach(async () => {
    await scene.grants.create(grant);
    await scene.store.set(vaultKey(grant.grantId), 'tokens', { version: 'a', expiresAt: 'never' });
    scene.store.heal();
  });

  it('counts at once, says why, and deletes the upstream tokens', async () => {
    await scene.grants.end(grant.grantId, 'refresh token replayed', {});
    expect(await scene.isAlive(grant.grantId)).toBe(false);
    expect((await stored())?.ended).toEqual({ at: start, because: 'refresh token replayed' });
    expect(await vault()).toBeUndefined();
  });

  it('keeps the first reason', async () => {
    await scene.grants.end(grant.grantId, 'code replayed', {});
    scene.time.now += 10;
    await scene.grants.end(grant.grantId, 'revoked', {});
    expect((await stored())?.ended).toEqual({ at: start, because: 'code replayed' });
  });

  it('wins over changes that race with it: nothing brings the grant back', async () => {
    const rename = (found: Grant) => ({ next: { ...found, salt: randomBytes(4).toString('hex') }, result: 1 });
    await Promise.all([
      ...Array.from({ length: 3 }, () => scene.grants.change(grant.grantId, rename)),
      scene.grants.end(grant.grantId, 'revoked', {}),
      ...Array.from({ length: 3 }, () => scene.grants.change(grant.grantId, rename)),
    ]);
    expect(await scene.isAlive(grant.grantId)).toBe(false);
  });

  it('never claims to have succeeded when the grant could not be ended', async () => {
    scene.store.failWhen(({ verb }) => (verb === 'set' ? 'throw before' : undefined));
    await expect(scene.grants.end(grant.grantId, 'revoked', {})).rejects.toThrow();
    scene.store.heal();
    expect(await scene.isAlive(grant.grantId)).toBe(true);
    await scene.grants.end(grant.grantId, 'revoked', {});
    expect(await scene.isAlive(grant.grantId)).toBe(false);
  });

  it('fails when the upstream tokens could not be deleted; the grant is dead, and a second try deletes them', async () => {
    scene.store.failOn('delete vault', 'throw before');
    await expect(scene.grants.end(grant.grantId, 'revoked', {})).rejects.toThrow();
    expect(await scene.isAlive(grant.grantId)).toBe(false);
    expect(await vault()).toBeDefined();
    await scene.grants.end(grant.grantId, 'revoked', {});
    expect(await vault()).toBeUndefined();
  });
});
