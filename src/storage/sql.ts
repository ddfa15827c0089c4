import { clockTolerance, type Clock } from './clock.js';
import { sqlStatements, type SqlDialect, type SqlStatement, type SqlValue } from './sql-dialects.js';
import { afterPlace, scanPortion } from './scanning.js';
import type { Entry, Key, Store } from './store.js';

/** Runs one statement, in a transaction of its own, on the primary, and answers the rows. */
export type SqlQuery = (text: string, values: SqlValue[]) => Promise<readonly unknown[]>;

/** What a store in a table needs. */
export interface SqlStoreOptions {
  readonly query: SqlQuery;
  /** `postgres` has `$1`, `sqlite` (3.35 or later) has `?` for a value. */
  readonly dialect: SqlDialect;
  /**
   * The table, perhaps with its schema, as `sqlSchema()` makes it.
   *
   * @defaultValue 'gatehouse_records'
   */
  readonly table?: string | undefined;
  readonly clock: Clock;
}

type Parameters = Readonly<Record<string, SqlValue>>;

/** So many writes go by between two sweeps, each of which takes out more rows than they can add. */
const writesPerSweep = 100;
const sweptAtOnce = 1000;

/**
 * Keeps records in one table, through whatever runs SQL: a driver, a query builder, an ORM. Every verb is one statement.
 *
 * @throws {Error} when the name of the table is none
 */
export function sqlStore({ query, dialect, table = 'gatehouse_records', clock }: SqlStoreOptions): Store {
  const statements = sqlStatements(dialect, table);
  let writes = 0;
  let sweeping: Promise<unknown> | undefined;
  let closed = false;

  async function ask({ text, parameters }: SqlStatement, values: Parameters): Promise<readonly unknown[]> {
    const answer: unknown = await query(
      text,
      parameters.map((name) => values[name] ?? null),
    );
    // What is no list would look like a write that did not happen.
    if (!Array.isArray(answer)) throw new Error('sqlStore: the query has to answer the rows, as a list.');
    return answer as readonly unknown[];
  }

  async function rows(statement: SqlStatement, values: Parameters): Promise<readonly unknown[]> {
    if (closed) throw new Error('The store is closed.');
    return ask(statement, { ...values, now: clock() });
  }

  async function changesOne(statement: SqlStatement, values: Parameters): Promise<boolean> {
    const changed = await rows(statement, values);
    sweepNowAndThen();
    return changed.length === 1;
  }

  /** Takes out what has expired by anybody's clock; nobody waits for it, and its failure hurts nobody. */
  function sweepNowAndThen(): void {
    if (writes++ % writesPerSweep > 0 || sweeping || closed) return;
    sweeping = ask(statements.sweep, { now: clock() - clockTolerance, limit: sweptAtOnce })
      .catch(() => undefined)
      .finally(() => (sweeping = undefined));
  }

  return {
    async get({ partition, id }) {
      const [row] = await rows(statements.find, { partition, id });
      return toEntry(row);
    },
    async set({ partition, id }, value, { version, expiresAt, expect }) {
      const record = { partition, id, value, version, expiresAt: expiresAt === 'never' ? null : expiresAt };
      if (expect === undefined) return changesOne(statements.put, record);
      if (expect === 'absent') return changesOne(statements.create, record);
      return changesOne(statements.replace, { ...record, expect });
    },
    async delete({ partition, id }, { expect } = {}) {
      if (expect === undefined) return changesOne(statements.remove, { partition, id });
      return changesOne(statements.removeVersion, { partition, id, expect });
    },
    async list(partition, { after = '', limit = 100 } = {}) {
      const listed = await rows(statements.list, { partition, after, limit });
      return listed.flatMap((row) => {
        const entry = toEntry(row);
        return entry ? [{ id: String((row as { id: unknown }).id), ...entry }] : [];
      });
    },
    async scan({ after, limit = 100 } = {}) {
      const found = await rows(statements.scan, { ...afterPlace(after), limit });
      const keyOf = (row: unknown) => row as Key;
      return scanPortion(
        found.map((row) => ({ partition: keyOf(row).partition, id: keyOf(row).id, ...toEntry(row) })),
        limit,
      );
    },
    async close() {
      closed = true;
      await sweeping;
    },
  };
}

/** A row of another shape is absent: somebody else wrote it. */
function toEntry(row: unknown): Entry | undefined {
  const { value, version } = (row ?? {}) as Partial<Record<'value' | 'version', unknown>>;
  return typeof value === 'string' && typeof version === 'string' ? { value, version } : undefined;
}
