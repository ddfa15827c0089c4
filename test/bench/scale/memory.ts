import { setTimeout as pause } from 'node:timers/promises';
import type { ContenderProcess, Usage } from '../contender-process.js';
import { contenders, type Contender } from '../contenders.js';
import type { InstantProvider } from '../instant-provider.js';
import { deploy } from './deployment.js';
import { count, megabytes, table } from './markdown.js';
import { tell } from './progress.js';

/** How much is made in our process with SQLite; with the store in memory, and of each peer, it is a tenth. */
export interface MemoryAmounts {
  readonly registrations: number;
  readonly grants: number;
}

/** What a process held, and when. */
interface Held {
  readonly after: string;
  readonly usage: Usage;
}

/** What one process held from its start on. */
export interface MemoryCourse {
  readonly name: string;
  readonly held: readonly Held[];
}

/** Enough that whatever is kept for speed, up to a limit, is there. */
const warmUp = 12_000;

/** Whose memory is looked at: ours, with SQLite and without, and that of all peers. */
export const heldBy = contenders.filter(({ kind, options, store }) =>
  kind === 'ours' ? !options && (store === 'sqlite' || store === 'memory') : kind === 'peer',
);

/** What a process holds at its start, after registrations, and after grants. */
export async function measureMemory(
  contender: Contender,
  provider: InstantProvider,
  amounts: MemoryAmounts,
): Promise<MemoryCourse> {
  const { name, works, store } = contender;
  const part = store === 'sqlite' ? 1 : 0.1;
  const [registrations, grants] = [amounts.registrations * part, amounts.grants * part];
  const deployment = await deploy(contender, provider);
  const held: Held[] = [];
  const look = async (after: string) => void held.push({ after, usage: await settled(deployment.server) });
  try {
    await look('start');
    if (works.includes('registration')) {
      tell(`${name}: ${count(registrations)} registrations`);
      await deployment.register(registrations);
      await look(`${count(registrations)} registrations`);
    }
    for (const [from, until] of stagesTo(grants)) {
      await deployment.grow(until - from, (made) => tell(`${name}: ${count(from + made)} of ${count(grants)} grants`));
      await look(`${count(until)} grants`);
    }
  } finally {
    await deployment.stop();
  }
  return { name, held };
}

/** With a look on the way, where there is a way to speak of. */
function stagesTo(grants: number): [number, number][] {
  if (grants < 2 * warmUp) return [[0, grants]];
  return [
    [0, warmUp],
    [warmUp, grants],
  ];
}

/** After what was under way is over, and garbage has been collected more than once. */
async function settled(server: ContenderProcess): Promise<Usage> {
  let usage = await server.settled();
  for (let again = 0; again < 3; again++) {
    await pause(500);
    usage = await server.settled();
  }
  return usage;
}

/** A table with what each held, and what that is above the start. */
export function memoryTable(courses: readonly MemoryCourse[]): string {
  const rows = courses.flatMap(({ name, held }) =>
    held.map(({ after, usage }, index) => {
      const start = held[0]?.usage ?? usage;
      const above = (bytes: number) => (index === 0 ? '' : `${bytes < 0 ? '−' : '+'}${megabytes(Math.abs(bytes))}`);
      return [
        index === 0 ? name : '',
        after,
        megabytes(usage.heapUsed),
        above(usage.heapUsed - start.heapUsed),
        megabytes(usage.rss),
        above(usage.rss - start.rss),
      ];
    }),
  );
  return table(['', 'after', 'heap (MB)', 'above start', 'RSS (MB)', 'above start'], rows);
}
