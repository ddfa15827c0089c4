import { afterEach, describe, expect, it, vi } from 'vitest';
import { storeContract } from '../../src/storage/contract.js';
import { guarded } from '../../src/storage/guarded.js';
import { memoryStore } from '../../src/storage/memory.js';
import type { Store } from '../../src/storage/store.js';
import { faultyStore } from '../faults/faulty-store.js';

afterEach(() => vi.useRealTimers());

const key = { partition: 'somebody', id: 'record' };
const options = { version: 'a', expiresAt: 'never' } as const;
const unavailable = { code: 'temporarily_unavailable', status: 503 };

const verbs: [string, (store: Store) => Promise<unknown>][] = [
  ['get', (store) => store.get(key)],
  ['set', (store) => store.set(key, 'value', options)],
  ['delete', (store) => store.delete(key)],
  ['list', (store) => store.list('somebody')],
];

describe('a guarded store', () => {
  for (const { name, run } of storeContract({
    open: (clock) => guarded(memoryStore({ clock })),
    isolated: true,
  })) {
    it(name, run);
  }

  it.each(verbs)(
    'makes a rejected %s the error that asks to try again, and keeps the cause for the log',
    async (_, act) => {
      const store = faultyStore(memoryStore({ clock: () => 1000 }));
      store.failAlways('throw before');
      const thrown = await act(guarded(store)).catch((error: unknown) => error);
      expect(thrown).toMatchObject(unavailable);
      expect((thrown as Error).message).not.toContain('canary');
      expect((thrown as Error).cause).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') as string });
      store.heal();
      await act(guarded(store));
    },
  );

  it.each(verbs)('treats a %s that throws at once like one that rejects', async (_, act) => {
    const thrower = () => {
      throw new Error('not connected');
    };
    const store: Store = { get: thrower, set: thrower, delete: thrower, list: thrower, close: () => Promise.resolve() };
    await expect(act(guarded(store))).rejects.toMatchObject(unavailable);
  });

  it.each(verbs)('waits eight seconds for a %s that never answers, and no longer', async (_, act) => {
    vi.useFakeTimers();
    const store = faultyStore(memoryStore({ clock: () => 1000 }));
    store.failAlways('hang');
    let outcome: unknown = 'waiting';
    act(guarded(store)).catch((error: unknown) => (outcome = error));
    await vi.advanceTimersByTimeAsync(7999);
    expect(outcome).toBe('waiting');
    await vi.advanceTimersByTimeAsync(1);
    expect(outcome).toMatchObject(unavailable);
  });

  it('can be told how long to wait', async () => {
    vi.useFakeTimers();
    const store = faultyStore(memoryStore({ clock: () => 1000 }));
    store.failAlways('hang');
    const refused = expect(guarded(store, 2).get(key)).rejects.toMatchObject(unavailable);
    await vi.advanceTimersByTimeAsync(2000);
    await refused;
  });

  it('leaves no timer behind, neither after an answer nor after a fault', async () => {
    vi.useFakeTimers();
    const store = faultyStore(memoryStore({ clock: () => 1000 }));
    await guarded(store).get(key);
    store.failAlways('throw before');
    await guarded(store)
      .get(key)
      .catch(() => undefined);
    expect(vi.getTimerCount()).toBe(0);
  });
});
