import { randomUUID } from 'node:crypto';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Kysely, PostgresDialect } from 'kysely';
import { storeContract } from 'mcp-gatehouse/store-contract';
import { postgresSchema, type Clock, type Store } from 'mcp-gatehouse';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drizzleStore } from '../../examples/stores/drizzle.js';
import { kyselyStore } from '../../examples/stores/kysely.js';
import { prismaStore } from '../../examples/stores/prisma.js';
import { isWithoutPostgres, postgresUrl } from '../support/database-servers.js';

const schema = `gatehouse_${randomUUID().replaceAll('-', '')}`;

describe.skipIf(isWithoutPostgres)('a store in the database of an application', () => {
  let pool: Pool;

  beforeAll(async () => {
    const location = new URL(postgresUrl);
    location.searchParams.set('options', `-c search_path=${schema}`);
    pool = new Pool({ connectionString: location.href });
    await pool.query(`CREATE SCHEMA ${schema}`);
    await pool.query(postgresSchema());
  });
  afterAll(async () => {
    await pool.query(`DROP SCHEMA ${schema} CASCADE`);
    await pool.end();
  });

  /** A generated client cannot be had here, since its generator is a binary of its own; this does what it does. */
  const prisma = {
    $queryRawUnsafe: async <Rows>(text: string, ...values: unknown[]) => (await pool.query(text, values)).rows as Rows,
  };

  const stores: Record<string, (clock?: Clock) => Store> = {
    Drizzle: (clock) => drizzleStore(drizzle({ client: pool }), clock),
    Kysely: (clock) => kyselyStore(new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) }), clock),
    Prisma: (clock) => prismaStore(prisma, clock),
  };

  describe.each(Object.entries(stores))('through %s', (_, open) => {
    it('keeps the contract', async () => {
      for (const { run } of storeContract({ open })) await run();
    });

    it('tells the time by the system when nobody says how', async () => {
      const store = open();
      const key = { partition: randomUUID(), id: 'record' };
      await store.set(key, 'value', { version: 'v', expiresAt: Date.now() / 1000 + 60 });
      expect((await store.get(key))?.value).toBe('value');
      await store.set(key, 'value', { version: 'w', expiresAt: Date.now() / 1000 - 1 });
      expect(await store.get(key)).toBeUndefined();
      await store.close();
    });
  });
});
