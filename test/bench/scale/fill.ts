import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { openStore } from '../../../src/open-store.js';
import { sqliteStore } from '../../../src/storage/sqlite.js';
import { closeFile, type SqliteDatabase } from '../../../src/storage/sqlite-database.js';
import type { Scanned, Store } from '../../../src/storage/store.js';

/** What one grant leaves in the store: its record, and that of the provider's tokens. */
export type Sample = readonly Scanned[];

const clock = () => Date.now() / 1000;
const day = 24 * 3600;

/** So many are written at once: what SQLite puts in one transaction. */
const atOnce = 500;

/** Finds the records of some grant that was redeemed, in the store that a server writes to. */
export async function sampleOf(location: string): Promise<Sample> {
  return using(openStore(location, clock), async (store) => {
    for (let after: string | undefined; ;) {
      const portion = await store.scan?.({ after, limit: 1000 });
      const found = portion?.entries.find(({ id, value }) => id.startsWith('grant.') && value.includes('"redeemedAt"'));
      if (found) {
        const { partition } = found;
        return (await store.list(partition)).map((listed) => ({ partition, ...listed }));
      }
      after = portion?.after;
      if (after === undefined) throw new Error('There is no grant in the store.');
    }
  });
}

/**
 * Writes grants of other users, through the contract of stores: records of the same kinds, with keys of the same shape and
 * values of the same size as those of the sample. Whatever is random in these is random anew in each.
 */
export async function fill(
  location: string,
  sample: Sample,
  grants: number,
  progress: (made: number) => void,
): Promise<void> {
  await using(openInHaste(location), async (store) => {
    for (let made = 0; made < grants;) {
      const until = Math.min(grants, made + atOnce);
      const writes: Promise<boolean>[] = [];
      for (; made < until; made++) {
        // As if they had been refreshed last at some time of the last four weeks.
        const expiresAt = Math.ceil(clock() + day * (1 + Math.random() * 28));
        for (const { partition, id, value, version } of anew(sample)) {
          writes.push(store.set({ partition, id }, value, { version, expiresAt, expect: 'absent' }));
        }
      }
      if (!(await Promise.all(writes)).every(Boolean)) throw new Error('A filler was there before.');
      progress(made);
    }
  });
}

/** Takes out all that users left there; the keys of the server stay. */
export async function empty(location: string): Promise<void> {
  await using(openInHaste(location), async (store) => {
    for (let after: string | undefined, first = true; first || after !== undefined; first = false) {
      const portion = await store.scan?.({ after, limit: 1000 });
      const ofUsers = portion?.entries.filter(({ partition }) => !partition.endsWith('/keys')) ?? [];
      await Promise.all(ofUsers.map((entry) => store.delete(entry)));
      after = portion?.after;
    }
  });
}

/** The records of a grant with other ids, keys and ciphertexts: each random part is replaced by the same in all of them. */
function anew(sample: Sample): Sample {
  const replaced = new Map<string, string>();
  const replace = (text: string) =>
    text.replace(/[\w-]{20,}/g, (part) => {
      const other = replaced.get(part) ?? randomText(part.length);
      replaced.set(part, other);
      return other;
    });
  return sample.map(({ partition, id, value, version }) => ({
    partition: replace(partition),
    id: replace(id),
    value: replace(value),
    version: replace(version),
  }));
}

function randomText(length: number): string {
  return randomBytes(Math.ceil((length * 3) / 4))
    .toString('base64url')
    .slice(0, length);
}

async function using<T>(store: Store, use: (store: Store) => Promise<T>): Promise<T> {
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** A store with which nobody waits for the disk at each filler. */
function openInHaste(location: string): Store {
  if (location.startsWith('sqlite:')) {
    const Database = createRequire(import.meta.url)('libsql') as new (path: string) => SqliteDatabase & {
      close(): void;
    };
    const database = new Database(location.slice('sqlite:'.length));
    const store = sqliteStore({ database, clock });
    database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000; PRAGMA wal_autocheckpoint = 100000');
    async function close(): Promise<void> {
      await store.close();
      // All of it goes to the disk now: otherwise the server that is measured would wait for that.
      database.exec('PRAGMA synchronous = FULL');
      closeFile(database);
    }
    return { ...store, close };
  }
  const url = new URL(location);
  if (url.protocol.startsWith('postgres')) {
    url.searchParams.set('options', `${url.searchParams.get('options') ?? ''} -c synchronous_commit=off`);
  }
  return openStore(url.href, clock);
}
