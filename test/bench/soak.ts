/**
 * Mixed traffic for some minutes, with what the process holds meanwhile: `npm run soak`, `npm run soak -- 30` for half an
 * hour. `SOAK_STORE=sqlite:/tmp/soak.sqlite` soaks another store than that in memory.
 */
import { memoryStore, type Key, type Store } from 'mcp-gatehouse';
import { startGatehouse } from '../support/gatehouse.js';
import { randomFrom } from '../support/seeded.js';
import { startSoakDocuments } from './soak-documents.js';
import { soakTraffic } from './soak-traffic.js';

const minutes = Number(process.argv[2] ?? 3);
const started = Date.now();
const clock = () => Date.now() / 1000;

/** Counts the records that live: a store has no verb for that. */
function counted(inner: Store) {
  const expiries = new Map<string, number>();
  const name = ({ partition, id }: Key) => `${partition} ${id}`;
  const store: Store = {
    ...inner,
    async set(key, value, options) {
      const written = await inner.set(key, value, options);
      if (written) expiries.set(name(key), options.expiresAt === 'never' ? Infinity : options.expiresAt);
      return written;
    },
    async delete(key, options) {
      const deleted = await inner.delete(key, options);
      if (deleted) expiries.delete(name(key));
      return deleted;
    },
  };
  function live(): number {
    for (const [key, expiresAt] of expiries) if (expiresAt <= clock()) expiries.delete(key);
    return expiries.size;
  }
  return { store, live };
}

const location = process.env['SOAK_STORE'];
const { store, live } = counted(memoryStore({ clock }));
const documents = await startSoakDocuments();
const gatehouse = await startGatehouse({
  store: location ?? store,
  clock,
  log: () => undefined,
  clientIdMetadataDocuments: { allowLoopback: true },
});
const traffic = soakTraffic(gatehouse, documents.url);

function print(): void {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const megabytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(0).padStart(5);
  const operations = [...traffic.done.values()].reduce((sum, count) => sum + count, 0);
  const seconds = ((Date.now() - started) / 1000).toFixed(0).padStart(5);
  const records = location === undefined ? `, ${live()} records` : '';
  console.log(
    `${seconds} s: heap ${megabytes(heapUsed)} MB, RSS ${megabytes(rss)} MB${records}, ${operations} operations`,
  );
}

const printing = setInterval(print, 15_000);
await traffic.run(randomFrom(started), () => Date.now() - started > minutes * 60_000);
clearInterval(printing);
print();
console.log(Object.fromEntries(traffic.done));
await gatehouse.close();
await documents.close();
