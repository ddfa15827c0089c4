import { createHash } from 'node:crypto';
import type { Clock } from './clock.js';
import { quoteName, sqlSchema } from './sql-dialects.js';
import { sqlStore } from './sql.js';
import type { Store } from './store.js';

/** The part of a `Pool` of `pg` that the store uses. */
export interface PostgresPool {
  query(statement: PostgresStatement): Promise<{ readonly rows: unknown[] }>;
}

/** A statement as `pg` takes it; with a name it is prepared once for each connection. */
export interface PostgresStatement {
  text: string;
  values?: unknown[];
  name?: string;
}

/** What a store in PostgreSQL needs. */
export interface PostgresStoreOptions {
  /** The application's pool, which stays its own to close; it has to fail soon when PostgreSQL is away. */
  readonly pool: PostgresPool;
  /** The schema of the table. @defaultValue whichever comes first on the `search_path` */
  readonly schema?: string | undefined;
  /** The table. @defaultValue 'gatehouse_records' */
  readonly table?: string | undefined;
  /** Prepares statements by name; not behind PgBouncer before 1.21 in transaction mode. @defaultValue true */
  readonly prepare?: boolean | undefined;
  readonly clock: Clock;
}

/** A store in PostgreSQL, which can make its table. */
export interface PostgresStore extends Store {
  /**
   * Makes the table where there is none; several instances may do so at the same moment.
   *
   * @throws {Error} that tells which SQL to run, when the role may not make it
   */
  createTable(): Promise<void>;
}

/** Above READ COMMITTED: PostgreSQL rolled the statement back because of a concurrent one. Nothing has happened. */
const rolledBack = ['40001', '40P01'];
const attempts = 50;

/** Two instances that made the same table at the same moment would fail; any number does for a lock that is ours. */
const migrationLock = 7_283_115_401;

/** The SQL that makes the table and its index, where there are none; for those who run it themselves. */
export function postgresSchema({ schema, table }: Pick<PostgresStoreOptions, 'schema' | 'table'> = {}): string {
  return sqlSchema('postgres', tableName(schema, table));
}

/**
 * Keeps records in one table of PostgreSQL 12 or later. Every verb is one statement, hence one round trip.
 *
 * @throws {Error} when schema or table are no plain names
 */
export function postgresStore(options: PostgresStoreOptions): PostgresStore {
  const { pool, schema, table, prepare = true, clock } = options;
  const names = new Map<string, string>();

  /** A name for a statement: one connection may serve several tables. */
  function nameOf(text: string): string {
    const name = names.get(text) ?? `gatehouse_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
    names.set(text, name);
    return name;
  }

  async function query(text: string, values: unknown[], left = attempts): Promise<unknown[]> {
    try {
      return (await pool.query({ text, values, ...(prepare && { name: nameOf(text) }) })).rows;
    } catch (error) {
      if (left <= 1 || !rolledBack.includes(codeOf(error))) throw error;
      return query(text, values, left - 1);
    }
  }

  async function createTable(): Promise<void> {
    const name = tableName(schema, table);
    const statements = postgresSchema({ schema, table });
    try {
      // Who may not create anything may still use what is there.
      const found = await query('SELECT 1 WHERE to_regclass($1) IS NOT NULL', [quoteName(name)]);
      if (found.length > 0) return;
      // Several statements in one message are one transaction, which ends the lock.
      await pool.query({ text: `SELECT pg_advisory_xact_lock(${migrationLock}); ${statements}` });
    } catch (cause) {
      if (codeOf(cause) !== '42501') throw cause;
      throw new Error(`The role may not create its table. Let somebody run:\n${statements}`, { cause });
    }
  }

  const name = tableName(schema, table);
  return {
    ...sqlStore({ query: (text, values) => query(text, values), dialect: 'postgres', table: name, clock }),
    createTable,
  };
}

function tableName(schema: string | undefined, table = 'gatehouse_records'): string {
  return schema === undefined ? table : `${schema}.${table}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
