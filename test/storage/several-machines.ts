import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Clock } from '../../src/storage/clock.js';
import type { ContractCase } from '../../src/storage/contract.js';
import { guarded } from '../../src/storage/guarded.js';
import type { Key, Store } from '../../src/storage/store.js';
import type { StallingProxy } from '../support/stalling-proxy.js';

/** What a store promises beside the contract when several machines use it, whose clocks differ. */
export function severalMachinesCases(open: (clock: Clock) => Store): ContractCase[] {
  const begin = Date.now() / 1000;
  const late = (seconds: number) => () => begin + seconds;

  return [
    {
      name: 'lets a machine whose clock is ahead take nothing from the others',
      async run() {
        const [here, ahead] = [open(late(0)), open(late(45))];
        const partition = randomUUID();
        const key = { partition, id: 'record' };
        await here.set(key, 'value', { version: 'v', expiresAt: begin + 30 });
        expect(await ahead.get(key)).toBeUndefined();
        expect(await ahead.list(partition)).toEqual([]);
        expect(await ahead.delete(key)).toBe(false);
        for (let write = 0; write < 110; write++) {
          await ahead.set({ partition, id: 'other' }, '', { version: 'w', expiresAt: 'never' });
        }
        expect((await here.get(key))?.value).toBe('value');
        expect((await here.list(partition)).map(({ id }) => id)).toEqual(['other', 'record']);
        await ahead.close();
      },
    },
    {
      name: 'keeps a record for its time when the clock of the writer is behind by years',
      async run() {
        const store = open(() => 1000);
        const key = { partition: randomUUID(), id: 'record' };
        await store.set(key, 'value', { version: 'v', expiresAt: 1060 });
        expect((await store.get(key))?.value).toBe('value');
        expect(await store.list(key.partition)).toHaveLength(1);
      },
    },
  ];
}

/** Two ways to the same records, of which one can be held back. */
export interface LateWriteHarness {
  readonly open: (clock: Clock) => Store;
  readonly openStalling: (
    clock: Clock,
  ) => Promise<{ readonly store: Store; readonly proxy: StallingProxy; readonly close: () => Promise<void> }>;
}

/** A write that reaches the server after its caller has given up does no harm. */
export function lateWriteCases({ open, openStalling }: LateWriteHarness): ContractCase[] {
  async function giveUpThenLand(
    change: (store: Store, key: Key) => Promise<boolean>,
    meanwhile: (store: Store, key: Key) => Promise<unknown>,
  ) {
    const clock = () => Date.now() / 1000;
    const prompt = open(clock);
    const { store: slow, proxy, close } = await openStalling(clock);
    const key = { partition: randomUUID(), id: 'record' };
    await prompt.set(key, 'first', { version: 'first', expiresAt: 'never' });
    await slow.get(key);
    let landing: Promise<boolean> | undefined;
    proxy.stall();
    const impatient = guarded(
      {
        ...slow,
        set: (...write) => (landing = slow.set(...write)),
        delete: (...removal) => (landing = slow.delete(...removal)),
      },
      0.05,
    );
    await expect(change(impatient, key)).rejects.toMatchObject({ code: 'temporarily_unavailable', status: 503 });
    await meanwhile(prompt, key);
    proxy.release();
    const landed = await landing;
    const found = await prompt.get(key);
    await slow.close();
    await close();
    return { landed, found };
  }

  const compareAndSet = (store: Store, key: Key) =>
    store.set(key, 'late', { version: 'late', expiresAt: 'never', expect: 'first' });

  return [
    {
      name: 'lets a write that comes too late change nothing when somebody has gone on',
      async run() {
        const { landed, found } = await giveUpThenLand(compareAndSet, (store, key) =>
          store.set(key, 'second', { version: 'second', expiresAt: 'never', expect: 'first' }),
        );
        expect(landed).toBe(false);
        expect(found).toEqual({ value: 'second', version: 'second' });
      },
    },
    {
      name: 'lets a write that comes too late bring back nothing that was removed',
      async run() {
        const { landed, found } = await giveUpThenLand(compareAndSet, (store, key) => store.delete(key));
        expect(landed).toBe(false);
        expect(found).toBeUndefined();
      },
    },
    {
      name: 'lets a removal that comes too late remove nothing that was written since',
      async run() {
        const { landed, found } = await giveUpThenLand(
          (store, key) => store.delete(key, { expect: 'first' }),
          (store, key) => store.set(key, 'second', { version: 'second', expiresAt: 'never', expect: 'first' }),
        );
        expect(landed).toBe(false);
        expect(found?.value).toBe('second');
      },
    },
    {
      name: 'lets a write that nobody has overtaken land whole, under the version that its writer will know',
      async run() {
        const { landed, found } = await giveUpThenLand(compareAndSet, () => Promise.resolve());
        expect(landed).toBe(true);
        expect(found).toEqual({ value: 'late', version: 'late' });
      },
    },
  ];
}
