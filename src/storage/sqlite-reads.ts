import { BoundedMap } from './bounded-map.js';
import type { SqliteDatabase } from './sqlite-database.js';
import type { Entry, Key } from './store.js';

/** A record as it is in the file. */
export interface Found extends Entry {
  /** Epoch seconds; null for what never expires. */
  readonly expiresAt: number | null;
}

/** Reads one record that has not expired at `now`. */
export type FindRecord = (key: Key, now: number) => Found | undefined;

/** Reads of single records, of which the last ones are kept. */
export interface RecentReads {
  readonly find: FindRecord;
  /** To be told of a record before this connection writes it: a commit that fails may have happened all the same. */
  forget(key: Key): void;
  /** To be told what this connection wrote, as soon as that is committed: before anything else can be read. */
  keep(key: Key, written: Found): void;
}

/** Some four megabytes. */
const maxKept = 2000;

/**
 * Keeps what was read and written last for as long as nobody else has written to the file, which SQLite tells for a quarter of what
 * it takes to read a record again. Every request to an MCP server asks for one.
 *
 * `data_version` changes with each commit of another connection, and with none of its own, of which {@link
 * RecentReads.forget} hears. Nothing may write over this connection that does not tell.
 */
export function recentReads(database: SqliteDatabase, read: FindRecord): RecentReads {
  const dataVersion = database.prepare('PRAGMA data_version');
  let kept = new BoundedMap<string, Found>(maxKept);
  let seen: unknown;

  return {
    find(key, now) {
      // Asked before anything is read: what somebody writes in between is noticed by the next one who asks.
      const { data_version: current } = dataVersion.get({}) as { readonly data_version: unknown };
      if (current !== seen) [kept, seen] = [new BoundedMap(maxKept), current];
      const name = nameOf(key);
      const known = kept.get(name);
      if (known) return known.expiresAt === null || known.expiresAt > now ? known : undefined;
      const found = read(key, now);
      if (found) kept.set(name, found);
      return found;
    },

    forget: (key) => kept.delete(nameOf(key)),

    keep: (key, written) => kept.set(nameOf(key), written),
  };
}

/** Keys are printable, so that a line break is in none. */
function nameOf({ partition, id }: Key): string {
  return `${partition}\n${id}`;
}
