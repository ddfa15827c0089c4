import { wrongSecret } from '../keys/installation-key.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { Sealing } from '../keys/sealing.js';
import { AuthError } from '../protocol/auth-error.js';
import type { Store } from '../storage/store.js';
import { writeOnce } from '../storage/write-once.js';
import { emptyDocument, parseDocument, serializeDocument, type RegistryDocument } from './registry-document.js';

/** A document as it was read; without a version where nobody has written one. */
export interface LoadedDocument {
  readonly document: RegistryDocument;
  readonly version: string | undefined;
}

/** What an edit makes of a document: the next one, or none where nothing is to change, and what to answer then. */
export interface Edit<T> {
  readonly next?: RegistryDocument;
  readonly result: T;
}

/** The one record in which operators' words are kept. */
export interface RegistryRecord {
  /** Reads it; answers `known` itself where it has not changed. */
  load(known?: LoadedDocument): Promise<LoadedDocument>;
  /**
   * Writes what `edit` makes of the document over exactly what was read. When somebody else was faster, `edit` is asked
   * again; so what it does has to bear repetition.
   *
   * @throws {AuthError} temporarily_unavailable when the store is away, or others are always faster; and what `edit` throws
   */
  change<T>(edit: (document: RegistryDocument) => Edit<T>): Promise<LoadedDocument & { readonly result: T }>;
}

const key = { partition: 'registry', id: 'document' } as const;
const purpose = 'seal registry';
/** Where many change it at once one after the other wins, and the last has to wait for all. */
const maxAttempts = 50;

/**
 * Keeps everything in one record, sealed: a change is one compare-and-set however much it touches, and nobody who can
 * write to the database can add a client, or lift a block.
 */
export function createRegistryRecord(store: Store, sealing: Sealing, randomness: Randomness): RegistryRecord {
  function write(document: RegistryDocument, version: string, expect: string): Promise<boolean> {
    const sealed = sealing.seal(purpose, key.id, serializeDocument(document));
    return writeOnce(store, key, sealed, { version, expiresAt: 'never', expect });
  }

  function open(sealed: string): RegistryDocument {
    const text = sealing.open(purpose, key.id, sealed);
    if (text === undefined) throw wrongSecret();
    const document = parseDocument(text);
    if (document) return document;
    throw new AuthError('temporarily_unavailable', 'The server is not ready.', {
      cause: new AuthError(
        'server_error',
        'The registry in the store was written by a later version of mcp-gatehouse.',
      ),
    });
  }

  async function load(known?: LoadedDocument): Promise<LoadedDocument> {
    const entry = await store.get(key);
    if (known && known.version === entry?.version) return known;
    if (!entry) return { document: emptyDocument, version: undefined };
    const document = open(entry.value);
    if (sealing.isCurrent(entry.value)) return { document, version: entry.version };
    // Sealed anew, so that the earlier secret can go. Whoever is first: the text is the same.
    const version = randomText(randomness);
    return (await write(document, version, entry.version)) ? { document, version } : load();
  }

  return {
    load,
    async change(edit) {
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const loaded = await load();
        const { next, result } = edit(loaded.document);
        if (!next) return { ...loaded, result };
        const version = randomText(randomness);
        if (await write(next, version, loaded.version ?? 'absent')) return { document: next, version, result };
      }
      throw new AuthError('temporarily_unavailable', 'The registry is being changed by too many at once.');
    },
  };
}
