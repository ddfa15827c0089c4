import { existsSync } from 'node:fs';
import type { StoreMigration } from './command/io.js';
import { ConfigurationError } from './configuration-error.js';
import { defaultStore, describeLocation, isStoreLocation, openStore } from './open-store.js';
import type { OAuthAuthorizationServerOptions } from './options.js';
import { createRatesTable, ratesSchema } from './storage/postgres-counter.js';
import { postgresSchema, type PostgresPool } from './storage/postgres.js';
import { systemClock } from './system.js';

type Location = OAuthAuthorizationServerOptions['store'];

/** The tables, in the order in which they are told of. */
const tables = ['gatehouse_records', 'gatehouse_rates'] as const;

/** The SQL that a store needs; undefined where it needs none. */
export function schemaOf(store: Location, { grantTo }: StoreMigration): string | undefined {
  if (typeof store !== 'string' || !store.startsWith('postgres')) return undefined;
  return [postgresSchema(), `${ratesSchema};`, ...(grantTo === undefined ? [] : [`${grantStatement(grantTo)};`])].join(
    '\n',
  );
}

/**
 * Makes what a store needs where it is not there yet, and says what was done.
 *
 * @throws {ConfigurationError} when nobody can say where the store is
 */
export async function migrateStore(store: Location = defaultStore, options: StoreMigration): Promise<string[]> {
  if (typeof store !== 'string') {
    if (!('createTable' in store) || typeof store.createTable !== 'function') {
      return ['The store is one of your own: nothing was done.'];
    }
    await (store as { createTable(): Promise<void> }).createTable();
    return ['The table of the store is there.'];
  }
  if (!isStoreLocation(store)) {
    throw new ConfigurationError(['GATEHOUSE_STORE has to be sqlite:PATH, redis://…, postgres://… or memory:.']);
  }
  if (options.grantTo !== undefined && !store.startsWith('postgres')) {
    throw new ConfigurationError(['--grant-to is for PostgreSQL.']);
  }
  if (store === 'memory:') return ['The store is in memory, and needs nothing.'];
  if (store.startsWith('sqlite:')) return migrateFile(store);
  return store.startsWith('redis') ? tryServer(store) : migratePostgres(store, options);
}

async function migrateFile(location: string): Promise<string[]> {
  const path = location.slice('sqlite:'.length);
  const isThere = existsSync(path);
  await openStore(location, systemClock).close();
  return [isThere ? `The file ${path} is there, with its table.` : `The file ${path} was made.`];
}

async function tryServer(location: string): Promise<string[]> {
  const store = openStore(location, systemClock);
  try {
    await store.get({ partition: 'keys', id: 'signing' });
    return [`The Redis server (${describeLocation(location)}) answers, and needs nothing.`];
  } finally {
    await store.close();
  }
}

async function migratePostgres(location: string, { grantTo }: StoreMigration): Promise<string[]> {
  const store = openStore(location, systemClock);
  const pool = store.connection as PostgresPool;
  const areThere = async () => {
    const text = 'SELECT to_regclass($1) IS NOT NULL AS a, to_regclass($2) IS NOT NULL AS b';
    const [row] = (await pool.query({ text, values: [...tables] })).rows as { a: boolean; b: boolean }[];
    return [row?.a === true, row?.b === true];
  };
  try {
    const before = await areThere().catch(() => [false, false]);
    // Makes the table first, or says in words why it cannot be made.
    await store.get({ partition: 'keys', id: 'signing' });
    await createRatesTable(pool);
    const place = describeLocation(location);
    const done = tables.map((table, index) =>
      before[index] ? `The table ${table} is there (${place}).` : `The table ${table} was made (${place}).`,
    );
    if (grantTo === undefined) return done;
    await pool.query({ text: grantStatement(grantTo) });
    return [...done, `The role ${grantTo} may use them.`];
  } finally {
    await store.close();
  }
}

function grantStatement(role: string): string {
  if (role === '' || role.includes('\0')) throw new ConfigurationError(['--grant-to has to name a role.']);
  return `GRANT SELECT, INSERT, UPDATE, DELETE ON ${tables.join(', ')} TO "${role.replaceAll('"', '""')}"`;
}
