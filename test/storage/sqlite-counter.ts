import { randomUUID } from 'node:crypto';
import { sqliteStore } from '../../src/storage/sqlite.js';

/** Advances a counter in the file that is named first, so many times, by compare-and-set. */
const [path = '', times = ''] = process.argv.slice(2);
const store = sqliteStore({ path, clock: () => 1000 });
const key = { partition: 'partition', id: 'counter' };

async function advance(): Promise<void> {
  const entry = await store.get(key);
  const next = String(Number(entry?.value ?? 0) + 1);
  const expect = entry?.version ?? 'absent';
  const written = await store.set(key, next, { version: randomUUID(), expiresAt: 'never', expect });
  if (!written) await advance();
}

for (let step = 0; step < Number(times); step++) await advance();
await store.close();
