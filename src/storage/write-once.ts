import type { Key, SetOptions, Store } from './store.js';

/**
 * Writes one record, and tells whether this very write is what the store now holds.
 *
 * A failed expectation says nothing by itself: a client library that resends after a reconnect meets its own write. Nor
 * does an answer that was lost. The version is the writer's own, so one look tells.
 *
 * @throws what the store throws, when it does not hold the write
 */
export async function writeOnce(store: Store, key: Key, value: string, options: SetOptions): Promise<boolean> {
  const isHeld = async () => (await store.get(key))?.version === options.version;
  try {
    return (await store.set(key, value, options)) || (await isHeld());
  } catch (fault) {
    if (await isHeld()) return true;
    throw fault;
  }
}
