/** A database that {@link sqlStore} knows how to talk to. */
export type SqlDialect = 'postgres' | 'sqlite';

/** What can be bound to a placeholder. */
export type SqlValue = string | number | null;

/** A statement, and the names of its parameters in the order of their values. */
export interface SqlStatement {
  readonly text: string;
  readonly parameters: readonly string[];
}

/** In which the dialects differ. */
interface Dialect {
  readonly text: string;
  readonly instant: string;
  /** Whether a parameter is named by its number, and then given once. */
  readonly numbered: boolean;
  /** Keeps two sweeps from waiting for each other. */
  readonly skipLocked: string;
  /** How the table is kept. */
  readonly storage: string;
}

const dialects: Record<SqlDialect, Dialect> = {
  postgres: {
    text: 'text COLLATE "C"', // ids are listed in the order of their bytes
    instant: 'double precision',
    numbered: true,
    skipLocked: 'FOR UPDATE SKIP LOCKED',
    // Room on each page: a record that is refreshed stays on its page, and no index has to be written.
    storage: ' WITH (fillfactor = 80)',
  },
  sqlite: { text: 'text', instant: 'real', numbered: false, skipLocked: '', storage: '' },
};

const isLive = '(expires_at IS NULL OR expires_at > :now)';
const isKey = 'partition = :partition AND id = :id';

/** A name that may be written into a statement: of a table, perhaps with its schema. */
export function quoteName(name: string): string {
  // PostgreSQL would cut off what is longer, and take the index for the table of that name.
  if (!/^\w{1,63}(\.\w{1,63})?$/.test(name)) {
    throw new Error('The name of a table is letters, digits, underscores, and one dot, and not too long.');
  }
  return name.replace(/\w+/g, '"$&"');
}

/**
 * The statements of a store in one table.
 *
 * Each is one atomic compare-and-set, at READ COMMITTED too: whoever meets a row that another transaction is writing
 * waits for it, and then compares again with what that one has left (PostgreSQL manual, 13.2.1). Each answers rows,
 * since some drivers refuse to ask for the rows of a statement that has none.
 */
export function sqlStatements(dialect: SqlDialect, table: string) {
  const { numbered, skipLocked } = dialects[dialect];
  const records = quoteName(table);
  const upsert = `INSERT INTO ${records} AS records (partition, id, value, version, expires_at)
    VALUES (:partition, :id, :value, :version, :expiresAt)
    ON CONFLICT (partition, id) DO UPDATE
    SET value = excluded.value, version = excluded.version, expires_at = excluded.expires_at`;
  const remove = `DELETE FROM ${records} WHERE ${isKey} AND ${isLive}`;
  const prepare = (text: string) => statement(text, numbered);
  return {
    find: prepare(`SELECT value, version FROM ${records} WHERE ${isKey} AND ${isLive}`),
    list: prepare(`SELECT id, value, version FROM ${records}
      WHERE partition = :partition AND id > :after AND ${isLive} ORDER BY id LIMIT :limit`),
    scan: prepare(`SELECT partition, id, value, version FROM ${records}
      WHERE (partition, id) > (:afterPartition, :afterId) AND ${isLive} ORDER BY partition, id LIMIT :limit`),
    put: prepare(`${upsert} RETURNING id`),
    create: prepare(`${upsert} WHERE records.expires_at <= :now RETURNING id`),
    replace: prepare(`UPDATE ${records} SET value = :value, version = :version, expires_at = :expiresAt
      WHERE ${isKey} AND version = :expect AND ${isLive} RETURNING id`),
    remove: prepare(`${remove} RETURNING id`),
    removeVersion: prepare(`${remove} AND version = :expect RETURNING id`),
    sweep: prepare(`DELETE FROM ${records} WHERE (partition, id) IN
      (SELECT partition, id FROM ${records} WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit ${skipLocked})
      RETURNING id`),
  };
}

/** The SQL that makes the table and its index, where there are none. */
export function sqlSchema(dialect: SqlDialect, table = 'gatehouse_records'): string {
  const { text, instant, storage } = dialects[dialect];
  const index = `${table.split('.').at(-1) ?? table}_expiry`;
  return `CREATE TABLE IF NOT EXISTS ${quoteName(table)} (
  partition ${text} NOT NULL,
  id ${text} NOT NULL,
  value text NOT NULL,
  version text NOT NULL,
  expires_at ${instant},
  PRIMARY KEY (partition, id)
)${storage};
CREATE INDEX IF NOT EXISTS ${quoteName(index)} ON ${quoteName(table)} (expires_at);`;
}

function statement(template: string, numbered: boolean): SqlStatement {
  const parameters: string[] = [];
  const text = template.replace(/\s+/g, ' ').replace(/:(\w+)/g, (_, name: string) => {
    if (!numbered || !parameters.includes(name)) parameters.push(name);
    return numbered ? `$${parameters.indexOf(name) + 1}` : '?';
  });
  return { text: text.trim(), parameters };
}
