import { createRequire } from 'node:module';
import { Redis } from 'ioredis';
import { Client } from 'pg';

/** What a store holds, by its own account. */
export interface Stored {
  readonly records: number;
  /** On disk with all indexes, without logs; of Redis in memory. */
  readonly bytes: number;
}

type Database = new (path: string) => { prepare(sql: string): { all(): unknown[] }; close(): void };

/** Asks the database itself, not the package that wrote to it. */
export async function askStore(location: string): Promise<Stored> {
  if (location.startsWith('sqlite:')) return askSqlite(location.slice('sqlite:'.length));
  return location.startsWith('redis') ? askRedis(location) : askPostgres(location);
}

/** The SQLite that is inside of libsql. */
export function sqliteVersion(): string {
  return (queryOne(':memory:', 'SELECT sqlite_version() AS version') as { version: string }).version;
}

function askSqlite(path: string): Stored {
  return queryOne(
    path,
    `SELECT (SELECT count(*) FROM gatehouse_records) AS records, page_count * page_size AS bytes
      FROM pragma_page_count, pragma_page_size`,
  ) as Stored;
}

function queryOne(path: string, sql: string): unknown {
  const Database = createRequire(import.meta.url)('libsql') as Database;
  const database = new Database(path);
  const [row] = database.prepare(sql).all();
  database.close();
  return row;
}

async function askPostgres(location: string): Promise<Stored> {
  const client = new Client({ connectionString: location });
  await client.connect();
  const { rows } = await client.query<{ records: string; bytes: string }>(
    `SELECT count(*) AS records, pg_total_relation_size('gatehouse_records') AS bytes FROM gatehouse_records`,
  );
  await client.end();
  return { records: Number(rows[0]?.records), bytes: Number(rows[0]?.bytes) };
}

async function askRedis(location: string): Promise<Stored> {
  const url = new URL(location);
  const keyPrefix = url.searchParams.get('keyPrefix') ?? '';
  url.search = '';
  const client = new Redis(url.href);
  let [records, bytes] = [0, 0];
  for (let cursor = ''; cursor !== '0';) {
    const [next, keys] = await client.scan(cursor || '0', 'MATCH', `${keyPrefix}*`, 'COUNT', 1000);
    cursor = next;
    const sizes = await Promise.all(keys.map((key) => client.memory('USAGE', key)));
    bytes += sizes.reduce((sum: number, size) => sum + (size ?? 0), 0);
    records += keys.filter((key) => key.includes('}:r:')).length;
  }
  await client.quit();
  return { records, bytes };
}
