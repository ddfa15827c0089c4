import type { Clock } from './clock.js';
import { groupCommit } from './group-commit.js';
import {
  closeFile,
  makeReady,
  openFile,
  type SqliteDatabase,
  type SqliteStatement,
  type SqlParameters,
} from './sqlite-database.js';
import { afterPlace, scanPortion } from './scanning.js';
import { recentReads, type FindRecord, type Found } from './sqlite-reads.js';
import type { Entry, Key, Store } from './store.js';

/** What a store in SQLite needs. */
export type SqliteStoreOptions = SqliteLocation & {
  readonly clock: Clock;
  /**
   * How many seconds a call waits, without blocking others, while another process has locked the database.
   *
   * @defaultValue 5
   */
  readonly lockTtl?: number;
};

type SqliteLocation =
  /** A file, which is made if there is none, with its folders. */
  | { readonly path: string; readonly database?: never }
  /** A connection that stays the caller's to close. The store sets its journal mode, `synchronous` and busy timeout. */
  | { readonly database: SqliteDatabase; readonly path?: never };

/** What libsql makes of a BLOB: the one in `get`, the other in `all`. */
type Bytes = Uint8Array | ArrayBuffer;

interface Contents {
  readonly value: Bytes;
  readonly version: Bytes;
}

interface FoundRow extends Contents {
  readonly expires_at: number | null;
}

interface Row extends Contents {
  /** Only of a scan. */
  readonly partition: Bytes;
  readonly id: Bytes;
}

/** A row with a column of a wrong type is absent, as an expired one is; NULL never expires. */
const isLive = `typeof(value) = 'text' AND typeof(version) = 'text'
  AND (expires_at IS NULL OR typeof(expires_at) = 'real' AND expires_at > :now)`;
const isKey = 'partition = :partition AND id = :id';
// Text is read as bytes, because libsql ends the process at text that is not UTF-8.
const contents = 'CAST(value AS BLOB) AS value, CAST(version AS BLOB) AS version';
const columns = `CAST(id AS BLOB) AS id, ${contents}`;
const upsert = `INSERT INTO gatehouse_records (partition, id, value, version, expires_at)
  VALUES (:partition, :id, :value, :version, :expiresAt)
  ON CONFLICT DO UPDATE SET value = :value, version = :version, expires_at = :expiresAt`;

/** A transaction sweeps out more rows than it can add, so that the file does not grow with what has expired. */
const sweptBesides = 100;

/**
 * Keeps records in one SQLite file, which the processes of one machine may share.
 *
 * What it has acknowledged is on disk. Writes of the same moment share one commit.
 *
 * @throws {Error} when the file cannot be opened, or was written by a newer version of this package
 */
export function sqliteStore(options: SqliteStoreOptions): Store {
  const { clock, lockTtl = 5 } = options;
  const { database, release } = connect(options);
  const statements = prepareStatements(database);
  const findRow: FindRecord = ({ partition, id }, now) => {
    const row = statements.find.get({ partition, id, now }) as FoundRow | undefined;
    return row && { ...toEntry(row), expiresAt: row.expires_at };
  };
  // Over a connection of the caller's anybody may write unheard.
  const reads = options.database ? undefined : recentReads(database, findRow);
  const find = reads?.find ?? findRow;
  const sweep = (writes: number) => statements.sweep.run({ now: clock(), limit: writes + sweptBesides });
  const commits = groupCommit(database, sweep, lockTtl);
  let closing: Promise<void> | undefined;

  function assertOpen(): void {
    if (closing) throw new Error('The store is closed.');
  }

  async function changesOne(
    statement: SqliteStatement,
    key: Key,
    parameters: SqlParameters,
    written?: Found,
  ): Promise<boolean> {
    assertOpen();
    const { partition, id } = key;
    const change = () => {
      reads?.forget(key);
      return Number(statement.run({ partition, id, ...parameters, now: clock() }).changes) === 1;
    };
    return commits.write(change, (isChanged) => {
      if (!isChanged) return;
      // Of several changes of one moment it is the last one that counts.
      if (written) reads?.keep(key, written);
      else reads?.forget(key);
    });
  }

  async function rows(statement: SqliteStatement, parameters: SqlParameters): Promise<Row[]> {
    assertOpen();
    return commits.read(() => statement.all({ ...parameters, now: clock() }) as Row[]);
  }

  // What expired while nobody was writing: every transaction sweeps, an empty one too. Its failure hurts nobody.
  commits.write(() => true).catch(() => undefined);

  return {
    async get(key) {
      assertOpen();
      const found = await commits.read(() => find(key, clock()));
      return found && { value: found.value, version: found.version };
    },
    async set(key, value, { version, expiresAt, expect }) {
      const record = { value, version, expiresAt: expiresAt === 'never' ? null : expiresAt };
      if (expect === undefined) return changesOne(statements.put, key, record, record);
      if (expect === 'absent') return changesOne(statements.create, key, record, record);
      return changesOne(statements.replace, key, { ...record, expect }, record);
    },
    async delete(key, { expect } = {}) {
      return changesOne(statements.remove, key, { expect: expect ?? null });
    },
    async list(partition, { after = '', limit = 100 } = {}) {
      const listed = await rows(statements.list, { partition, after, limit });
      return listed.map((row) => ({ id: toText(row.id), ...toEntry(row) }));
    },
    async scan({ after, limit = 100 } = {}) {
      const found = await rows(statements.scan, { ...afterPlace(after), limit });
      return scanPortion(
        found.map((row) => ({ partition: toText(row.partition), id: toText(row.id), ...toEntry(row) })),
        limit,
      );
    },
    close: () => (closing ??= commits.settled().then(release)),
  };
}

function connect(location: SqliteLocation): { readonly database: SqliteDatabase; readonly release: () => void } {
  if (location.database !== undefined) {
    makeReady(location.database);
    return { database: location.database, release: () => undefined };
  }
  const database = openFile(location.path);
  return { database, release: () => closeFile(database) };
}

function prepareStatements(database: SqliteDatabase) {
  return {
    find: database.prepare(`SELECT ${contents}, expires_at FROM gatehouse_records WHERE ${isKey} AND ${isLive}`),
    list: database.prepare(`SELECT ${columns} FROM gatehouse_records AS records
      WHERE partition = :partition AND id > :after AND ${isLive} ORDER BY records.id LIMIT :limit`),
    scan: database.prepare(`SELECT CAST(partition AS BLOB) AS partition, ${columns} FROM gatehouse_records AS records
      WHERE (partition, id) > (:afterPartition, :afterId) AND ${isLive}
      ORDER BY records.partition, records.id LIMIT :limit`),
    put: database.prepare(upsert),
    create: database.prepare(`${upsert} WHERE NOT (${isLive})`),
    replace: database.prepare(`UPDATE gatehouse_records
      SET value = :value, version = :version, expires_at = :expiresAt
      WHERE ${isKey} AND version = :expect AND ${isLive}`),
    remove: database.prepare(`DELETE FROM gatehouse_records
      WHERE ${isKey} AND (:expect IS NULL OR version = :expect) AND ${isLive}`),
    sweep: database.prepare(`DELETE FROM gatehouse_records WHERE (partition, id) IN
      (SELECT partition, id FROM gatehouse_records WHERE expires_at <= :now LIMIT :limit)`),
  };
}

function toEntry({ value, version }: Contents): Entry {
  return { value: toText(value), version: toText(version) };
}

function toText(bytes: Bytes): string {
  return Buffer.from(bytes as ArrayBuffer).toString();
}
