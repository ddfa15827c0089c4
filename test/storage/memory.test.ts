import { describe, expect, it } from 'vitest';
import { storeContract } from '../../src/storage/contract.js';
import { memoryStore } from '../../src/storage/memory.js';

describe('the store in memory', () => {
  for (const { name, run } of storeContract({ open: (clock) => memoryStore({ clock }), isolated: true })) it(name, run);

  it('keeps the contract in real time as well', async () => {
    const clock = () => Date.now() / 1000;
    const cases = storeContract({ open: () => memoryStore({ clock }), isolated: true, backendClock: clock });
    await Promise.all(cases.map(({ run }) => run()));
  });

  it('lets go of what has expired', async () => {
    let now = 1000;
    const store = memoryStore({ clock: () => now });
    for (let id = 0; id < 100; id++) {
      await store.set({ partition: `old ${id % 10}`, id: `${id}` }, '', { version: 'a', expiresAt: 1010 });
    }
    now = 1010;
    for (let id = 0; id < 60; id++) {
      await store.set({ partition: 'new', id: `${id}` }, '', { version: 'a', expiresAt: 'never' });
    }
    // Set back, the clock would show what is still there.
    now = 1000;
    for (let partition = 0; partition < 10; partition++) expect(await store.list(`old ${partition}`)).toEqual([]);
    expect(await store.list('new')).toHaveLength(60);
  });
});
