import { writeSync } from 'node:fs';
import { sqliteStore } from '../../src/storage/sqlite.js';

/** Writes records into the file that is named first, from several callers at once, and prints what was acknowledged. */
const [path = '', prefix = ''] = process.argv.slice(2);
const store = sqliteStore({ path, clock: () => 1000 });
let written = 0;

async function writeForEver(): Promise<never> {
  for (;;) {
    const id = `${prefix}-${written++}`;
    await store.set({ partition: 'acknowledged', id }, `value of ${id}`, { version: id, expiresAt: 'never' });
    writeSync(1, `${id}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, writeForEver));
