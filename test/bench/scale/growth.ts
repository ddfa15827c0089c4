import { startContender } from '../contender-process.js';
import { bare, contenders, type Contender } from '../contenders.js';
import type { InstantProvider } from '../instant-provider.js';
import type { Tokens } from '../journey.js';
import { inFlight, measureDocument, type Cost } from '../measure.js';
import { deploy } from './deployment.js';
import { empty, fill, sampleOf, type Sample } from './fill.js';
import { count, table } from './markdown.js';
import { tell } from './progress.js';
import { askStore, type Stored } from './stored.js';

/** How much is measured, and with how much in the store. */
export interface GrowthAmounts {
  /** How many grants are in the store, in ascending order. */
  readonly levels: readonly number[];
  /** How many of these are used, if there are so many: more than our process remembers, so that each is read anew. */
  readonly used: number;
  /** Sign-ins at each level. */
  readonly signIns: number;
}

/** What is measured at each level. */
export const growthWorks = ['refresh', 'code exchange', 'call, token new', 'call, token known', 'sign-in'] as const;

/** What each work cost with so many grants in the store. */
export interface Level {
  readonly grants: number;
  readonly stored: Stored;
  /** Microseconds that an answer of the bare server took in the same minute: how much the machine itself swayed. */
  readonly bare: number;
  readonly costs: Readonly<Record<(typeof growthWorks)[number], Cost>>;
}

/** How one store grew. */
export interface Growth {
  readonly store: 'sqlite' | 'postgres';
  readonly levels: readonly Level[];
}

/** Of those that are called again and again: a client makes several calls with one token. */
const calledAgain = 500;
const bareAnswers = 6000;

/** The contender that is this package with a store, and nothing else. */
export function oursWith(store: NonNullable<Contender['store']>): Contender {
  const found = contenders.find((each) => each.kind === 'ours' && each.store === store && !each.options);
  if (!found) throw new Error(`No contender keeps its records in ${store}.`);
  return found;
}

/** Measures the same work with more and more grants of others in the store. */
export async function measureGrowth(
  store: Growth['store'],
  provider: InstantProvider,
  { levels, used, signIns }: GrowthAmounts,
): Promise<Growth> {
  const deployment = await deploy(oursWith(store), provider);
  const floor = await startContender(bare, { provider });
  const bareAnswer = async () => (await measureDocument(floor, '/', bareAnswers)).cpu;
  const { location, signIn, redeem, refresh, call } = deployment;
  const reached: Level[] = [];
  try {
    const tokens: Tokens[] = [];
    tell(`${store}: warming up`);
    await deployment.grow(used);
    await empty(location);
    let sample: Sample | undefined;
    let grants = 0;
    for (const level of levels) {
      const more = Math.min(used, level) - tokens.length;
      tell(`${store}: ${count(more)} grants that will be used`);
      // Each is called once here: that the first use of a day is noted in the store is no part of what is measured.
      tokens.push(...(await deployment.grow(more)));
      grants += more;
      // As it is after one refresh: one that is refreshed again and again within minutes remembers more of them.
      sample ??= await sampleOf(location);
      const missing = Math.max(0, level - grants);
      await fill(location, sample, missing, (made) => {
        if (made % 20_000 === 0) tell(`${store}: ${count(grants + made)} of ${count(level)} grants`);
      });
      grants += missing;
      const stored = await askStore(location);
      tell(`${store}: measuring with ${count(grants)} grants in ${count(stored.records)} records`);
      const before = await bareAnswer();
      await refresh(tokens, tokens.length);
      const refreshed = await refresh(tokens, Math.max(tokens.length, used));
      const { codes, cost: signedIn } = await signIn(signIns);
      const { cost: exchanged } = await redeem(codes);
      grants += signIns;
      const called = await call(tokens, tokens.length);
      const few = tokens.slice(0, calledAgain);
      await call(few, few.length * 2);
      const costs = {
        refresh: refreshed,
        'code exchange': exchanged,
        'call, token new': called,
        'call, token known': await call(few, 4 * used),
        'sign-in': signedIn,
      };
      reached.push({ grants: level, stored, bare: (before + (await bareAnswer())) / 2, costs });
    }
  } finally {
    await floor.stop();
    await deployment.stop();
  }
  return { store, levels: reached };
}

/** Bytes in the store for each grant more, between the first and the last level. */
export function bytesPerGrant({ levels }: Growth): number {
  const [first, last] = [levels[0], levels.at(-1)];
  if (!first || !last || first === last) return NaN;
  return (last.stored.bytes - first.stored.bytes) / (last.grants - first.grants);
}

/** Tables of CPU time and of latencies, level by level. */
export function growthTables({ levels }: Growth): string {
  const rows = (cells: (cost: Cost) => string) =>
    levels.map(({ grants, costs }) => [count(grants), ...growthWorks.map((work) => cells(costs[work]))]);
  const header = ['grants in the store', ...growthWorks];
  const beside = levels.map(({ bare, stored }) => [
    count(bare, 1),
    count(stored.records),
    count(stored.bytes / 1024 / 1024),
  ]);
  return `CPU time of our process, in µs per operation:

${table(
  [...header, 'bare server', 'records', 'MB'],
  rows(({ cpu }) => count(cpu)).map((row, index) => [...row, ...(beside[index] ?? [])]),
)}

Milliseconds until half, and until 99 of 100, were answered, with ${inFlight} requests always in flight, so that most of it is
waiting in line:

${table(
  header,
  rows(({ p50, p99 }) => `${count(p50, 1)} / ${count(p99, 1)}`),
)}`;
}
