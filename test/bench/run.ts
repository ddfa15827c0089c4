/**
 * What each operation costs the server, as a multiple of a bare `node:http` answer just before and after, for this package
 * and for its peers: `npm run bench`, with
 *
 * - `-- --rounds 5`: more rounds than three
 * - `-- --only "gatehouse, memory"`: contenders whose name has this in it; may be given again
 * - `-- --node PATH`: another Node.js for the servers (or `BENCH_NODE`)
 * - `-- --write`: the tables go into the README, too
 */
import { parseArgs } from 'node:util';
import { isWithout } from '../support/shared-stores.js';
import { leaveServersAlone, startContender, stayAwake, type ContenderProcess } from './contender-process.js';
import { bare, contenders, type Contender, type Work } from './contenders.js';
import { installPeers } from './install-peers.js';
import { startInstantProvider } from './instant-provider.js';
import { circumstances } from './machine.js';
import {
  measureBeside,
  measureDocument,
  measureWorks,
  type Amounts,
  type Figures,
  type MeasureFloor,
} from './measure.js';
import { writeToReadme } from './readme.js';
import { resultOf, type Sample } from './results.js';
import { newStore } from './stores.js';
import { tablesOf } from './tables.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', multiple: true, default: [''] },
    node: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
if (values.node !== undefined) process.env['BENCH_NODE'] = values.node;
const rounds = Number(values.rounds);
const amounts: Amounts = { requests: 8000, warmUp: 4000, grants: 1000, refreshes: 4 };
/** How often each contender is started in a round. */
const starts = 3;

const chosen = contenders.filter(
  ({ name, store = 'memory' }) =>
    values.only.some((part) => name.includes(part)) && (store === 'memory' || !isWithout[store]),
);
installPeers();
leaveServersAlone();
const sleepAgain = stayAwake();
const provider = await startInstantProvider();
const samples = new Map<Contender, Sample[]>([bare, ...chosen].map((contender) => [contender, []]));

for (let round = 1; round <= rounds; round++) {
  const floor = await startContender(bare, { provider });
  const measureFloor = () => measureDocument(floor, bare.discovery, amounts.requests);
  await measureFloor();
  for (const contender of chosen) {
    const floorStarts: number[] = [];
    for (let start = 0; start < starts; start++) floorStarts.push(await measureStart(bare));
    const bareAnswer = { ...(await measureFloor()), ratio: 1 };
    samples.get(bare)?.push({ floorStarts, costs: new Map([['discovery', bareAnswer]]), starts: floorStarts });
    const sample = { floorStarts, ...(await measureContender(contender, measureFloor)) };
    samples.get(contender)?.push(sample);
    report(round, contender, sample);
  }
  await floor.stop();
}
sleepAgain();
provider.stop();

const results = [...samples].map(([contender, measured]) => resultOf(contender, measured));
const tables = `${circumstances(results, rounds)}\n\n${tablesOf(results)}`;
console.log(`\n${tables}`);
if (values.write) await writeToReadme(tables);

async function measureContender(contender: Contender, measureFloor: MeasureFloor) {
  const ownStarts: number[] = [];
  for (let start = 1; start < starts; start++) ownStarts.push(await measureStart(contender));
  const costs = await withContender(contender, async (server) => {
    ownStarts.push(server.startedIn);
    if (contender.kind !== 'floor') {
      return measureWorks(contender, server, provider, amountsOf(contender), measureFloor);
    }
    const answer = () => measureDocument(server, contender.discovery, amounts.requests);
    return new Map<Work, Figures>([['discovery', await measureBeside(measureFloor, answer)]]);
  });
  return { costs, starts: ownStarts };
}

function amountsOf({ share = 1 }: Contender): Amounts {
  const { requests, warmUp, grants, refreshes } = amounts;
  return { requests: requests * share, warmUp: warmUp * share, grants: grants * share, refreshes };
}

function measureStart(contender: Contender): Promise<number> {
  return withContender(contender, (server) => Promise.resolve(server.startedIn));
}

/** Starts a contender with an empty store, and leaves nothing behind. */
async function withContender<T>(contender: Contender, use: (server: ContenderProcess) => Promise<T>): Promise<T> {
  const store = contender.store && (await newStore(contender.store));
  try {
    const server = await startContender(contender, { provider, ...(store && { store: store.location }) });
    try {
      return await use(server);
    } catch (cause) {
      throw new Error(`${contender.name} failed. It wrote: ${server.log()}`, { cause });
    } finally {
      await server.stop();
    }
  } finally {
    await store?.remove();
  }
}

/** One line per contender and round, for those who wait. */
function report(round: number, { name }: Contender, { costs }: Sample): void {
  console.log(
    `round ${round}, ${name}: ${[...costs].map(([work, { ratio }]) => `${work} ${ratio.toFixed(2)}`).join(', ')}`,
  );
}
