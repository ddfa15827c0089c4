import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeContract } from '../../src/storage/contract.js';
import { sqlStore, type SqlQuery } from '../../src/storage/sql.js';
import { sqlSchema } from '../../src/storage/sql-dialects.js';
import { temporaryFolder } from '../support/gatehouse.js';

const never = { version: 'v', expiresAt: 'never' } as const;

describe('a store through any function that runs SQL', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let database: Database.Database;

  beforeEach(() => {
    folder = temporaryFolder();
    database = new Database(join(folder.path, 'records.db'));
    database.exec(sqlSchema('sqlite'));
  });
  afterEach(() => {
    database.close();
    folder.remove();
  });

  // eslint-disable-next-line @typescript-eslint/require-await -- as the drivers that talk to a server
  const query: SqlQuery = async (text, values) => database.prepare(text).all(values);
  const open = (clock: () => number) => sqlStore({ query, dialect: 'sqlite', clock });

  for (const { name, run } of storeContract({ open })) it(`${name}, in the words of SQLite`, run);

  it('asks once for every verb', async () => {
    const asked: string[] = [];
    const watched: SqlQuery = (text, values) => (asked.push(text.split(' ')[0] ?? ''), query(text, values));
    const store = sqlStore({ query: watched, dialect: 'sqlite', clock: () => 1000 });
    const key = { partition: 'somebody', id: 'record' };
    await store.set(key, 'first', never);
    // The first write takes out what expired while nobody was writing.
    expect(asked.splice(0)).toEqual(['INSERT', 'DELETE']);
    await store.get(key);
    await store.set(key, 'value', { ...never, expect: 'absent' });
    await store.set(key, 'value', { ...never, expect: 'v' });
    await store.list('somebody');
    await store.delete(key, { expect: 'v' });
    await store.delete(key);
    expect(asked).toEqual(['SELECT', 'INSERT', 'UPDATE', 'SELECT', 'DELETE', 'DELETE']);
  });

  it('lets no write fail because the sweep does', async () => {
    const failing: SqlQuery = (text, values) =>
      text.includes('LIMIT') ? Promise.reject(new Error('no sweep')) : query(text, values);
    const store = sqlStore({ query: failing, dialect: 'sqlite', clock: () => 1000 });
    expect(await store.set({ partition: 'somebody', id: 'record' }, 'value', never)).toBe(true);
    await store.close();
  });

  it('lets no write fail because the sweep fails at once', async () => {
    const failing: SqlQuery = (text, values) => {
      if (text.includes('LIMIT')) throw new Error('no sweep');
      return query(text, values);
    };
    const store = sqlStore({ query: failing, dialect: 'sqlite', clock: () => 1000 });
    expect(await store.set({ partition: 'somebody', id: 'record' }, 'value', never)).toBe(true);
  });

  it('takes out what has expired through a driver that refuses to read rows where there are none', async () => {
    const strict: SqlQuery = (text, values) => {
      if (!/^SELECT|RETURNING/.test(text)) throw new TypeError('This statement does not return data.');
      return query(text, values);
    };
    const store = sqlStore({ query: strict, dialect: 'sqlite', clock: () => 1000 });
    database.exec("INSERT INTO gatehouse_records VALUES ('somebody', 'old', '', 'v', 900)");
    await store.set({ partition: 'somebody', id: 'record' }, 'value', never);
    await store.close();
    expect(await query('SELECT id FROM gatehouse_records', [])).toEqual([{ id: 'record' }]);
  });

  it.each([
    ['the whole answer of a driver', { rows: [{ id: 'record' }], rowCount: 1 }],
    ['nothing', undefined],
  ])('fails rather than seems to have changed nothing where the query answers %s', async (_, answer) => {
    const wrong = sqlStore({
      query: () => Promise.resolve(answer as never),
      dialect: 'postgres',
      clock: () => 1000,
    });
    const key = { partition: 'somebody', id: 'record' };
    await expect(wrong.set(key, 'value', never)).rejects.toThrow('has to answer the rows');
    await expect(wrong.delete(key)).rejects.toThrow('has to answer the rows');
    await expect(wrong.get(key)).rejects.toThrow('has to answer the rows');
  });

  it('takes a row of another shape for absent', async () => {
    for (const row of [{ value: null, version: 'v' }, { value: 'value' }, { value: 1, version: 'v' }, null, {}]) {
      const foreign = sqlStore({ query: () => Promise.resolve([row]), dialect: 'sqlite', clock: () => 1000 });
      expect(await foreign.get({ partition: 'somebody', id: 'record' })).toBeUndefined();
      expect(await foreign.list('somebody')).toEqual([]);
    }
  });
});
