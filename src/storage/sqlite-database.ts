import { closeSync, mkdirSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';

/** An open SQLite connection: of `better-sqlite3`, of `libsql`, or of whatever else has these methods. */
export interface SqliteDatabase {
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

/** The part of a prepared statement that the store uses. */
export interface SqliteStatement {
  run(parameters: SqlParameters): { readonly changes: number | bigint };
  get(parameters: SqlParameters): unknown;
  all(parameters: SqlParameters): unknown[];
}

/** Values for the named parameters of a statement. */
export type SqlParameters = Readonly<Record<string, string | number | null>>;

type OwnDatabase = SqliteDatabase & { close(): void };

const schemaVersion = 1;
// With row ids: a record of a kilobyte would overflow the pages of an index, which takes twice the time and the room.
const schema = `
  BEGIN IMMEDIATE;
  CREATE TABLE IF NOT EXISTS gatehouse_records (
    partition TEXT, id TEXT, value TEXT, version TEXT, expires_at REAL,
    PRIMARY KEY (partition, id)
  );
  CREATE INDEX IF NOT EXISTS gatehouse_records_expiry ON gatehouse_records (expires_at);
  PRAGMA user_version = ${schemaVersion};
  COMMIT`;

/** Opens a file, which is made readable by its owner alone if there is none. */
export function openFile(path: string): OwnDatabase {
  const file = resolve(path);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  createFile(file);
  // Loaded only here, because it is native code, which a server with another store need not have.
  const Database = createRequire(import.meta.url)('libsql') as new (path: string) => OwnDatabase;
  const database = new Database(file);
  try {
    makeReady(database);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** Closes a file so that it holds everything by itself, without the write-ahead log next to it. */
export function closeFile(database: OwnDatabase): void {
  try {
    // libsql, unlike SQLite, does not do this in close(): prepared statements keep its connection open.
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
}

/** Makes durable what is committed, and creates the table if there is none; may wait for another process to do so. */
export function makeReady(database: SqliteDatabase): void {
  database.exec('PRAGMA busy_timeout = 5000');
  switchToWriteAheadLog(database);
  // In WAL mode anything less than FULL can lose acknowledged commits when the power fails.
  database.exec('PRAGMA synchronous = FULL');
  const found = userVersion(database);
  if (found > schemaVersion) {
    throw new Error(
      `The database has schema ${found}, and this version of mcp-gatehouse knows ${schemaVersion}: it was written by a newer one.`,
    );
  }
  if (found < schemaVersion) database.exec(schema);
  // From here on, waiting would block the event loop.
  database.exec('PRAGMA busy_timeout = 0');
}

function userVersion(database: SqliteDatabase): number {
  const row = database.prepare('PRAGMA user_version').get({}) as { readonly user_version: number | bigint };
  return Number(row.user_version);
}

/** Where two processes meet on a new file, the switch fails without heeding the busy timeout; a transaction heeds it. */
function switchToWriteAheadLog(database: SqliteDatabase): void {
  for (let attempt = 1; ; attempt++) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (attempt === 10 || !isBusy(error)) throw error;
      database.exec('BEGIN IMMEDIATE; ROLLBACK');
    }
  }
}

function createFile(file: string): void {
  try {
    // Never opens an existing file: closing it again would drop this process's locks on it (POSIX).
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

/** Whether another connection has locked the database. */
export function isBusy(error: unknown): boolean {
  return hasCode(error, 'SQLITE_BUSY');
}

/** SQLite's extended codes begin with the plain one. */
function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith(code);
}
