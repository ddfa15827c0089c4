import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { openStore } from '../../src/open-store.js';
import { createRatesTable } from '../../src/storage/postgres-counter.js';
import { migrateStore, schemaOf } from '../../src/store-migration.js';
import { isWithoutPostgres, isWithoutRedis, postgresUrl, redisUrl } from '../support/database-servers.js';
import { temporaryFolder } from '../support/gatehouse.js';

const clock = () => Date.now() / 1000;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe('making a store ready', () => {
  it('makes the file of SQLite once, and says so', async () => {
    const folder = temporaryFolder();
    closing.push(() => folder.remove());
    const location = `sqlite:${folder.path}/deep/gatehouse.sqlite`;
    expect(await migrateStore(location, {})).toEqual([expect.stringContaining('was made')]);
    expect(await migrateStore(location, {})).toEqual([expect.stringContaining('is there')]);
    await expect(migrateStore(location, { grantTo: 'role' })).rejects.toThrow('--grant-to is for PostgreSQL');
  });

  it('makes nothing where nothing is needed', async () => {
    expect(await migrateStore('memory:', {})).toEqual(['The store is in memory, and needs nothing.']);
    await expect(migrateStore('nonsense', {})).rejects.toThrow('GATEHOUSE_STORE has to be');
  });

  it.skipIf(isWithoutRedis)('tries whether Redis answers', async () => {
    expect(await migrateStore(redisUrl, {})).toEqual([expect.stringContaining('answers')]);
  });
});

describe.skipIf(isWithoutPostgres)('making PostgreSQL ready', () => {
  /** A schema, and a role that may use it and create nothing. */
  async function prepare() {
    const name = `gatehouse_${randomUUID().replaceAll('-', '')}`;
    const role = `role "${name.slice(-12)}"`;
    const quoted = `"${role.replaceAll('"', '""')}"`;
    const pool = new Pool({ connectionString: postgresUrl });
    await pool.query(
      `CREATE SCHEMA ${name}; CREATE ROLE ${quoted} LOGIN PASSWORD 'of a test'; GRANT USAGE ON SCHEMA ${name} TO ${quoted}`,
    );
    closing.push(async () => {
      await pool.query(`DROP SCHEMA ${name} CASCADE; DROP ROLE ${quoted}`);
      await pool.end();
    });
    const owner = new URL(postgresUrl);
    owner.searchParams.set('options', `-c search_path=${name}`);
    const user = new URL(owner);
    user.username = encodeURIComponent(role);
    user.password = encodeURIComponent('of a test');
    return { owner: owner.href, user: user.href, role, pool, name };
  }

  it('lets a role work that may create nothing, and may be repeated', async () => {
    const { owner, user, role } = await prepare();
    await expect(migrateStore(user, {})).rejects.toThrow('may not create its table');
    const made = await migrateStore(owner, { grantTo: role });
    expect(made).toEqual([
      expect.stringContaining('gatehouse_records was made'),
      expect.stringContaining('gatehouse_rates was made'),
      `The role ${role} may use them.`,
    ]);
    expect((await migrateStore(owner, {})).every((line) => line.includes('is there'))).toBe(true);
    expect(await migrateStore(user, {})).toHaveLength(2);
    const store = openStore(user, clock);
    closing.push(() => store.close());
    const key = { partition: 'somebody', id: 'record' };
    expect(await store.set(key, 'value', { version: 'v', expiresAt: 'never' })).toBe(true);
    expect(await store.delete(key)).toBe(true);
    await createRatesTable(store.connection as Pool);
    await (store.connection as Pool).query('INSERT INTO gatehouse_rates (key) VALUES ($1)', ['a']);
  });

  it('prints SQL that does the same', async () => {
    const { owner, user, role, pool, name } = await prepare();
    const client = await pool.connect();
    await client.query(`SET search_path = ${name}`);
    await client.query(schemaOf(owner, { grantTo: role }) ?? '');
    client.release(true);
    expect((await migrateStore(user, {})).every((line) => line.includes('is there'))).toBe(true);
  });

  it('prints none for other stores', () => {
    expect(schemaOf('sqlite:a', {})).toBeUndefined();
    expect(schemaOf('redis://localhost', {})).toBeUndefined();
  });
});
