import { BoundedMap } from '../storage/bounded-map.js';

/** A bounded map that forgets what was not asked for longest. */
export class RecentMap<K, V> extends BoundedMap<K, V> {
  override get(key: K): V | undefined {
    const value = super.get(key);
    if (value !== undefined) {
      this.delete(key);
      this.set(key, value);
    }
    return value;
  }
}
