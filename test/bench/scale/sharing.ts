import type { InstantProvider } from '../instant-provider.js';
import type { Cost } from '../measure.js';
import { measureAgreement, type Agreement } from './agreement.js';
import { watchDatabase, type DatabaseCpu } from './database-cpu.js';
import { deploy, type Deployment } from './deployment.js';
import { oursWith } from './growth.js';
import { about, count, median, table } from './markdown.js';
import { tell } from './progress.js';

/** How much is measured. */
export interface SharingAmounts {
  /** Grants that are used: more than our process remembers. */
  readonly used: number;
  /** How often one and two processes are started in turn. */
  readonly rounds: number;
  /** Sign-ins with every request at another process. */
  readonly walks: number;
}

/** What is measured. */
export const sharedWorks = ['refresh', 'code exchange', 'call, token new', 'call, token known', 'sign-in'] as const;

/** What a work cost our processes, and the database server. */
export interface SharedCost extends Cost {
  /** Microseconds of the database server's CPU time per operation. */
  readonly database: number;
}

type SharedWork = (typeof sharedWorks)[number];
type SharedCosts = Readonly<Record<SharedWork, SharedCost>>;

/** One store with one process on it, and with two. */
export interface Sharing {
  readonly store: 'redis' | 'postgres';
  readonly one: SharedCosts;
  readonly two: SharedCosts;
  readonly agreement: Agreement;
}

const calledAgain = 500;

/** Measures one process and two processes on one store, several times in turn. */
export async function measureSharing(
  store: 'redis' | 'postgres',
  provider: InstantProvider,
  amounts: SharingAmounts,
): Promise<Sharing> {
  const ones: SharedCosts[] = [];
  const twos: SharedCosts[] = [];
  let agreement: Agreement = { tried: 0, served: 0, revoked: 0 };
  for (let round = 1; round <= amounts.rounds; round++) {
    for (const [processes, costs] of [
      [1, ones],
      [2, twos],
    ] as const) {
      tell(`${store}: ${processes === 1 ? 'one process' : 'two processes'}, round ${round} of ${amounts.rounds}`);
      const deployment = await deploy(oursWith(store), provider, processes);
      const database = await watchDatabase(deployment.location);
      try {
        costs.push(await costsOf(deployment, database, amounts.used));
        if (processes === 2 && round === 1) agreement = await measureAgreement(deployment, amounts.walks);
      } finally {
        await database.close();
        await deployment.stop();
      }
    }
  }
  return { store, one: middle(ones), two: middle(twos), agreement };
}

async function costsOf(
  { servers, grow, signIn, redeem, refresh, call }: Deployment,
  database: DatabaseCpu,
  used: number,
): Promise<SharedCosts> {
  async function measured<T>(operations: number, run: () => Promise<T>, costOf: (done: T) => Cost) {
    const before = await database.used();
    const done = await run();
    return { done, cost: { ...costOf(done), database: ((await database.used()) - before) / operations } };
  }
  const plain = async (operations: number, run: () => Promise<Cost>) =>
    (await measured(operations, run, (cost) => cost)).cost;

  // Each process warms up on as much work, and what it remembers is less than what is used.
  const tokens = (await grow(used * servers.length)).slice(0, used);
  await refresh(tokens, used * servers.length);
  const few = tokens.slice(0, calledAgain);
  const signIns = Math.ceil(used / 3);
  const signedIn = await measured(
    signIns,
    () => signIn(signIns),
    ({ cost }) => cost,
  );
  const exchanged = await measured(
    signIns,
    () => redeem(signedIn.done.codes),
    ({ cost }) => cost,
  );
  const refreshed = await plain(used, () => refresh(tokens, used));
  const called = await plain(used, () => call(tokens, used));
  await call(few, used * servers.length);
  return {
    refresh: refreshed,
    'code exchange': exchanged.cost,
    'call, token new': called,
    'call, token known': await plain(4 * used, () => call(few, 4 * used)),
    'sign-in': signedIn.cost,
  };
}

/** Of each figure the median. */
function middle(all: readonly SharedCosts[]): SharedCosts {
  const of = (work: SharedWork): SharedCost => {
    const figure = (name: keyof SharedCost) => median(all.map((costs) => costs[work][name]));
    return {
      cpu: figure('cpu'),
      perSecond: figure('perSecond'),
      p50: figure('p50'),
      p99: figure('p99'),
      database: figure('database'),
    };
  };
  return Object.fromEntries(sharedWorks.map((work) => [work, of(work)])) as Record<SharedWork, SharedCost>;
}

/** Throughput and CPU time of one process beside those of two. */
export function sharingTable({ one, two }: Sharing): string {
  const rows = sharedWorks.map((work) => [
    work,
    count(one[work].perSecond),
    count(two[work].perSecond),
    count(one[work].cpu),
    count(two[work].cpu),
    `${count(two[work].cpu / one[work].cpu, 2)}×`,
  ]);
  return table(
    ['', 'one: per second', 'two: per second', 'one: µs', 'two: µs (sum of both)', 'CPU time of two to one'],
    rows,
  );
}

/** CPU time of the database server, and what one core of it could carry. */
export function databaseTable(sharings: readonly Sharing[]): string {
  const names = { redis: 'Redis', postgres: 'PostgreSQL' };
  const rows = sharedWorks.map((work) => [
    work,
    ...sharings.flatMap(({ one }) => [
      count(one[work].database),
      Number.isFinite(one[work].database) ? about(1e6 / one[work].database) : '–',
    ]),
  ]);
  return table(
    ['', ...sharings.flatMap(({ store }) => [`${names[store]}: µs`, `${names[store]}: per second and core`])],
    rows,
  );
}
