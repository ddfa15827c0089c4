import { memoryStore } from 'mcp-gatehouse';
import { afterEach, describe, expect, it } from 'vitest';
import { faultyStore, type FaultyStore } from '../faults/faulty-store.js';
import { startGatehouse, type Gatehouse, type GatehouseSettings } from '../support/gatehouse.js';

let gatehouse: Gatehouse;
let store: FaultyStore;
let reads: number;
afterEach(() => gatehouse.close());

async function start(settings: GatehouseSettings = {}) {
  reads = 0;
  gatehouse = await startGatehouse({
    stoppedClock: true,
    wrapStore(inner) {
      store = faultyStore(inner);
      return { ...store, get: (key) => ((reads += 1), store.get(key)) };
    },
    ...settings,
  });
}

async function ask(path: string, method = 'GET') {
  const response = await fetch(new URL(path, gatehouse.issuer), { method });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
const readiness = async () => {
  const { status, text } = await ask('/readyz');
  return [status, (JSON.parse(text) as { status: string }).status];
};

describe.each(['', '/team'])('behind an issuer with the path "%s"', (path) => {
  it('both are at the root of the host, for GET and HEAD, open to no script, and kept by nobody', async () => {
    await start({ path });
    for (const each of ['/healthz', '/readyz']) {
      const { status, headers, text } = await ask(each);
      expect([status, headers.get('cache-control'), headers.get('access-control-allow-origin')]).toEqual([
        ...[200, 'no-store', null],
      ]);
      expect(text).toMatch(/^\{"status":"(ok|ready)"\}$/);
      expect(await ask(each, 'HEAD')).toMatchObject({ status: 200, text: '' });
      expect((await ask(each, 'POST')).status).toBe(404); // the application's
    }
  });
});

it('is ready while the store answers, and again when it does again; why not is for the log alone, once', async () => {
  await start();
  expect(await readiness()).toEqual([200, 'ready']);
  store.failWhen(() => 'throw before');
  expect(await readiness()).toEqual([200, 'ready']); // a second has not passed
  for (let second = 0; second < 3; second++) {
    gatehouse.advance(1);
    expect(await readiness()).toEqual([503, 'not ready']);
  }
  expect((await ask('/healthz')).status).toBe(200);
  expect(gatehouse.log.filter(({ event }) => event === 'not ready')).toHaveLength(1);
  store.heal();
  gatehouse.advance(1);
  expect(await readiness()).toEqual([200, 'ready']);
});

it('asks the store once, however many ask it, and is not limited', async () => {
  await start({ rateLimits: { authorization: { requests: 1, seconds: 60 } } });
  await readiness();
  gatehouse.advance(1);
  const before = reads;
  const statuses = await Promise.all(Array.from({ length: 50 }, async () => (await ask('/readyz')).status));
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(reads - before).toBe(1);
});

it('is not ready on a store that was written under another secret', async () => {
  const shared = memoryStore({ clock: () => Date.now() / 1000 });
  await start({ store: shared });
  expect(await readiness()).toEqual([200, 'ready']);
  await gatehouse.restart({ secret: 'another secret, of thirty-two chars!' });
  expect(await readiness()).toEqual([503, 'not ready']);
});

it('is ready while the provider is away', async () => {
  await start();
  await gatehouse.upstream.stop();
  expect(await readiness()).toEqual([200, 'ready']);
});

it('says so when it is going, while everything else is answered', async () => {
  await start();
  gatehouse.gate.drain();
  expect(await readiness()).toEqual([503, 'draining']);
  expect((await ask('/healthz')).status).toBe(200);
  expect((await ask('/oauth/jwks')).status).toBe(200);
});

it('leaves the paths to an application that has them itself', async () => {
  await start({ healthChecks: false });
  expect([(await ask('/healthz')).status, (await ask('/readyz')).status]).toEqual([404, 404]);
});
