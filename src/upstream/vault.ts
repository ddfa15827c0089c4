import { randomText, type Randomness } from '../keys/randomness.js';
import type { Sealing } from '../keys/sealing.js';
import type { Key, Store } from '../storage/store.js';
import type { UpstreamTokens } from './provider.js';

/** Keeps the upstream tokens of grants. They never reach an MCP client. */
export interface Vault {
  /** Puts the tokens of a new grant away. */
  put(key: Key, tokens: UpstreamTokens, expiresAt: number): Promise<void>;
  /** Lets a record live longer; one that is gone stays gone. */
  extend(key: Key, expiresAt: number): Promise<void>;
}

const purpose = 'seal vault';

/** Seals each record under its own key, so that no record opens in another one's place. */
export function createVault(store: Store, sealing: Sealing, randomness: Randomness): Vault {
  const version = () => randomText(randomness);
  const context = ({ partition, id }: Key) => `${partition}/${id}`;
  return {
    async put(key, tokens, expiresAt) {
      const sealed = sealing.seal(purpose, context(key), JSON.stringify(tokens));
      await store.set(key, sealed, { version: version(), expiresAt });
    },

    async extend(key, expiresAt) {
      const entry = await store.get(key);
      // An expectation, so that a deletion wins. Whoever changed the record meanwhile has extended it.
      if (entry) await store.set(key, entry.value, { version: version(), expiresAt, expect: entry.version });
    },
  };
}
