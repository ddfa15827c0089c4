import { bare } from '../contenders.js';
import { startContender } from '../contender-process.js';
import type { InstantProvider } from '../instant-provider.js';
import { newStore } from '../stores.js';
import { deploy } from './deployment.js';
import { fill, sampleOf } from './fill.js';
import { oursWith } from './growth.js';
import { count, median, table } from './markdown.js';
import { tell } from './progress.js';

/** How long starts took, in milliseconds, by who started; the first is the bare server. */
export type Starts = ReadonlyMap<string, readonly number[]>;

/** How much is measured. */
export interface StartAmounts {
  readonly starts: number;
  /** In the file that is there already. */
  readonly grants: number;
}

/** Starts the bare server, ours with a new file, and ours with a file full of grants, in turn. */
export async function measureStart(provider: InstantProvider, { starts, grants }: StartAmounts): Promise<Starts> {
  const ours = oursWith('sqlite');
  const deployment = await deploy(ours, provider);
  try {
    await deployment.grow(200);
    const sample = await sampleOf(deployment.location);
    tell(`start: a file of ${count(grants)} grants`);
    await fill(deployment.location, sample, grants - 200, () => undefined);
    await deployment.server.stop();

    const [bareTimes, newTimes, oldTimes]: [number[], number[], number[]] = [[], [], []];
    // The first round only fills the caches of the disk.
    for (let round = 0; round <= starts; round++) {
      tell(`start: round ${round} of ${starts}`);
      const fresh = await newStore('sqlite');
      for (const [times, contender, options] of [
        [bareTimes, bare, {}],
        [newTimes, ours, { store: fresh.location }],
        [oldTimes, ours, { store: deployment.location, issuer: deployment.server.issuer }],
      ] as const) {
        const server = await startContender(contender, { provider, ...options });
        if (round > 0) times.push(server.startedIn);
        await server.stop();
      }
      await fresh.remove();
    }
    return new Map([
      [bare.name, bareTimes],
      ['mcp-gatehouse, SQLite, a new file', newTimes],
      [`mcp-gatehouse, SQLite, a file of ${count(grants)} grants`, oldTimes],
    ]);
  } finally {
    await deployment.stop();
  }
}

/** The median of each, and how often the time of the bare server that is. */
export function startTable(starts: Starts): string {
  const [floor = []] = starts.values();
  const rows = [...starts].map(([name, milliseconds]) => [
    name,
    count(median(milliseconds)),
    `${count(Math.min(...milliseconds))} – ${count(Math.max(...milliseconds))}`,
    `${count(median(milliseconds) / median(floor), 2)}×`,
  ]);
  return table(['', 'ms, median', 'from – to', 'of the bare server'], rows);
}
