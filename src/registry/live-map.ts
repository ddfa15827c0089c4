/** Works something out of what is current, once for as long as that stays the same. */
export function derived<S, T>(read: () => S, make: (source: S) => T): () => T {
  let made: { readonly source: S; readonly result: T } | undefined;
  return () => {
    const source = read();
    if (!made || made.source !== source) made = { source, result: make(source) };
    return made.result;
  };
}

/** A map that shows whatever map is current, for those who take one when they are made and keep it. */
export function liveMap<K, V>(current: () => ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  const live: ReadonlyMap<K, V> = {
    get size() {
      return current().size;
    },
    get: (key) => current().get(key),
    has: (key) => current().has(key),
    keys: () => current().keys(),
    values: () => current().values(),
    entries: () => current().entries(),
    [Symbol.iterator]: () => current()[Symbol.iterator](),
    forEach(visit, self) {
      current().forEach((value, key) => visit.call(self, value, key, live));
    },
  };
  return live;
}
