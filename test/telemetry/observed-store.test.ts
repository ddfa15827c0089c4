import { describe, expect, it } from 'vitest';
import { observedStore } from '../../src/observed.js';
import { storeContract } from '../../src/storage/contract.js';
import { memoryStore } from '../../src/storage/memory.js';

describe('an observed store', () => {
  const telemetry = {
    isHeard: () => true,
    observe: (_: unknown, act: () => unknown) => act(),
    count: () => undefined,
  } as never;
  for (const { name, run } of storeContract({
    open: (clock) => observedStore(memoryStore({ clock }), telemetry),
    isolated: true,
  })) {
    it(name, run);
  }

  it('can be read as a whole where the store can', async () => {
    const store = observedStore(memoryStore({ clock: () => 1000 }), telemetry);
    await store.set({ partition: 'p', id: 'i' }, 'value', { version: 'a', expiresAt: 'never' });
    expect((await store.scan?.())?.entries).toHaveLength(1);
  });
});
