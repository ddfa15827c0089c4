import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { postgresStore } from 'mcp-gatehouse';
import { isWithoutPostgres, isWithoutRedis, postgresUrl, redisUrl } from './database-servers.js';
import { temporaryFolder } from './temporary-folder.js';

/** A store that several processes can share. */
export type SharedStoreKind = 'redis' | 'postgres' | 'sqlite';

/** An empty one; `remove` leaves nothing behind. */
export interface SharedStore {
  readonly location: string;
  remove(): Promise<void>;
}

/** Whether there is no such server here; in CI it is missed by the tests themselves. */
export const isWithout: Readonly<Record<SharedStoreKind, boolean>> = {
  redis: isWithoutRedis,
  postgres: isWithoutPostgres,
  sqlite: false,
};

/** Makes a store of its own for a test, where there may be others. */
export const newSharedStore: Readonly<Record<SharedStoreKind, () => Promise<SharedStore>>> = {
  redis: () => {
    const keyPrefix = `gatehouse-test-${randomUUID()}:`;
    const location = new URL(redisUrl);
    location.searchParams.set('keyPrefix', keyPrefix);
    return Promise.resolve({
      location: location.href,
      async remove() {
        const client = new Redis(redisUrl, { maxRetriesPerRequest: 1 });
        const keys = await client.keys(`${keyPrefix}*`);
        if (keys.length > 0) await client.unlink(keys);
        await client.quit();
      },
    });
  },

  async postgres() {
    const schema = `gatehouse_${randomUUID().replaceAll('-', '')}`;
    const pool = new Pool({ connectionString: postgresUrl, max: 2 });
    await pool.query(`CREATE SCHEMA ${schema}`);
    await postgresStore({ pool, schema }).createTable();
    const location = new URL(postgresUrl);
    location.searchParams.set('options', `-c search_path=${schema}`);
    location.searchParams.set('application_name', schema);
    return {
      location: location.href,
      async remove() {
        await pool.query(`DROP SCHEMA ${schema} CASCADE`);
        await pool.end();
      },
    };
  },

  sqlite: () => {
    const folder = temporaryFolder();
    return Promise.resolve({
      location: `sqlite:${folder.path}/gatehouse.sqlite`,
      remove() {
        folder.remove();
        return Promise.resolve();
      },
    });
  },
};
