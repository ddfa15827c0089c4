/**
 * What grows with the number of users and what does not, in figures: `npm run bench:scale`. With `-- --write` they are put
 * into SCALE.md, with `--quick` they are small and say little, with `--only memory,start` the others are left as they are.
 */
import { inspect, parseArgs } from 'node:util';
import { installPeers } from './install-peers.js';
import { startInstantProvider } from './instant-provider.js';
import { describeSetting, partsOf, type Measured } from './scale/chapter.js';
import { stopAll } from './scale/deployment.js';
import { measureGrowth } from './scale/growth.js';
import { writeParts } from './scale/markdown.js';
import { heldBy, measureMemory } from './scale/memory.js';
import { tell } from './scale/progress.js';
import { measureSharing } from './scale/sharing.js';
import { measureStart } from './scale/start.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'start,memory,sharing,growth' },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    registrations: { type: 'string' },
    grants: { type: 'string' },
    levels: { type: 'string' },
    used: { type: 'string' },
    rounds: { type: 'string' },
    starts: { type: 'string' },
  },
});
const { quick } = values;
const amount = (given: string | undefined, usual: number, small: number) => Number(given ?? (quick ? small : usual));
const chosen = values.only.split(',');
const grants = amount(values.grants, 100_000, 2000);
const used = amount(values.used, 2500, 600);
const levels = (values.levels ?? (quick ? '1000,5000' : '1000,10000,100000,1000000')).split(',').map(Number);

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stopAll().finally(() => process.exit(1)));

if (chosen.includes('memory')) installPeers();
const provider = await startInstantProvider();
const setting = await describeSetting();
const chapter = new URL('SCALE.md', import.meta.url);
const measured: Measured = { start: [], memory: [], sharing: [], growth: [] };

/** Measures a part step by step, unless it was not asked for, and writes it at once, if all went well: others may not. */
async function measure<Name extends keyof Measured>(
  name: Name,
  steps: readonly (() => Promise<Measured[Name][number] | undefined>)[],
): Promise<void> {
  if (!chosen.includes(name)) return;
  let failures = 0;
  for (const step of steps) {
    try {
      const done = await step();
      if (done) measured[name].push(done as never);
    } catch (error) {
      failures++;
      process.exitCode = 1;
      tell(`${name} failed: ${inspect(error)}`);
    }
  }
  if (values.write && failures === 0) await writeParts(chapter, partsOf(measured, setting));
}

await measure('start', [() => measureStart(provider, { starts: amount(values.starts, 9, 3), grants })]);
const held = { registrations: amount(values.registrations, 100_000, 10_000), grants };
await measure(
  'memory',
  heldBy.map((contender) => async () => {
    try {
      return await measureMemory(contender, provider, held);
    } catch (error) {
      if (contender.kind !== 'peer') throw error;
      tell(`${contender.name} is left out: ${String(error)}`);
      return undefined;
    }
  }),
);
const shared = { used, rounds: amount(values.rounds, 2, 1), walks: quick ? 20 : 100 };
await measure('sharing', [
  () => measureSharing('redis', provider, shared),
  () => measureSharing('postgres', provider, shared),
]);
const grown = { levels, used, signIns: 300 };
await measure('growth', [
  () => measureGrowth('sqlite', provider, grown),
  () => measureGrowth('postgres', provider, grown),
]);
provider.stop();
tell('done');
for (const [name, part] of partsOf(measured, setting)) console.log(`\n## ${name}\n\n${part}`);
