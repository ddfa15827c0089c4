/**
 * What each operation costs the server, as a multiple of a bare `node:http` answer in the same round, for this package
 * and for its peers: `npm run bench`.
 */
import { parseArgs } from 'node:util';
import { startContender } from './contender-process.js';
import { bare, contenders, type Contender, type Work } from './contenders.js';
import { startInstantProvider } from './instant-provider.js';
import { measureDocument, measureWorks, type Cost } from './measure.js';
import { newStore } from './stores.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    grants: { type: 'string', default: '800' },
  },
});
const grants = Number(values.grants);
const amounts = { requests: 8000, grants, refreshes: 5 };
const chosen = contenders.filter(({ name }) => name.includes(values.only));
const provider = await startInstantProvider();

for (let round = 0; round < Number(values.rounds); round++) {
  const floor = await startContender(bare, { provider });
  await measureDocument(floor, '/', amounts.requests);
  for (const contender of chosen) {
    const before = await measureDocument(floor, '/', amounts.requests);
    const costs = await measureContender(contender);
    const after = await measureDocument(floor, '/', amounts.requests);
    print(contender, (before.cpu + after.cpu) / 2, costs);
  }
  await floor.stop();
}
provider.stop();

async function measureContender(contender: Contender): Promise<ReadonlyMap<Work, Cost>> {
  const store = contender.store && (await newStore(contender.store));
  const server = await startContender(contender, { provider, ...(store && { store: store.location }) });
  try {
    if (contender.kind !== 'floor') return await measureWorks(contender, server, provider, amounts);
    return new Map([['discovery', await measureDocument(server, contender.discovery, amounts.requests)]]);
  } finally {
    await server.stop();
    await store?.remove();
  }
}

function print({ name }: Contender, floor: number, costs: ReadonlyMap<Work, Cost>): void {
  console.log(`${name} (bare ${floor.toFixed(1)})`);
  for (const [work, { cpu, perSecond, p50, p99 }] of costs)
    console.log(
      `  ${work.padEnd(20)} ${(cpu / floor).toFixed(2)}x ${cpu.toFixed(0)}us ${perSecond.toFixed(0)}/s ${p50.toFixed(1)} ${p99.toFixed(1)}`,
    );
}
