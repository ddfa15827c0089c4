import { createRequire } from 'node:module';
import type * as ioredis from 'ioredis';
import type * as pg from 'pg';
import { ConfigurationError } from './configuration-error.js';
import { once } from './keys/single-flight.js';
import type { Clock } from './storage/clock.js';
import { memoryStore } from './storage/memory.js';
import { postgresStore } from './storage/postgres.js';
import { redisStore } from './storage/redis.js';
import { sqliteStore } from './storage/sqlite.js';
import type { PostgresPool } from './storage/postgres.js';
import type { RedisClient } from './storage/redis-client.js';
import { canScan } from './storage/scanning.js';
import type { ScanOptions, Store } from './storage/store.js';

/** Where state is kept that was given no other place. */
export const defaultStore = 'sqlite:.gatehouse/gatehouse.sqlite';

/** A store, and the connection on which more than records can be kept, until the store is closed. */
export interface OpenedStore extends Store {
  readonly connection?: RedisClient | PostgresPool;
}

/** Together shorter than the patience of whoever waits for the store; in milliseconds. */
const connectTimeout = 2500;
const commandTimeout = 5000;

/** Whether a text says where a store is. */
export function isStoreLocation(text: string): boolean {
  if (/^(memory:$|sqlite:.)/.test(text)) return true;
  // Behind the host there is no @: it would end a password with a bare / ? or #, of which the first part was taken for the
  // port and the rest for what may be told.
  if (!/^(rediss?|postgres(ql)?):\/\/(?=.)[^/?#]*[^@]*$/.test(text) || !URL.canParse(text)) return false;
  // ioredis uses database 0 where the path is no number.
  return decodePercent(text) !== undefined && (!text.startsWith('redis') || /^\/?\d*$/.test(new URL(text).pathname));
}

/** Says where a store is without the password, the user and the parameters that are in its URL. */
export function describeLocation(location: string): string {
  if (!/^(redis|postgres)/.test(location)) return location;
  const { protocol, host, pathname } = new URL(location);
  return `${protocol}//${host}${pathname}`;
}

/**
 * Opens the store that a text names; what it opens, its `close()` closes. Servers are not asked before the first verb.
 *
 * @param location - one that {@link isStoreLocation} knows
 * @throws {ConfigurationError} when the file cannot be opened, or the package for the server is not installed
 */
export function openStore(location: string, clock: Clock): OpenedStore {
  if (location === 'memory:') return memoryStore({ clock });
  if (location.startsWith('redis')) return openRedis(location, clock);
  if (location.startsWith('postgres')) return openPostgres(location, clock);
  try {
    return sqliteStore({ path: location.slice('sqlite:'.length), clock });
  } catch (error) {
    throw new ConfigurationError([`store cannot be opened (${location}): ${reasonOf(error)}`]);
  }
}

function openRedis(location: string, clock: Clock): OpenedStore {
  const { Redis } = loadPackage('ioredis', location) as typeof ioredis;
  const client = new Redis(location, {
    connectionName: 'mcp-gatehouse',
    lazyConnect: true,
    connectTimeout,
    commandTimeout,
    // A caller who can be told to try again should not wait for a server to come back.
    maxRetriesPerRequest: 1,
    retryStrategy: (times) => Math.min(times * 50, 1000),
    // After a failover the address may still lead to what is a replica now.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  // That commands failed says only that they were given up; why is told beside.
  let trouble: unknown;
  client.on('error', (error) => (trouble = error)).on('ready', () => (trouble = undefined));
  const store = redisStore({ client, clock });
  const named = inWords(store, `The Redis server (${describeLocation(location)})`, location, {
    reason: (error) => trouble ?? error,
    async close() {
      await store.close();
      if (client.status === 'ready') await client.quit().catch(() => undefined);
      client.disconnect();
    },
  });
  return { ...named, connection: client };
}

function openPostgres(location: string, clock: Clock): OpenedStore {
  const { Pool } = loadPackage('pg', location) as typeof pg;
  const pool = new Pool({
    connectionString: location,
    application_name: 'mcp-gatehouse',
    connectionTimeoutMillis: connectTimeout,
    query_timeout: commandTimeout,
    keepAlive: true,
    allowExitOnIdle: true,
  });
  // An idle connection that breaks is replaced when one is needed.
  pool.on('error', () => undefined);
  const store = postgresStore({ pool, clock });
  const ready = once(() => store.createTable());
  const prepared: Store = {
    get: async (key) => (await ready(), store.get(key)),
    set: async (key, value, options) => (await ready(), store.set(key, value, options)),
    delete: async (key, options) => (await ready(), store.delete(key, options)),
    list: async (partition, options) => (await ready(), store.list(partition, options)),
    ...(canScan(store) && { scan: async (options: ScanOptions | undefined) => (await ready(), store.scan(options)) }),
    close: () => store.close(),
  };
  const named = inWords(prepared, `The PostgreSQL server (${describeLocation(location)})`, location, {
    reason: (error) => error,
    async close() {
      await store.close();
      if (!pool.ending) await pool.end();
    },
  });
  return { ...named, connection: pool };
}

/** Loaded only where it is asked for, so that nobody need install what another store takes. */
function loadPackage(name: 'ioredis' | 'pg', location: string): unknown {
  try {
    return createRequire(import.meta.url)(name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND')) throw error;
    throw new ConfigurationError([
      `store is at ${describeLocation(location)}, which takes a package that is not installed: npm install ${name}`,
    ]);
  }
}

interface Wording {
  readonly reason: (error: unknown) => unknown;
  readonly close: () => Promise<void>;
}

/** Makes every error of a driver one sentence that holds no secret: drivers quote what they were given. */
function inWords(store: Store, name: string, location: string, { reason, close }: Wording): Store {
  const { password } = new URL(location);
  const secrets = [password, decodePercent(password) ?? ''].filter((secret) => secret !== '');

  async function say<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      const why = reason(error);
      const words = secrets.reduce((text, secret) => text.replaceAll(secret, '…'), reasonOf(why));
      throw Object.assign(new Error(`${name} cannot be used: ${words}`), codeOf(why));
    }
  }

  return {
    get: (key) => say(store.get(key)),
    set: (key, value, options) => say(store.set(key, value, options)),
    delete: (key, options) => say(store.delete(key, options)),
    list: (partition, options) => say(store.list(partition, options)),
    ...(canScan(store) && { scan: (options: ScanOptions | undefined) => say(store.scan(options)) }),
    close,
  };
}

/** An error about several addresses of one name has no words of its own. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || codeOf(error).code || error.name : String(error);
}

function codeOf(error: unknown): { code?: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
