import { AuthError } from '../protocol/auth-error.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { Sealing } from '../keys/sealing.js';
import type { Key, Store, Version } from '../storage/store.js';
import { writeOnce } from '../storage/write-once.js';
import type { UpstreamSession } from './session.js';

/** What is kept for a grant. All instants are epoch seconds. */
export interface VaultRecord {
  readonly session: UpstreamSession;
  /** When the record goes; told with it, since whoever writes it has to say so again. */
  readonly keptUntil: number;
  /** There while somebody renews the tokens: nobody else may present this refresh token meanwhile. */
  readonly lease?: { readonly id: string; readonly at: number } | undefined;
  /** There once a renewal has failed, for a short pause. */
  readonly failedAt?: number;
  /** The tokens are new, and it was not asked yet whose they are: nobody gets them before. */
  readonly isUnchecked?: boolean | undefined;
}

/** A record that nobody is at work on. */
export function atRest({ session, keptUntil, isUnchecked }: VaultRecord): VaultRecord {
  return { session, keptUntil, isUnchecked };
}

/** A record as it was read. */
export interface Held {
  readonly record: VaultRecord;
  readonly version: Version;
}

/** Keeps the upstream tokens of grants. They never reach an MCP client. */
export interface Vault {
  /** Puts the tokens of a new grant away. */
  put(key: Key, session: UpstreamSession, keptUntil: number): Promise<void>;
  /** Lets a record live longer; one that is gone stays gone. */
  extend(key: Key, keptUntil: number): Promise<void>;
  /** Reads a record; one that cannot be opened is absent. */
  read(key: Key): Promise<Held | undefined>;
  /** Writes over exactly what was read; undefined when somebody else was faster. */
  replace(key: Key, held: Held, next: VaultRecord): Promise<Held | undefined>;
  /** Changes a record, whatever it has become since it was read, for as long as `isOurs` finds nothing against it. */
  change(
    key: Key,
    held: Held,
    isOurs: (current: VaultRecord) => boolean,
    next: (current: VaultRecord) => VaultRecord,
  ): Promise<Held | 'gone' | 'overtaken'>;
  /** Takes a record out, and answers what was in it to exactly one caller. */
  take(key: Key): Promise<UpstreamSession | undefined>;
  /** Tells whether the same user has other records than this one. */
  hasOthers(key: Key): Promise<boolean>;
}

const purpose = 'seal vault';
const maxAttempts = 10;

/**
 * Seals each record under its own key, so that no record opens in another one's place.
 *
 * When it goes stands before the seal, as `until:seal`: to keep a record longer takes no look into it.
 */
export function createVault(store: Store, sealing: Sealing, randomness: Randomness): Vault {
  const context = ({ partition, id }: Key) => `${partition}/${id}`;

  function seal(key: Key, { keptUntil, ...record }: VaultRecord): string {
    return labelled(keptUntil, sealing.seal(purpose, context(key), JSON.stringify(record)));
  }

  function open(key: Key, value: string): VaultRecord | undefined {
    const { keptUntil, sealed } = readLabel(value);
    const text = sealing.open(purpose, context(key), sealed);
    if (text === undefined) return undefined;
    const record = JSON.parse(text) as VaultRecord;
    return keptUntil === undefined ? record : { ...record, keptUntil };
  }

  const vault: Vault = {
    async put(key, session, keptUntil) {
      const options = { version: randomText(randomness), expiresAt: keptUntil };
      await store.set(key, seal(key, { session, keptUntil }), options);
    },

    async extend(key, keptUntil) {
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const entry = await store.get(key);
        if (!entry) return; // A deletion wins.
        const { keptUntil: until = 0, sealed } = readLabel(entry.value);
        // Of many that extend at once, one writes: the others find it done, and do not get in its way.
        if (until >= keptUntil) return;
        const options = { version: randomText(randomness), expiresAt: keptUntil, expect: entry.version };
        if (await writeOnce(store, key, labelled(keptUntil, sealed), options)) return;
      }
      throw tooMany();
    },

    async read(key) {
      const entry = await store.get(key);
      const record = entry && open(key, entry.value);
      return entry && record && { record, version: entry.version };
    },

    async replace(key, held, next) {
      const version = randomText(randomness);
      const options = { version, expiresAt: next.keptUntil, expect: held.version };
      const written = await writeOnce(store, key, seal(key, next), options);
      return written ? { record: next, version } : undefined;
    },

    async change(key, held, isOurs, next) {
      let found: Held | undefined = held;
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const written = await vault.replace(key, found, next(found.record));
        if (written) return written;
        found = await vault.read(key);
        if (!found) return 'gone';
        if (!isOurs(found.record)) return 'overtaken';
      }
      throw tooMany();
    },

    async take(key) {
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const entry = await store.get(key);
        if (!entry) return undefined;
        if (await store.delete(key, { expect: entry.version })) return open(key, entry.value)?.session;
      }
      throw tooMany();
    },

    async hasOthers({ partition, id }) {
      const kind = id.slice(0, id.indexOf('.') + 1);
      const listed = await store.list(partition, { after: kind, limit: 2 });
      return listed.some((each) => each.id.startsWith(kind) && each.id !== id);
    },
  };
  return vault;
}

function labelled(keptUntil: number, sealed: string): string {
  return `${keptUntil}:${sealed}`;
}

/** A record that was written before there were labels says by itself when it goes. */
function readLabel(value: string): { readonly keptUntil?: number; readonly sealed: string } {
  const colon = value.indexOf(':');
  return colon < 0 ? { sealed: value } : { keptUntil: Number(value.slice(0, colon)), sealed: value.slice(colon + 1) };
}

function tooMany(): AuthError {
  return new AuthError('temporarily_unavailable', 'The upstream tokens are being changed by too many at once.');
}
