import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { startInstances, warmUp, type Instances } from '../../support/instances.js';
import { startPlainProvider } from '../../support/plain-provider.js';
import { randomFrom } from '../../support/seeded.js';
import { isWithout, newSharedStore, type SharedStore, type SharedStoreKind } from '../../support/shared-stores.js';
import { startUnreliableWay, type UnreliableWay } from '../../support/unreliable-way.js';
import { clientsOf } from './clients.js';
import { breachesOf } from './history.js';
import {
  letThingsHappen,
  machineMisfortunes,
  networkMisfortunes,
  storeMisfortunes,
  type Misfortunes,
} from './schedule.js';

/** What else can happen to one kind of store. */
export type FurtherMisfortunes = (store: SharedStore) => Misfortunes;

const { FAULT_SEED, FAULT_SEEDS = '1,2', FAULT_STEPS = '11' } = process.env;
const seeds = (FAULT_SEED ?? FAULT_SEEDS).split(',').map(Number);
const busyClients = 5;
const ports: Partial<Record<SharedStoreKind, number>> = { redis: 6379, postgres: 5432 };

/**
 * Three machines on one store, and clients that use them, while things happen to the store, the ways to it and the
 * machines; then everything is well again, and what the clients were told is held against the rules.
 *
 * `FAULT_SEED=7` repeats a run, as far as the timing of processes can be; `FAULT_SEEDS=1,2,3` and `FAULT_STEPS=100`
 * make more and longer ones.
 */
export function describeMachines(kind: SharedStoreKind, further: FurtherMisfortunes = () => ({})): void {
  describe.skipIf(isWithout[kind])(`three machines on one store (${kind}), while things happen`, () => {
    beforeAll(() => warmUp(5), 60_000);

    it.each(seeds)(
      'keep every promise (FAULT_SEED=%d)',
      async (seed) => {
        const store = await newSharedStore[kind]();
        const provider = await startPlainProvider();
        const port = ports[kind];
        const ways: UnreliableWay[] =
          port === undefined ? [] : await Promise.all([0, 1, 2].map(() => startUnreliableWay(store.location, port)));
        const gatehouse = await startInstances({
          store: { location: store.location },
          locationOf: (index) => ways[index]?.url ?? store.location,
          impatience: 400,
          plainProvider: provider.origin,
          // Whoever waits for a renewal that was cut off, which is minutes, shall still be in the grace window.
          options: { refreshGraceTtl: 600 },
        });
        try {
          const { breaches, happened, summary } = await run(gatehouse, seed, {
            ...(ways.length > 0 && networkMisfortunes(ways)),
            ...storeMisfortunes(gatehouse),
            ...machineMisfortunes(gatehouse),
            ...further(store),
          });
          console.info(`FAULT_SEED=${seed} (${kind}): ${summary}`);
          expect(provider.complaints).toEqual([]);
          expect(breaches, `FAULT_SEED=${seed}; what happened: ${happened.join(', ')}`).toEqual([]);
          expect(provider.refreshes()).toBeGreaterThan(0);
        } finally {
          for (const way of ways) await way.close();
          await gatehouse.close();
          await provider.stop();
          await store.remove();
        }
      },
      60_000 + 3000 * Number(FAULT_STEPS),
    );
  });
}

async function run(gatehouse: Instances, seed: number, misfortunes: Misfortunes) {
  const chance = randomFrom(seed);
  const clients = clientsOf(gatehouse.issuer);
  const progress = { isOver: false };
  const busy = Array.from({ length: busyClients }, () => clients.keepBusy(chance.fork(), () => progress.isOver));
  const happened = await letThingsHappen(misfortunes, chance.fork(), Number(FAULT_STEPS));
  progress.isOver = true;
  await Promise.all(busy);

  // Nobody starts anything again, nor clears anything up.
  let isWell = false;
  for (let left = 20; left > 0 && !isWell; left--) {
    isWell = await clients.isWell();
    if (!isWell) await pause(250);
  }
  const aftermath = await clients.lookBack(() => {
    // The lease of a renewal that a dead machine has begun.
    gatehouse.advance(151);
    return Promise.resolve();
  });
  const { history } = clients;
  const count = (isWanted: (status: number | 'lost') => boolean) =>
    history.filter((each) => isWanted(each.status)).length;
  return {
    happened,
    breaches: [...(isWell ? [] : ['It did not recover.']), ...breachesOf(history, aftermath)],
    summary:
      `${happened.length} misfortunes, ${history.length} requests, ${count((status) => status === 503)} to be tried again, ` +
      `${count((status) => status === 'lost')} lost, ${aftermath.length} grants`,
  };
}
