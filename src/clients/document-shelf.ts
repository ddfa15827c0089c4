import { createHash } from 'node:crypto';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { Clock } from '../storage/clock.js';
import type { Key, Store } from '../storage/store.js';
import { createAllowance } from './allowance.js';
import type { FetchedDocument } from './guarded-fetch.js';

/** A metadata document as it was fetched, with for how long it counts. */
export interface Copy {
  readonly document: unknown;
  /** Epoch seconds. */
  readonly fetchedAt: number;
  /** Seconds for which nobody has to be asked. */
  readonly freshTtl: number;
  /** Seconds for which it serves while its origin fails. */
  readonly usableTtl: number;
}

/** The copies that outlive this process and serve the other ones. It never fails: what it cannot do is left undone. */
export interface DocumentShelf {
  /** Decides for how long a document counts. */
  copyOf(fetched: FetchedDocument): Copy;
  read(url: string): Promise<Copy | undefined>;
  /** Keeps a copy, where its origin permits that and there is room. */
  keep(url: string, copy: Copy, mayBeKept: boolean): Promise<void>;
  drop(url: string): Promise<void>;
}

const day = 24 * 3600;
/** draft-ietf-oauth-client-id-metadata-document-01 §4.4 lets the server set bounds. */
const minFreshTtl = 60;
const maxFreshTtl = day;
const defaultFreshTtl = 3600;
/** How much longer a copy serves when its origin is away. */
const staleTtl = 7 * day;
/** Whoever can serve valid documents can have them written: at most some hundred megabytes, however long they try. */
const writes = { burst: 60, perMinute: 10 };

/** Keeps copies in the store. They are public, and read through the same checks as a new document. */
export function createDocumentShelf({
  store,
  clock,
  randomness,
}: {
  readonly store: Store;
  readonly clock: Clock;
  readonly randomness: Randomness;
}): DocumentShelf {
  const mayWrite = createAllowance(writes, clock);

  return {
    copyOf({ document, freshTtl: stated = defaultFreshTtl, mayBeKept }) {
      const freshTtl = Math.min(Math.max(stated, minFreshTtl), maxFreshTtl);
      // RFC 9111 §5.2.2.5: what must not be stored is not kept beyond the moment.
      return { document, fetchedAt: clock(), freshTtl, usableTtl: mayBeKept ? freshTtl + staleTtl : freshTtl };
    },

    async read(url) {
      try {
        const entry = await store.get(keyOf(url));
        return entry && readCopy(entry.value);
      } catch {
        // The document can be fetched without a store.
        return undefined;
      }
    },

    async keep(url, copy, mayBeKept) {
      if (!mayBeKept || !mayWrite()) return;
      const expiresAt = Math.ceil(copy.fetchedAt + copy.usableTtl);
      await leavingFaults(() =>
        store.set(keyOf(url), JSON.stringify(copy), { version: randomText(randomness), expiresAt }),
      );
    },

    drop: (url) => leavingFaults(() => store.delete(keyOf(url))),
  };
}

function keyOf(url: string): Key {
  const digest = createHash('sha256').update(url).digest('base64url');
  return { partition: 'metadata-document', id: `document.${digest}` };
}

async function leavingFaults(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch {
    // Another fetch, later, makes up for it.
  }
}

function readCopy(text: string): Copy | undefined {
  const value = JSON.parse(text) as Partial<Copy> | null;
  const { document, fetchedAt, freshTtl, usableTtl } = value ?? {};
  if (typeof fetchedAt !== 'number' || typeof freshTtl !== 'number' || typeof usableTtl !== 'number') return undefined;
  return { document, fetchedAt, freshTtl, usableTtl };
}
