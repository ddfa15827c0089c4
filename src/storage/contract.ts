import assert from 'node:assert/strict';
import { expectationCases } from './contract/expectations.js';
import { expiryCases } from './contract/expiry.js';
import { listingCases } from './contract/listing.js';
import { raceCases } from './contract/races.js';
import { scanningCases } from './contract/scanning.js';
import { withScene, type SceneCases, type StoreHarness } from './contract/scene.js';
import { valueCases } from './contract/values.js';

export type { StoreHarness } from './contract/scene.js';

/** One promise of the contract, and its proof. */
export interface ContractCase {
  /** What is proven, as the end of a sentence that begins with "it". */
  readonly name: string;
  /** Rejects with an assertion error when the store breaks the promise. */
  readonly run: () => Promise<void>;
}

const closingCases: SceneCases = {
  'rejects every call once it is closed': async ({ store, partition, key, put, version }) => {
    await put(key());
    await store.close();
    await assert.rejects(store.get(key()));
    await assert.rejects(store.set(key(), 'value', { version: version(), expiresAt: 'never' }));
    await assert.rejects(store.delete(key()));
    await assert.rejects(store.list(partition));
  },

  'can be closed twice': async ({ store }) => {
    await store.close();
    await store.close();
  },
};

/**
 * The promises that every `Store` keeps, as cases for any test runner.
 *
 * Each case works in a partition of its own, so the data need not be empty. Run them one after the other: they move
 * their clocks, and a store may tidy up what another case takes for alive.
 *
 * @example
 * ```ts
 * for (const { name, run } of storeContract({ open: (clock) => myStore({ url, clock }) })) it(name, run);
 * ```
 */
export function storeContract(harness: StoreHarness): ContractCase[] {
  const cases = {
    ...valueCases,
    ...expectationCases,
    ...expiryCases,
    ...listingCases,
    ...scanningCases,
    ...raceCases,
    ...closingCases,
  };
  return Object.entries(cases).map(([name, play]) => ({ name, run: () => withScene(harness, play) }));
}
