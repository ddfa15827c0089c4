/** A map that forgets its oldest entry when it is full: for what can be worked out again. */
export class BoundedMap<K, V> {
  /** How many entries it holds at most. */
  readonly limit: number;
  readonly #entries = new Map<K, V>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** How many entries it holds. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  set(key: K, value: V): void {
    if (this.#entries.size >= this.limit && !this.#entries.has(key)) {
      const [oldest] = this.#entries.keys();
      this.#entries.delete(oldest as K);
    }
    this.#entries.set(key, value);
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }
}
