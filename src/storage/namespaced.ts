import { canScan } from './scanning.js';
import type { Key, ScanOptions, Store } from './store.js';

/**
 * A store whose records no other namespace of the same store can see, so that two issuers can share one database.
 *
 * Its `close()` closes the inner store, and so all namespaces of it.
 */
export function namespaced(store: Store, namespace: string): Store {
  // Encoded, a namespace holds no slash: whatever the two parts contain, no two pairs make the same partition.
  const prefix = `${encodeURIComponent(namespace)}/`;
  const inside = ({ partition, id }: Key): Key => ({ partition: prefix + partition, id });
  return {
    get: (key) => store.get(inside(key)),
    set: (key, value, options) => store.set(inside(key), value, options),
    delete: (key, options) => store.delete(inside(key), options),
    list: (partition, options) => store.list(prefix + partition, options),
    ...(canScan(store) && {
      async scan(options: ScanOptions | undefined) {
        const portion = await store.scan(options);
        const mine = portion.entries.filter(({ partition }) => partition.startsWith(prefix));
        const entries = mine.map((entry) => ({ ...entry, partition: entry.partition.slice(prefix.length) }));
        return { ...portion, entries };
      },
    }),
    close: () => store.close(),
  };
}
