import type { Clock } from './clock.js';
import { onFirstCount, waitOf, type MakeCounter } from './counter.js';
import type { PostgresPool } from './postgres.js';
import { quoteName } from './sql-dialects.js';

/** Two instances that made the same table at the same moment would fail; any number does for a lock that is ours. */
const migrationLock = 7_283_115_402;

const tableName = 'gatehouse_rates';

const sweep = `DELETE FROM ${quoteName(tableName)} WHERE expire < $1`;

/** Seconds between two looks for counts whose time is over, and how long it has to be over. */
const sweepTtl = 300;

/** The SQL that makes the table of counts; unlogged, since they may be lost in a crash, and are written often. */
export const ratesSchema = `CREATE UNLOGGED TABLE IF NOT EXISTS ${quoteName(tableName)} (
  key varchar(255) PRIMARY KEY,
  points integer NOT NULL DEFAULT 0,
  expire bigint
)`;

/** Makes the table of counts where there is none; several instances may do so at the same moment. */
export async function createRatesTable(pool: PostgresPool): Promise<void> {
  // Who may not create anything may still use what is there.
  const statement = { text: 'SELECT to_regclass($1) IS NOT NULL AS there', values: [quoteName(tableName)] };
  const [found] = (await pool.query(statement)).rows;
  if ((found as { there: boolean } | undefined)?.there) return;
  // Several statements in one message are one transaction, which ends the lock.
  await pool.query({ text: `SELECT pg_advisory_xact_lock(${migrationLock}); ${ratesSchema}` });
}

/**
 * Counts in PostgreSQL, for all processes that share it: one row, and one statement, for each count. It makes its table,
 * `gatehouse_rates`, where there is none.
 *
 * @param prefix - what all keys begin with
 */
export function postgresCounters(pool: PostgresPool, prefix: string, clock: Clock): MakeCounter {
  let table: Promise<unknown> | undefined;
  let sweptAt = clock();

  function ready(): Promise<unknown> {
    table ??= createRatesTable(pool).catch((thrown: unknown) => {
      table = undefined;
      throw thrown;
    });
    return table;
  }

  return (name, { requests, seconds }) => {
    const limiterThere = onFirstCount(
      ({ RateLimiterPostgres }) =>
        new RateLimiterPostgres({
          storeClient: { query: (statement: Parameters<PostgresPool['query']>[0]) => pool.query(statement) },
          storeType: 'client',
          tableName,
          tableCreated: true,
          // By itself it would set a timer that nobody can end.
          clearExpiredByTimeout: false,
          keyPrefix: `${prefix}:${name}`,
          points: requests,
          duration: seconds,
        }),
    );
    return async (key) => {
      await ready();
      const now = clock();
      if (Math.abs(now - sweptAt) > sweepTtl) {
        sweptAt = now;
        // Left to the next one where it fails. Not waited for.
        void pool.query({ text: sweep, values: [Math.floor((now - sweepTtl) * 1000)] }).catch(() => undefined);
      }
      return waitOf((await limiterThere()).consume(key));
    };
  };
}
