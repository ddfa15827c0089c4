import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../faulty-store.js';
import type { Instances } from '../../support/instances.js';
import type { Chance } from '../../support/seeded.js';
import type { UnreliableWay } from '../../support/unreliable-way.js';

/** What can happen for a while, by name. */
export type Misfortunes = Readonly<Record<string, (chance: Chance) => Promise<void>>>;

/** What can happen on the ways to a store, to one machine or to all of them. */
export function networkMisfortunes(ways: readonly UnreliableWay[]): Misfortunes {
  const some = (chance: Chance) => (chance.next() < 0.5 ? ways : [chance.pick(ways)]);
  const during =
    (least: number, most: number, begin: (way: UnreliableWay, chance: Chance) => void) => async (chance: Chance) => {
      const affected = some(chance);
      for (const way of affected) begin(way, chance);
      await pause(chance.between(least, most));
      for (const way of affected) way.open();
    };
  return {
    'the store is stopped': during(150, 900, (way) => way.shut()),
    'the connections break': during(0, 50, (way) => way.cut()),
    'answers are lost': during(60, 600, (way) => way.loseAnswers()),
    'the store is slow': during(200, 700, (way, chance) => way.delay(chance.between(20, 150))),
    // Longer than the clients wait: what they gave up arrives when they have gone on.
    'the store answers late': during(600, 900, (way) => way.hold()),
  };
}

/** What can happen to the operations of a store, without a network too. */
export function storeMisfortunes(gatehouse: Instances): Misfortunes {
  const during = (rate: number, faults: Fault[], record?: string) => async (chance: Chance) => {
    const seed = chance.between(1, 1e9);
    await gatehouse.all({ does: 'fail', seed, rate, faults, ...(record !== undefined && { record }) });
    await pause(chance.between(300, 900));
    await gatehouse.all({ does: 'fail', seed, rate: 0, faults });
  };
  return {
    'every operation fails': during(1, ['throw before']),
    'operations fail now and then': during(0.1, ['throw before', 'late']),
    'grants are written, and it is said that they are not': during(0.4, ['throw after', 'false after'], 'grant'),
  };
}

/** What can happen to a machine: it ends between two operations of the store, and is started again. */
export function machineMisfortunes(gatehouse: Instances): Misfortunes {
  async function endOne(chance: Chance, end: (index: number) => Promise<void>): Promise<void> {
    const index = chance.between(0, gatehouse.processes.length - 1);
    const victim = gatehouse.processes[index];
    if (!victim?.isAlive()) return;
    await end(index);
    await Promise.race([victim.ended, pause(1000)]);
    if (victim.isAlive()) await victim.kill();
    await pause(chance.between(0, 200));
    await gatehouse.revive(index);
  }
  return {
    'a machine ends at an operation of the store': (chance) =>
      endOne(chance, async (index) => {
        const when = chance.pick(['before', 'after'] as const);
        await gatehouse.processes[index]
          ?.obey({ does: 'die', operation: chance.between(1, 12), when })
          .catch(() => undefined);
      }),
    'a machine ends at any moment': (chance) =>
      endOne(chance, async (index) => {
        await pause(chance.between(0, 40));
        await gatehouse.processes[index]?.kill();
      }),
  };
}

/** Lets so many things happen, one after the other; answers what it was. */
export async function letThingsHappen(misfortunes: Misfortunes, chance: Chance, count: number): Promise<string[]> {
  const happened: string[] = [];
  let names: string[] = [];
  for (let left = count; left > 0; left--) {
    // Each once before any comes again, so that a short run has seen them all.
    if (names.length === 0) names = Object.keys(misfortunes);
    const [name = ''] = names.splice(chance.between(0, names.length - 1), 1);
    happened.push(name);
    await misfortunes[name]?.(chance.fork());
    await pause(chance.between(50, 300));
  }
  return happened;
}
