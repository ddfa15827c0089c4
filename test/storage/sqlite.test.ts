import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeContract } from '../../src/storage/contract.js';
import { sqliteStore } from '../../src/storage/sqlite.js';
import type { SqliteDatabase, SqliteStatement, SqlParameters } from '../../src/storage/sqlite-database.js';
import type { SetOptions, Store } from '../../src/storage/store.js';

let folder: string;
let path: string;
let now: number;
const closeLater: { close(): unknown }[] = [];
const clock = () => now;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-'));
  path = join(folder, 'records.db');
  now = 1000;
});

afterEach(async () => {
  for (const each of closeLater.splice(0)) await each.close();
  rmSync(folder, { recursive: true, force: true });
});

function open({ lockTtl = 5 } = {}): Store {
  return remember(sqliteStore({ path, clock, lockTtl }));
}

function openOn(database: SqliteDatabase): Store {
  return remember(sqliteStore({ database, clock }));
}

function remember<T extends { close(): unknown }>(opened: T): T {
  closeLater.push(opened);
  return opened;
}

/** A connection of somebody else to the same file. */
function connect(): Database.Database {
  return remember(new Database(path));
}

const key = (id = 'record') => ({ partition: 'partition', id });
const never = (version = 'version'): SetOptions => ({ version, expiresAt: 'never' });

function put(store: Store, id?: string, value = 'value'): Promise<boolean> {
  return store.set(key(id), value, never());
}

function count(database: SqliteDatabase, where = 'TRUE'): number {
  const row = database.prepare(`SELECT count(*) AS count FROM gatehouse_records WHERE ${where}`).get({});
  return (row as { count: number }).count;
}

describe('the store in SQLite', () => {
  for (const { name, run } of storeContract({ open: (clock) => sqliteStore({ path, clock }) })) it(name, run);

  it('keeps the contract on a connection that was handed in', async () => {
    const contract = storeContract({ open: (clock) => sqliteStore({ database: connect(), clock }) });
    for (const { run } of contract) await run();
  });

  it('keeps its records when it is closed and opened again', async () => {
    const store = open();
    await store.set(key('limited'), 'value', { version: 'v', expiresAt: 1010 });
    await put(store, 'staying');
    await store.close();

    const reopened = open();
    expect(await reopened.get(key('limited'))).toEqual({ value: 'value', version: 'v' });
    now = 1010;
    expect(await reopened.get(key('limited'))).toBeUndefined();
    expect(await reopened.get(key('staying'))).toEqual({ value: 'value', version: 'version' });
  });

  it('finishes the writes that are waiting before it closes', async () => {
    const store = open();
    const writes = [put(store, 'a'), put(store, 'b')];
    await store.close();
    expect(await Promise.all(writes)).toEqual([true, true]);
    expect(await open().list('partition')).toHaveLength(2);
    await expect(put(store)).rejects.toThrow('The store is closed.');
  });
});

describe('the file', () => {
  it('is readable by its owner alone, as are the folders made for it', async () => {
    path = join(folder, 'made', 'for it', 'records.db');
    await put(open());
    expect(statSync(join(folder, 'made')).mode & 0o777).toBe(0o700);
    for (const suffix of ['', '-wal', '-shm']) expect(statSync(path + suffix).mode & 0o777).toBe(0o600);
  });

  it('keeps its mode when it was there before', () => {
    writeFileSync(path, '');
    chmodSync(path, 0o640);
    open();
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('is refused when it was written by a newer version', () => {
    connect().exec('PRAGMA user_version = 2');
    expect(() => open()).toThrow('The database has schema 2, and this version of mcp-gatehouse knows 1');
  });

  it('is refused, and not touched, when it is no database', () => {
    writeFileSync(path, 'Dear diary, '.repeat(1000));
    expect(() => open()).toThrow('not a database');
    expect(statSync(path).size).toBe(12_000);
  });

  it('stays open for the caller who opened it', async () => {
    const database = connect();
    const store = openOn(database);
    await put(store);
    await store.close();
    expect(count(database)).toBe(1);
  });

  it('is complete without its log once it is closed', async () => {
    const store = open();
    await put(store);
    await store.close();
    rmSync(`${path}-wal`, { force: true });
    rmSync(`${path}-shm`, { force: true });
    expect(count(connect())).toBe(1);
  });

  it('waits for the disk at every commit', () => {
    const database = connect();
    openOn(database);
    expect(database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
    expect(database.prepare('PRAGMA synchronous').get()).toMatchObject({ synchronous: 2 });
  });
});

describe('a crash', () => {
  it('loses nothing that was acknowledged', async () => {
    for (let round = 0; round < 5; round++) {
      const acknowledged = await writeUntilKilled(`round${round}`, 20 + Math.random() * 300);
      const store = sqliteStore({ path, clock });
      for (const id of acknowledged) {
        expect(await store.get({ partition: 'acknowledged', id })).toEqual({ value: `value of ${id}`, version: id });
      }
      expect(acknowledged.length).toBeGreaterThan(0);
      await store.close();
    }
  });
});

describe('several processes', () => {
  it('open a new file at the same moment, and lose no step of a counter', async () => {
    const children = Array.from({ length: 3 }, () => run('sqlite-counter.ts', path, '100'));
    const codes = await Promise.all(children.map((child) => once(child, 'exit')));
    expect(codes).toEqual(Array(3).fill([0, null]));
    expect((await open().get(key('counter')))?.value).toBe('300');
  });
});

/** Lets a process write, kills it some milliseconds after its first write, and answers what was acknowledged to it. */
async function writeUntilKilled(prefix: string, milliseconds: number): Promise<string[]> {
  const child = run('sqlite-writer.ts', path, prefix);
  let printed = '';
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), milliseconds));
  for await (const chunk of child.stdout) printed += String(chunk);
  // What stands behind the last line break was cut off.
  return printed.split('\n').slice(0, -1);
}

function run(script: string, ...parameters: string[]) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const flags = ['--import', 'tsx', '--conditions=mcp-gatehouse-source'];
  return spawn(process.execPath, [...flags, file, ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** A connection that counts its commits, and that can be told what to fail at. */
function watched() {
  const database = connect();
  const fail = (code: string) => {
    throw Object.assign(new Error(`failed with ${code}`), { code });
  };
  const watching = {
    commits: 0,
    failNext: undefined as string | undefined,
    readsAreLocked: false,
    get inTransaction() {
      return database.inTransaction;
    },
    exec(sql: string) {
      if (sql === watching.failNext) {
        watching.failNext = undefined;
        fail('SQLITE_IOERR');
      }
      if (sql === 'COMMIT') watching.commits++;
      return database.exec(sql);
    },
    prepare(sql: string) {
      const statement: SqliteStatement = database.prepare(sql);
      const all = (parameters: SqlParameters) =>
        watching.readsAreLocked ? fail('SQLITE_BUSY_RECOVERY') : statement.all(parameters);
      return { run: statement.run.bind(statement), get: statement.get.bind(statement), all };
    },
  };
  return watching;
}

describe('group commit', () => {
  it('lets the writes of one moment share one commit', async () => {
    const database = watched();
    const store = openOn(database);
    await Promise.all(Array.from({ length: 200 }, (_, id) => put(store, `${id}`)));
    await Promise.all(Array.from({ length: 200 }, (_, id) => store.delete(key(`${id}`))));
    expect(database.commits).toBe(2);
  });

  it('gives each write of a batch its own answer', async () => {
    const store = open();
    const answers = await Promise.all([
      store.set(key(), 'first', { ...never('a'), expect: 'absent' }),
      store.set(key(), 'second', { ...never('b'), expect: 'absent' }),
      store.set(key(), 'third', { ...never('c'), expect: 'a' }),
      store.delete(key(), { expect: 'a' }),
      store.delete(key(), { expect: 'c' }),
      store.delete(key()),
    ]);
    expect(answers).toEqual([true, false, true, false, true, false]);
  });

  it('does not let a bad write spoil its neighbours', async () => {
    const store = open();
    const bad = { not: 'a string' } as unknown as string;
    const [before, failed, after] = await Promise.allSettled([put(store, 'a'), put(store, 'b', bad), put(store, 'c')]);
    expect([before.status, failed.status, after.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await store.list('partition')).map(({ id }) => id)).toEqual(['a', 'c']);
  });

  it('rejects the whole batch when the commit fails, and carries on with the next', async () => {
    const database = watched();
    const store = openOn(database);
    await put(store, 'before');
    database.failNext = 'COMMIT';
    const outcomes = await Promise.allSettled([put(store, 'a'), put(store, 'b')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await put(store, 'after')).toBe(true);
    expect((await store.list('partition')).map(({ id }) => id)).toEqual(['after', 'before']);
  });

  it('rejects what waits when a transaction cannot begin, and carries on with the next', async () => {
    const database = watched();
    const store = openOn(database);
    await put(store, 'before');
    database.failNext = 'BEGIN IMMEDIATE';
    await expect(put(store, 'lost')).rejects.toMatchObject({ code: 'SQLITE_IOERR' });
    expect(await put(store, 'after')).toBe(true);
  });
});

describe('a locked database', () => {
  it('delays a write, but neither reads nor the event loop', async () => {
    const store = open();
    await put(store, 'before');
    const writer = connect();
    writer.exec('BEGIN IMMEDIATE');
    const writing = put(store, 'delayed');
    const turns = countTurns();
    await pause(400);
    expect(turns()).toBeGreaterThan(100);
    expect(await store.get(key('before'))).toBeDefined();
    expect(await store.get(key('delayed'))).toBeUndefined();
    writer.exec('COMMIT');
    expect(await writing).toBe(true);
  });

  it('delays a read when even that is locked out', async () => {
    const database = watched();
    const store = openOn(database);
    await put(store);
    database.readsAreLocked = true;
    const reading = store.get(key());
    await pause(50);
    database.readsAreLocked = false;
    expect(await reading).toEqual({ value: 'value', version: 'version' });
  });

  it('rejects a write when the lock lasts too long, and takes the next one', async () => {
    const store = open({ lockTtl: 0.2 });
    await put(store, 'before');
    const writer = connect();
    writer.exec('BEGIN IMMEDIATE');
    const turns = countTurns();
    await expect(put(store, 'late')).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
    expect(turns()).toBeGreaterThan(50);
    writer.exec('ROLLBACK');
    expect(await put(store, 'after')).toBe(true);
    expect(await store.get(key('late'))).toBeUndefined();
  });

  it('is opened all the same', async () => {
    await open().close();
    const writer = connect();
    writer.exec('BEGIN IMMEDIATE');
    const store = open();
    expect(await store.get(key())).toBeUndefined();
    writer.exec('COMMIT');
    expect(await put(store)).toBe(true);
  });

  /** Counts the turns that the event loop makes from now on. */
  function countTurns(): () => number {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    return () => {
      clearInterval(timer);
      return turns;
    };
  }
});

describe('a disk that takes no more', () => {
  it('rejects writes while it is full, and takes them when there is room again', async () => {
    const database = connect();
    const store = openOn(database);
    await put(store, 'before');
    database.exec('PRAGMA max_page_count = 10');
    const large = 'x'.repeat(100_000);
    await expect(put(store, 'large', large)).rejects.toMatchObject({ code: 'SQLITE_FULL' });
    expect(await store.get(key('large'))).toBeUndefined();
    expect(await store.get(key('before'))).toBeDefined();
    expect(await put(store, 'small')).toBe(true);
    database.exec('PRAGMA max_page_count = 10000');
    expect(await put(store, 'large', large)).toBe(true);
  });

  it('rejects writes while it is read-only, and takes them when it no longer is', async () => {
    const database = connect();
    const store = openOn(database);
    await put(store, 'before');
    database.exec('PRAGMA query_only = ON');
    await expect(put(store, 'lost')).rejects.toMatchObject({ code: 'SQLITE_READONLY' });
    await expect(store.delete(key('before'))).rejects.toMatchObject({ code: 'SQLITE_READONLY' });
    expect(await store.get(key('before'))).toBeDefined();
    database.exec('PRAGMA query_only = OFF');
    expect(await put(store, 'after')).toBe(true);
  });
});

describe('a corrupt row', () => {
  const faults = ['value = NULL', "value = x'ff00'", 'version = NULL', "version = x'00'", "expires_at = 'tomorrow'"];

  for (const fault of faults) {
    it(`is absent for every verb (${fault})`, async () => {
      const store = open();
      await put(store);
      connect().exec(`UPDATE gatehouse_records SET ${fault}`);
      expect(await store.get(key())).toBeUndefined();
      expect(await store.list('partition')).toEqual([]);
      expect(await store.delete(key())).toBe(false);
      expect(await store.set(key(), 'new', { ...never('new'), expect: 'version' })).toBe(false);
      expect(await store.set(key(), 'new', { ...never('new'), expect: 'absent' })).toBe(true);
      expect(await store.get(key())).toEqual({ value: 'new', version: 'new' });
    });
  }

  it('does not end the process when its text is not UTF-8', async () => {
    const store = open();
    await put(store);
    connect().exec("UPDATE gatehouse_records SET value = CAST(x'ff61' AS TEXT)");
    expect(await store.get(key())).toEqual({ value: '\uFFFDa', version: 'version' });
    expect(await store.list('partition')).toHaveLength(1);
  });
});

describe('expired rows', () => {
  async function fill(store: Store, expiresAt: number | 'never'): Promise<void> {
    const ids = Array.from({ length: 250 }, (_, id) => `${expiresAt} ${id}`);
    await Promise.all(ids.map((id) => store.set(key(id), '', { version: 'v', expiresAt })));
  }

  it('leave the file in bounded portions, with the writes that follow', async () => {
    const store = open();
    await fill(store, 1010);
    await fill(store, 1020);
    await fill(store, 'never');
    now = 1010;
    const file = connect();
    const expired = () => count(file, 'expires_at <= 1010');
    expect(expired()).toBe(250);
    await put(store, 'one');
    expect(expired()).toBe(149);
    await put(store, 'two');
    await put(store, 'three');
    expect(expired()).toBe(0);
    expect(count(file)).toBe(503);
  });

  it('leave the file when it is opened', async () => {
    const store = open();
    await fill(store, 1010);
    await store.close();
    now = 1010;
    await open().close();
    expect(count(connect())).toBe(149);
  });

  it('are swept out faster than new ones come in', async () => {
    const store = open();
    const file = connect();
    for (let round = 0; round < 6; round++) {
      await fill(store, now + 1);
      now += 1;
    }
    expect(count(file)).toBeLessThanOrEqual(500);
  });
});
