import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { isBusy, type SqliteDatabase } from './sqlite-database.js';

/** Runs writes in shared transactions, and reads between them. */
export interface GroupCommit {
  /**
   * Runs `apply` in a transaction, and answers what it answered once that is on disk.
   *
   * @param committed - told the same at that moment, before anything else is read or written
   */
  write(apply: () => boolean, committed?: (answer: boolean) => void): Promise<boolean>;
  /** Runs `query`, again and again for a while when another process has locked the database. */
  read<T>(query: () => T): Promise<T>;
  /** Resolves when no write is waiting any more. */
  settled(): Promise<void>;
}

interface Write<T> {
  readonly apply: () => T;
  readonly resolve: (answer: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** At most so many writes share a transaction, because it runs without a break. */
const largestBatch = 500;
const retryMilliseconds = 5;

/**
 * Lets all writes of one turn of the event loop share one commit, hence one wait for the disk.
 *
 * @param sweep - tidies up inside each transaction, before the writes; it may fail without harm to them
 * @param lockTtl - how many seconds to wait, without blocking, for a database that another process has locked
 */
export function groupCommit(
  database: SqliteDatabase,
  sweep: (writes: number) => unknown,
  lockTtl: number,
): GroupCommit {
  const queue: Write<boolean>[] = [];
  let committing: Promise<void> | undefined;

  function commitBatch(): void {
    database.exec('BEGIN IMMEDIATE');
    const batch = queue.splice(0, largestBatch);
    try {
      attempt({ apply: () => sweep(batch.length), resolve: ignore, reject: ignore });
      const settlements = batch.map(attempt);
      database.exec('COMMIT');
      for (const settle of settlements) settle();
    } catch (error) {
      for (const write of batch) write.reject(error);
      if (database.inTransaction) database.exec('ROLLBACK');
    }
  }

  /** Runs one write, whose failure is its own affair unless SQLite gave up the whole transaction (a full disk). */
  function attempt<T>({ apply, resolve, reject }: Write<T>): () => void {
    try {
      const answer = apply();
      return () => resolve(answer);
    } catch (error) {
      if (!database.inTransaction) throw error;
      return () => reject(error);
    }
  }

  async function commitQueue(): Promise<void> {
    while (queue.length > 0) {
      await nextTurn();
      try {
        await whenUnlocked(commitBatch);
      } catch (error) {
        for (const write of queue.splice(0)) write.reject(error);
      }
    }
    committing = undefined;
  }

  async function whenUnlocked<T>(run: () => T): Promise<T> {
    for (let left = lockTtl * 1000; ; left -= retryMilliseconds) {
      try {
        return run();
      } catch (error) {
        if (!isBusy(error) || left <= 0) throw error;
      }
      await pause(retryMilliseconds);
    }
  }

  return {
    write: (apply, committed = ignore) =>
      new Promise((settle, reject) => {
        const resolve = (answer: boolean) => {
          committed(answer);
          settle(answer);
        };
        queue.push({ apply, resolve, reject });
        committing ??= commitQueue();
      }),
    read: whenUnlocked,
    settled: async () => committing,
  };
}

function ignore(): void {
  // What nobody waits for has nobody to tell.
}
