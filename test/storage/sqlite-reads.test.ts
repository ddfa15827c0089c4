import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteStore } from '../../src/storage/sqlite.js';
import { recentReads, type Found } from '../../src/storage/sqlite-reads.js';
import type { Store } from '../../src/storage/store.js';

let folder: string;
let path: string;
const closeLater: { close(): unknown }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-'));
  path = join(folder, 'records.db');
});

afterEach(async () => {
  for (const each of closeLater.splice(0)) await each.close();
  rmSync(folder, { recursive: true, force: true });
});

function remember<T extends { close(): unknown }>(opened: T): T {
  closeLater.push(opened);
  return opened;
}

const open = (clock = () => 1000): Store => remember(sqliteStore({ path, clock }));
const connect = () => remember(new Database(path));
const key = (id = 'record') => ({ partition: 'partition', id });
const valueOf = async (store: Store, id?: string) => (await store.get(key(id)))?.value;

let written = 0;
const put = (store: Store, value: string, id?: string) =>
  store.set(key(id), value, { version: `version-${++written}`, expiresAt: 'never' });

describe('reads that are kept', () => {
  /** Over a real connection; what is read is counted. */
  function counted() {
    open();
    let reads = 0;
    const found: Found = { value: 'value', version: 'version', expiresAt: null };
    const recent = recentReads(connect(), ({ id }) => {
      reads += 1;
      return id === 'absent' ? undefined : { ...found, expiresAt: id === 'passing' ? 2000 : null };
    });
    return { recent, reads: () => reads };
  }

  it('are not repeated, until something is written', () => {
    const { recent, reads } = counted();
    for (let time = 0; time < 3; time++) expect(recent.find(key(), 1000)?.value).toBe('value');
    expect(reads()).toBe(1);
    recent.forget(key());
    recent.find(key(), 1000);
    expect(reads()).toBe(2);
  });

  it('are repeated after anybody else has written anything', async () => {
    const { recent, reads } = counted();
    recent.find(key(), 1000);
    await put(open(), 'value', 'something else');
    recent.find(key(), 1000);
    recent.find(key(), 1000);
    expect(reads()).toBe(2);
  });

  it('hold no record that is not there, and none beyond its time', () => {
    const { recent, reads } = counted();
    for (let time = 0; time < 2; time++) expect(recent.find(key('absent'), 1000)).toBeUndefined();
    expect(reads()).toBe(2);
    expect(recent.find(key('passing'), 1999)).toBeDefined();
    expect(recent.find(key('passing'), 2000)).toBeUndefined();
  });

  it('know what was written without reading it', () => {
    const { recent, reads } = counted();
    recent.find(key(), 1000);
    recent.keep(key('new'), { value: 'written', version: 'version', expiresAt: null });
    expect(recent.find(key('new'), 1000)?.value).toBe('written');
    expect(reads()).toBe(1);
  });
});

describe('a store that keeps what it read', () => {
  it('sees at once what another connection writes, removes, or changes by hand', async () => {
    const [one, other] = [open(), open()];
    await put(one, 'first');
    expect(await valueOf(one)).toBe('first');
    await put(other, 'second');
    expect(await valueOf(one)).toBe('second');
    await other.delete(key());
    expect(await valueOf(one)).toBeUndefined();
    await put(other, 'third');
    expect(await valueOf(one)).toBe('third');
    connect().exec("UPDATE gatehouse_records SET value = 'by hand'");
    expect(await valueOf(one)).toBe('by hand');
  });

  it('sees what another connection wrote between two writes of its own', async () => {
    const [one, other] = [open(), open()];
    await put(one, 'mine');
    await valueOf(one);
    await put(other, 'theirs');
    await put(one, 'mine', 'another record');
    expect(await valueOf(one)).toBe('theirs');
  });

  it('holds the last of several changes of one moment', async () => {
    const store = open();
    await Promise.all([put(store, 'first'), put(store, 'second')]);
    expect(await valueOf(store)).toBe('second');
    await Promise.all([put(store, 'third'), store.delete(key())]);
    expect(await valueOf(store)).toBeUndefined();
    await Promise.all([
      put(store, 'fourth'),
      store.set(key(), 'no', { version: 'v', expiresAt: 'never', expect: 'x' }),
    ]);
    expect(await valueOf(store)).toBe('fourth');
  });

  it('holds no write whose commit failed', async () => {
    const store = open();
    await put(store, 'before');
    await valueOf(store);
    connect().exec(`CREATE TRIGGER no_more BEFORE UPDATE ON gatehouse_records
      BEGIN SELECT RAISE(ROLLBACK, 'no more'); END`);
    await expect(put(store, 'after')).rejects.toThrow();
    expect(await valueOf(store)).toBe('before');
  });

  it('says what the file says, whatever two of them do at once', async () => {
    const [one, other] = [open(), open()];
    const raw = connect().prepare('SELECT value FROM gatehouse_records WHERE partition = :partition AND id = :id');
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const ids = ['a', 'b', 'c'];
    for (let step = 0; step < 400; step++) {
      await Promise.all(
        Array.from({ length: 1 + random(4) }, () => {
          const [store, id] = [random(2) === 0 ? one : other, ids[random(3)] as string];
          const action = random(4);
          if (action === 0) return store.get(key(id));
          if (action === 1) return store.delete(key(id));
          return put(store, `value ${step}.${random(1000)}`, id);
        }),
      );
      for (const id of ids) {
        const { value } = (raw.get(key(id)) as { value: string } | undefined) ?? { value: undefined };
        expect(await valueOf(one, id)).toBe(value);
        expect(await valueOf(other, id)).toBe(value);
      }
    }
  });

  it('keeps nothing over a connection of its caller, who may write unheard', async () => {
    open();
    const mine = connect();
    const store = remember(sqliteStore({ database: mine, clock: () => 1000 }));
    await put(store, 'through the store');
    await valueOf(store);
    mine.exec("UPDATE gatehouse_records SET value = 'beside it'");
    expect(await valueOf(store)).toBe('beside it');
  });
});
