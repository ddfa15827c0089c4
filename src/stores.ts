import { memoryStore as memory } from './storage/memory.js';
import { sqliteStore as sqlite, type SqliteStoreOptions as SqliteOptions } from './storage/sqlite.js';
import type { Clock } from './storage/clock.js';
import type { Store } from './storage/store.js';
import { systemClock } from './system.js';

/** Settings of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Tells the time in epoch seconds. @defaultValue the system's clock */
  readonly clock?: Clock | undefined;
}

/** Settings of {@link sqliteStore}: a path, or an open handle of `libsql` or `better-sqlite3`. */
export type SqliteStoreOptions = WithOptionalClock<SqliteOptions>;

type WithOptionalClock<T> = T extends { clock: Clock } ? Omit<T, 'clock'> & MemoryStoreOptions : never;

/** Keeps records in the memory of this process: for tests and trials, since a restart signs everybody out. */
export function memoryStore({ clock = systemClock }: MemoryStoreOptions = {}): Store {
  return memory({ clock });
}

/**
 * Keeps records in one SQLite file, which the processes of one machine may share. What was acknowledged is on disk.
 *
 * @throws {Error} when the file cannot be opened, or was written by a newer version of this package
 */
export function sqliteStore({ clock = systemClock, ...location }: SqliteStoreOptions): Store {
  return sqlite({ ...location, clock });
}
