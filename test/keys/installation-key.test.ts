import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadInstallationKey } from '../../src/keys/installation-key.js';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { createSealing } from '../../src/keys/sealing.js';
import { once } from '../../src/keys/single-flight.js';
import { guarded } from '../../src/storage/guarded.js';
import { memoryStore } from '../../src/storage/memory.js';
import type { Store } from '../../src/storage/store.js';
import { faultyStore } from '../faults/faulty-store.js';

const [first, second] = ['the first secret, thirty-two characters', 'the second secret, thirty-two chars'] as const;
const record = { partition: 'keys', id: 'installation' };

const load = (store: Store, ...secrets: [string, ...string[]]) =>
  loadInstallationKey(store, createSealing(createKeyRing(secrets, 'https://auth.example'), randomBytes), randomBytes);
const newStore = () => memoryStore({ clock: () => 1000 });

describe('the key of an installation', () => {
  it('is one, also when twenty instances start at the same moment', async () => {
    const store = newStore();
    const keys = await Promise.all(Array.from({ length: 20 }, () => load(store, first)));
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
    expect(keys[0]).toHaveLength(32);
    expect(await load(store, first)).toEqual(keys[0]);
  });

  it('is another one in another store', async () => {
    expect(await load(newStore(), first)).not.toEqual(await load(newStore(), first));
  });

  it('is sealed in the store', async () => {
    const store = newStore();
    const key = await load(store, first);
    const { value } = (await store.get(record)) ?? {};
    expect(value).not.toContain(key.toString('base64url'));
  });

  it('stays the same through a rotation of the secret, after which the old secret can be dropped', async () => {
    const store = newStore();
    const key = await load(store, first);
    expect(await load(store, first, second)).toEqual(key);
    await expect(load(store, second)).rejects.toThrow();
    expect(await load(store, second, first)).toEqual(key);
    expect(await load(store, second)).toEqual(key);
  });

  it('is not written again without need', async () => {
    const store = newStore();
    await load(store, first);
    const before = await store.get(record);
    await load(store, first);
    expect(await store.get(record)).toEqual(before);
  });

  it('is not lost when two instances with the secrets in different order start at once', async () => {
    const store = newStore();
    const key = await load(store, first);
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? load(store, first, second) : load(store, second, first))),
    );
    for (const each of all) expect(each).toEqual(key);
  });

  it('is refused under a wrong secret, with the reason for the operator only, and left as it is', async () => {
    const store = newStore();
    const key = await load(store, first);
    const thrown = await load(store, second).catch((error: unknown) => error as Error);
    expect(thrown).toMatchObject({
      code: 'temporarily_unavailable',
      message: 'The server is not ready.',
      cause: { message: expect.stringContaining('another secret') as string },
    });
    expect(await load(store, first)).toEqual(key);
  });

  it.each(['', 'garbage', 'abcd.AAAA', '{"__proto__":{}}'])(
    'is refused, and not replaced, when its record holds %j',
    async (value) => {
      const store = newStore();
      await store.set(record, value, { version: 'a', expiresAt: 'never' });
      await expect(load(store, first)).rejects.toMatchObject({ code: 'temporarily_unavailable' });
      expect(await store.get(record)).toEqual({ value, version: 'a' });
    },
  );

  it('is asked for again after a failure of the store', async () => {
    const store = faultyStore(newStore());
    const loadOnce = once(() => load(guarded(store), first));
    store.failAlways('throw before');
    await expect(loadOnce()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    store.heal();
    const key = await loadOnce();
    store.failAlways('throw before');
    expect(await loadOnce()).toEqual(key);
  });

  it.each(['throw after', 'late', 'false after'] as const)(
    'is one also when its first write went wrong (%s)',
    async (fault) => {
      const store = faultyStore(newStore());
      store.failOn('set installation', fault);
      const early = await load(store, first).catch(() => undefined);
      const key = await load(store, first);
      expect(await load(store, first)).toEqual(early ?? key);
      expect(key).toEqual(early ?? key);
    },
  );

  it('gives up on a store that never shows what was written', async () => {
    const store = faultyStore(newStore());
    store.failAlways('nothing');
    await expect(load(store, first)).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    expect(store.operations.length).toBeLessThan(10);
  });
});
