import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/storage/clock.js';
import { storeContract } from '../../src/storage/contract.js';
import { guarded } from '../../src/storage/guarded.js';
import { postgresSchema, postgresStore, type PostgresStatement } from '../../src/storage/postgres.js';
import { isWithoutPostgres, postgresUrl } from '../support/database-servers.js';
import { startStallingProxy } from '../support/stalling-proxy.js';
import { lateWriteCases, severalMachinesCases } from './several-machines.js';

const schema = `gatehouse_${randomUUID().replaceAll('-', '')}`;
const key = (id = 'record') => ({ partition: 'somebody', id });
const never = (version = 'version') => ({ version, expiresAt: 'never' }) as const;

describe.skipIf(isWithoutPostgres)('the store in PostgreSQL', () => {
  let pool: Pool;
  let now: number;
  const open = (clock: Clock = () => now) => postgresStore({ pool, schema, clock });

  beforeAll(async () => {
    pool = new Pool({ connectionString: postgresUrl });
    await pool.query(`CREATE SCHEMA ${schema}`);
    await open().createTable();
  });
  beforeEach(() => {
    now = Date.now() / 1000;
  });
  afterAll(async () => {
    await pool.query(`DROP SCHEMA ${schema} CASCADE`);
    await pool.end();
  });

  for (const { name, run } of storeContract({ open })) it(name, run);
  for (const { name, run } of severalMachinesCases(open)) it(name, run);
  for (const { name, run } of lateWriteCases({
    open,
    async openStalling(clock) {
      const proxy = await startStallingProxy(postgresUrl, 5432);
      const slow = new Pool({ connectionString: proxy.url, max: 1 });
      const close = () => slow.end().then(() => proxy.close());
      return { store: postgresStore({ pool: slow, schema, clock }), proxy, close };
    },
  })) {
    it(name, run);
  }

  it('keeps the contract without prepared statements, as behind PgBouncer', async () => {
    const statements: PostgresStatement[] = [];
    const watched = { query: (statement: PostgresStatement) => (statements.push(statement), pool.query(statement)) };
    const contract = storeContract({
      open: (clock) => postgresStore({ pool: watched, schema, prepare: false, clock }),
    });
    for (const { run } of contract) await run();
    expect(statements.filter(({ name }) => name !== undefined)).toEqual([]);
  });

  it.each(['repeatable read', 'serializable'])('keeps the contract where transactions are %s', async (level) => {
    const strict = new Pool({
      connectionString: postgresUrl,
      options: `-c default_transaction_isolation=${level.replace(' ', '\\ ')}`,
    });
    try {
      for (const { run } of storeContract({ open: (clock) => postgresStore({ pool: strict, schema, clock }) }))
        await run();
    } finally {
      await strict.end();
    }
  });

  it('names its statements by what they say, so that one connection serves two tables', async () => {
    const one = new Pool({ connectionString: postgresUrl, max: 1 });
    const stores = ['one', 'other'].map((table) => postgresStore({ pool: one, schema, table, clock: () => now }));
    for (const [index, store] of stores.entries()) {
      await store.createTable();
      await store.set(key(), `in ${index}`, never());
    }
    expect((await stores[0]?.get(key()))?.value).toBe('in 0');
    expect((await stores[1]?.get(key()))?.value).toBe('in 1');
    const { rows } = await one.query('SELECT name FROM pg_prepared_statements');
    expect(rows.length).toBeGreaterThanOrEqual(4);
    await one.end();
  });

  it('makes its table once when ten instances start at the same moment', async () => {
    const store = postgresStore({ pool, schema, table: 'fresh', clock: () => now });
    await Promise.all(Array.from({ length: 10 }, () => store.createTable()));
    expect(await store.set(key(), 'value', never())).toBe(true);
  });

  it('keeps the contract where the application reads every type as text', async () => {
    const options = { connectionString: postgresUrl, types: { getTypeParser: () => String } };
    const plain = new Pool(options);
    const table = 'in_plain_text';
    await postgresStore({ pool: plain, schema, table, clock: () => now }).createTable();
    for (const { run } of storeContract({ open: (clock) => postgresStore({ pool: plain, schema, table, clock }) }))
      await run();
    await plain.end();
  });

  it('makes the same table as the SQL that is printed', async () => {
    await pool.query(postgresSchema({ schema, table: 'printed' }));
    const store = postgresStore({ pool, schema, table: 'printed', clock: () => now });
    await store.createTable();
    expect(await store.set(key(), 'value', never())).toBe(true);
  });

  describe('for a role that may only read and write', () => {
    const role = `${schema}_role`;
    let restricted: Pool;

    beforeAll(async () => {
      await pool.query(`CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA ${schema} TO ${role};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.gatehouse_records TO ${role}`);
      // The connection stays that of the administrator; what it may do is what the role may.
      restricted = new Pool({ connectionString: postgresUrl, options: `-c role=${role}` });
    });
    afterAll(async () => {
      await restricted.end();
      await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    });

    it('uses a table that is there', async () => {
      const store = postgresStore({ pool: restricted, schema, clock: () => now });
      await store.createTable();
      expect(await store.set(key('restricted'), 'value', never())).toBe(true);
    });

    it('says which SQL to run when there is none', async () => {
      const store = postgresStore({ pool: restricted, schema, table: 'missing', clock: () => now });
      await expect(store.createTable()).rejects.toThrow(`CREATE TABLE IF NOT EXISTS "${schema}"."missing"`);
    });
  });

  it('takes out what expired more than a minute ago, many rows at a time, and leaves the rest', async () => {
    const table = 'swept';
    const store = postgresStore({ pool, schema, table, clock: () => now });
    await store.createTable();
    await pool.query(
      `INSERT INTO ${schema}.${table} SELECT 'old', n::text, 'value', 'v', $1 FROM generate_series(1, 1500) n`,
      [now - 61],
    );
    await pool.query(
      `INSERT INTO ${schema}.${table} VALUES ('new', 'just', '', 'v', $1), ('new', 'never', '', 'v', NULL)`,
      [now - 59],
    );
    const count = async () => (await pool.query(`SELECT 1 FROM ${schema}.${table}`)).rowCount;
    await store.set(key(), 'value', never());
    await expect.poll(count).toBe(503);
    for (let write = 0; write < 100; write++) await store.set(key(), 'value', never());
    await expect.poll(count).toBe(3);
    await store.close();
  });

  it('does not wait for a row that another sweep has locked', async () => {
    const table = 'locked';
    const store = postgresStore({ pool, schema, table, clock: () => now });
    await store.createTable();
    await pool.query(`INSERT INTO ${schema}.${table} VALUES ('old', 'a', '', 'v', 1), ('old', 'b', '', 'v', 1)`);
    const holder = await pool.connect();
    await holder.query(`BEGIN; SELECT 1 FROM ${schema}.${table} WHERE id = 'a' FOR UPDATE`);
    await store.set(key(), 'value', never());
    await store.close();
    const { rows } = await pool.query(`SELECT id FROM ${schema}.${table} WHERE partition = 'old'`);
    expect(rows).toEqual([{ id: 'a' }]);
    await holder.query('ROLLBACK');
    holder.release();
  });

  it('says try again when PostgreSQL goes away in the middle, and works again when it is back', async () => {
    const proxy = await startStallingProxy(postgresUrl, 5432);
    const fragile = new Pool({ connectionString: proxy.url }).on('error', () => undefined);
    const store = guarded(postgresStore({ pool: fragile, schema, clock: () => now }));
    await store.set(key('fragile'), 'value', never());
    proxy.drop();
    await expect.poll(() => store.get(key('fragile')).catch(() => undefined)).toMatchObject({ value: 'value' });
    await proxy.close();
    await expect(store.get(key('fragile'))).rejects.toMatchObject({ code: 'temporarily_unavailable', status: 503 });
    await fragile.end();
  });
});

describe('a store in PostgreSQL', () => {
  const clock = () => 1000;
  const failing = (code: string, times: number) => {
    const pool = {
      asked: 0,
      query: () =>
        ++pool.asked <= times
          ? Promise.reject(Object.assign(new Error('concurrent update'), { code }))
          : Promise.resolve({ rows: [{ id: 'record' }] }),
    };
    return pool;
  };

  it.each(['40001', '40P01'])('repeats what PostgreSQL rolled back because of others (%s)', async (code) => {
    const pool = failing(code, 4);
    expect(await postgresStore({ pool, clock }).set(key(), '', never())).toBe(true);
  });

  it('does not repeat for ever, nor what failed for another reason', async () => {
    await expect(postgresStore({ pool: failing('40001', 100), clock }).get(key())).rejects.toThrow('concurrent');
    const lost = failing('08006', 100);
    await expect(postgresStore({ pool: lost, clock }).get(key())).rejects.toThrow('concurrent');
    expect(lost.asked).toBe(1);
  });

  it.each(['records; DROP TABLE users', 'a"b', 'a.b.c', '', 'a b', 'a'.repeat(64)])(
    'takes %j for no table',
    (table) => {
      expect(() => postgresStore({ pool: failing('', 0), table, clock })).toThrow('The name of a table');
    },
  );

  it('makes no table whose index could not have its name', () => {
    expect(() => postgresSchema({ table: 'a'.repeat(57) })).toThrow('The name of a table');
  });
});
