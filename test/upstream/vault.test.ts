import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { createSealing } from '../../src/keys/sealing.js';
import { memoryStore } from '../../src/storage/memory.js';
import type { Store } from '../../src/storage/store.js';
import type { UpstreamSession } from '../../src/upstream/session.js';
import { createVault, type Held, type Vault } from '../../src/upstream/vault.js';

const key = { partition: 'user', id: 'vault.1' };
const session: UpstreamSession = {
  provider: 'idp',
  issuer: 'https://idp.example',
  subject: 'alice',
  tokens: { access_token: 'access-canary', token_type: 'bearer' },
  idToken: { sub: 'alice' },
  receivedAt: 1000,
};
const sealing = createSealing(createKeyRing(['x'.repeat(32)], 'https://a.example'), randomBytes);
const younger: UpstreamSession = { ...session, receivedAt: 1500 };

let now: number;
let store: Store;
let vault: Vault;
/** What somebody else does once a record was read. */
let afterRead: () => Promise<unknown>;

beforeEach(async () => {
  now = 1000;
  afterRead = () => Promise.resolve();
  const inner = memoryStore({ clock: () => now });
  store = {
    ...inner,
    async get(each) {
      const entry = await inner.get(each);
      const act = afterRead;
      afterRead = () => Promise.resolve();
      await act();
      return entry;
    },
  };
  vault = createVault(store, sealing, randomBytes);
  await vault.put(key, session, 2000);
});

const read = async () => (await vault.read(key)) as Held;
const replaceBy = async (next: UpstreamSession) => vault.replace(key, await read(), { session: next, keptUntil: 2000 });

describe('the vault', () => {
  it('keeps a record until its time, sealed, and opens it nowhere else', async () => {
    expect((await read()).record).toEqual({ session, keptUntil: 2000 });
    const entry = await store.get(key);
    expect(entry?.value).not.toContain('canary');
    const elsewhere = { ...key, id: 'vault.2' };
    await store.set(elsewhere, entry?.value ?? '', { version: 'x', expiresAt: 2000 });
    expect(await vault.read(elsewhere)).toBeUndefined();
    now = 2000;
    expect(await vault.read(key)).toBeUndefined();
  });

  it('extends what somebody else has changed since it was read, and keeps the change', async () => {
    afterRead = () => replaceBy(younger);
    await vault.extend(key, 3000);
    expect((await read()).record).toEqual({ session: younger, keptUntil: 3000 });
    now = 2999;
    expect(await vault.read(key)).toBeDefined();
  });

  it('is extended by a hundred at once, none of whom gets in the way of the others', async () => {
    await Promise.all(Array.from({ length: 100 }, (_, index) => vault.extend(key, 3000 + (index % 2))));
    expect((await read()).record).toEqual({ session, keptUntil: 3001 });
    await vault.extend(key, 2500);
    expect((await read()).record.keptUntil).toBe(3001);
  });

  it('is extended without being opened, and opened all the same', async () => {
    const sealed = (await store.get(key))?.value.replace('2000:', '');
    await vault.extend(key, 3000);
    expect((await store.get(key))?.value).toBe(`3000:${sealed ?? ''}`);
  });

  it('reads and extends a record that was written before its time stood before the seal', async () => {
    const sealed = sealing.seal('seal vault', 'user/vault.1', JSON.stringify({ session, keptUntil: 2000 }));
    await store.set(key, sealed, { version: 'x', expiresAt: 2000 });
    expect((await read()).record).toEqual({ session, keptUntil: 2000 });
    await vault.extend(key, 3000);
    expect((await read()).record).toEqual({ session, keptUntil: 3000 });
  });

  it('does not bring a record back by extending it', async () => {
    afterRead = () => vault.take(key);
    await vault.extend(key, 3000);
    expect(await store.get(key)).toBeUndefined();
  });

  it('changes a record only as long as that is wanted', async () => {
    const held = await read();
    await replaceBy(younger);
    const change = (isOurs: boolean) =>
      vault.change(
        key,
        held,
        () => isOurs,
        (current) => ({ ...current, keptUntil: 2500 }),
      );
    expect(await change(false)).toBe('overtaken');
    expect(await change(true)).toMatchObject({ record: { session: younger, keptUntil: 2500 } });
    await vault.take(key);
    expect(await change(true)).toBe('gone');
  });

  it('gives a record that is taken out to one of many', async () => {
    const taken = await Promise.all(Array.from({ length: 20 }, () => vault.take(key)));
    expect(taken.filter((each) => each !== undefined)).toEqual([session]);
    expect(await vault.read(key)).toBeUndefined();
  });

  it('gives what was in the record at last', async () => {
    afterRead = () => replaceBy(younger);
    expect(await vault.take(key)).toEqual(younger);
  });

  it('takes out what it cannot open, too', async () => {
    await store.set(key, 'damaged', { version: 'x', expiresAt: 2000 });
    expect(await vault.take(key)).toBeUndefined();
    expect(await store.get(key)).toBeUndefined();
  });

  it('knows whether the user has others', async () => {
    await store.set({ ...key, id: 'grant.2' }, 'x', { version: 'x', expiresAt: 'never' });
    await store.set({ ...key, id: 'website.2' }, 'x', { version: 'x', expiresAt: 'never' });
    await store.set({ partition: 'somebody', id: 'vault.3' }, 'x', { version: 'x', expiresAt: 'never' });
    expect(await vault.hasOthers(key)).toBe(false);
    await vault.put({ ...key, id: 'vault.0' }, session, 2000);
    expect(await vault.hasOthers(key)).toBe(true);
    await vault.take(key);
    expect(await vault.hasOthers(key)).toBe(true);
  });
});
