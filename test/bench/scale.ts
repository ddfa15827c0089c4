/**
 * What grows with the number of users and what does not, in figures: `npm run bench:scale`. With `-- --write` they are put
 * into SCALE.md, with `--quick` they are small and say little, with `--only memory,start` the others are left as they are.
 */
import { parseArgs } from 'node:util';
import { startInstantProvider } from './instant-provider.js';
import { describeSetting, partsOf, type Measured } from './scale/chapter.js';
import { measureGrowth } from './scale/growth.js';
import { writeParts } from './scale/markdown.js';
import { measureMemory } from './scale/memory.js';
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

const provider = await startInstantProvider();
const setting = await describeSetting();
const measured: Measured = {};

/** Measures a part, unless it was not asked for, and writes it at once: what comes later may fail. */
async function measure<Name extends keyof Measured>(name: Name, run: () => Promise<Measured[Name]>): Promise<void> {
  if (!chosen.includes(name)) return;
  measured[name] = await run();
  if (values.write) await writeParts(new URL('SCALE.md', import.meta.url), partsOf(measured, setting));
}

await measure('start', () => measureStart(provider, { starts: amount(values.starts, 9, 3), grants }));
await measure('memory', () =>
  measureMemory(provider, {
    registrations: amount(values.registrations, 100_000, 10_000),
    grants,
  }),
);
await measure('sharing', async () => {
  const amounts = { used, rounds: amount(values.rounds, 2, 1), walks: quick ? 20 : 100 };
  return [await measureSharing('redis', provider, amounts), await measureSharing('postgres', provider, amounts)];
});
await measure('growth', async () => {
  const amounts = { levels, used, signIns: 300 };
  return [await measureGrowth('sqlite', provider, amounts), await measureGrowth('postgres', provider, amounts)];
});
provider.stop();
tell('done');
for (const [name, part] of partsOf(measured, setting)) console.log(`\n## ${name}\n\n${part}`);
