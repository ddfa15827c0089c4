import Database from 'libsql';
import { afterEach, expect, it, vi } from 'vitest';
import { BoundedMap } from '../src/storage/bounded-map.js';
import { startSoakDocuments } from './bench/soak-documents.js';
import { soakTraffic } from './bench/soak-traffic.js';
import { signIn } from './support/client.js';
import { startGatehouse, temporaryFolder } from './support/gatehouse.js';
import { randomFrom } from './support/seeded.js';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Every bounded map into which something is put from now on. */
function watchedMaps(): Set<BoundedMap<unknown, unknown>> {
  const maps = new Set<BoundedMap<unknown, unknown>>();
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on the map that was meant
  const set = BoundedMap.prototype.set;
  vi.spyOn(BoundedMap.prototype, 'set').mockImplementation(function (this: BoundedMap<unknown, unknown>, key, value) {
    maps.add(this);
    set.call(this, key, value);
  });
  return maps;
}

it('mixed traffic leaves no more in memory than the limits say, and nothing in the store once it has expired', async () => {
  const maps = watchedMaps();
  const folder = temporaryFolder();
  cleanUps.push(() => folder.remove());
  const documents = await startSoakDocuments();
  cleanUps.push(() => documents.close());
  let now = Date.now() / 1000;
  const path = `${folder.path}/gatehouse.sqlite`;
  const gatehouse = await startGatehouse({
    store: `sqlite:${path}`,
    clock: () => now,
    clientIdMetadataDocuments: { allowLoopback: true },
  });
  cleanUps.push(() => gatehouse.close());
  const file = new Database(path);
  cleanUps.push(() => file.close());
  const records = () =>
    (file.prepare('SELECT count(*) AS count FROM gatehouse_records').get({}) as { count: number }).count;

  await signIn(gatehouse.issuer);
  const ofOneUser = records();
  const traffic = soakTraffic(gatehouse, documents.url);
  let left = 1500;
  await traffic.run(randomFrom(1), () => {
    now += 0.05;
    return (left -= 1) < 0;
  });
  expect(records()).toBeGreaterThan(ofOneUser + 50);
  expect(maps.size).toBeGreaterThanOrEqual(4);
  for (const map of maps) expect(map.size).toBeLessThanOrEqual(map.limit);
  // What strangers tried has left nothing that is bounded by nothing but its number.
  expect(traffic.done.get('registration')).toBeGreaterThan(20);

  now += 400 * 24 * 3600;
  await signIn(gatehouse.issuer);
  // The signing keys have been renewed; everything else of then is gone.
  expect(records()).toBeLessThanOrEqual(ofOneUser);
}, 120_000);
