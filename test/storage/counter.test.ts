import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MakeCounter } from '../../src/storage/counter.js';
import { memoryCounter } from '../../src/storage/memory-counter.js';
import { postgresCounters } from '../../src/storage/postgres-counter.js';
import { redisCounters } from '../../src/storage/redis-counter.js';
import { sturdyCounters } from '../../src/storage/sturdy-counter.js';
import { isWithoutPostgres, isWithoutRedis, postgresUrl, redisUrl } from '../support/database-servers.js';
import { isWithoutRedisServer, startRedisCluster } from '../support/redis-servers.js';

const prefix = `gatehouse:rate:${randomUUID()}`;
const clock = () => Date.now() / 1000;
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** What every place promises. `open` is a process of its own each time; all of them count in one place. */
function counterContract(open: () => MakeCounter | Promise<MakeCounter>, isShared: boolean): void {
  const newName = () => `limit-${randomUUID()}`;

  it('lets through what the quota says, and then tells how long to wait', async () => {
    const count = (await open())(newName(), { requests: 3, seconds: 60 });
    for (let each = 0; each < 3; each++) expect(await count('alice')).toBeUndefined();
    const wait = await count('alice');
    expect(wait).toBeGreaterThan(50);
    expect(wait).toBeLessThanOrEqual(60);
    expect(await count('bob')).toBeUndefined();
  });

  it('keeps limits apart', async () => {
    const make = await open();
    const [one, other] = [make(newName(), { requests: 1, seconds: 60 }), make(newName(), { requests: 1, seconds: 60 })];
    expect(await one('alice')).toBeUndefined();
    expect(await other('alice')).toBeUndefined();
    expect(await one('alice')).toBeDefined();
  });

  it('counts each of many at once', async () => {
    const [make, another] = [await open(), await open()];
    const name = newName();
    const counts = [make, isShared ? another : make].map((each) => each(name, { requests: 20, seconds: 60 }));
    const waits = await Promise.all(Array.from({ length: 25 }, () => counts.map((count) => count('alice'))).flat());
    expect(waits.filter((wait) => wait === undefined)).toHaveLength(isShared ? 20 : 40);
  });

  it('begins anew when the time is over', async () => {
    const count = (await open())(newName(), { requests: 1, seconds: 1 });
    expect(await count('alice')).toBeUndefined();
    expect(await count('alice')).toBeDefined();
    await expect.poll(() => count('alice'), { timeout: 5000, interval: 100 }).toBeUndefined();
  });
}

describe('counting in memory', () => {
  counterContract(() => (_, quota) => memoryCounter(quota), false);

  it('forgets those who began first when there are too many, and keeps the others', async () => {
    const count = memoryCounter({ requests: 1, seconds: 60 }, 3);
    for (const key of ['a', 'b', 'c']) expect(await count(key)).toBeUndefined();
    expect(await count('a')).toBeDefined();
    expect(await count('d')).toBeUndefined();
    expect(await count('b')).toBeDefined();
    expect(await count('c')).toBeDefined();
    expect(await count('a')).toBeUndefined();
  });

  it('takes a window that began anew for a young one', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const count = memoryCounter({ requests: 1, seconds: 60 }, 2);
    await count('a');
    vi.setSystemTime(Date.now() + 50_000);
    await count('b');
    vi.setSystemTime(Date.now() + 20_000);
    expect(await count('a')).toBeUndefined();
    await count('c');
    expect(await count('a')).toBeDefined();
  });

  it('takes bounded memory, however many addresses somebody has: whose window began first is forgotten', async () => {
    const count = memoryCounter({ requests: 1, seconds: 600 }, 100);
    await count('first');
    expect(await count('first')).toBeDefined();
    for (let each = 1; each < 100; each++) await count(`address ${each}`);
    expect(await count('first')).toBeDefined();
    // One more than there is room for; what was counted for the first one is gone, in the limiter too.
    await count('one more');
    expect(await count('first')).toBeUndefined();
    expect(await count('one more')).toBeDefined();
  });
});

describe.skipIf(isWithoutRedis)('counting in Redis', () => {
  async function sweep(): Promise<void> {
    const redis = new Redis(redisUrl);
    const keys = await redis.keys(`${prefix}:*`);
    // Nothing is kept for ever.
    for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(0);
    if (keys.length > 0) await redis.del(keys);
    await redis.quit();
  }
  beforeEach(() => void cleanUps.push(sweep));

  describe('with ioredis', () => {
    counterContract(() => {
      const client = new Redis(redisUrl);
      cleanUps.push(() => client.quit());
      return redisCounters(client, prefix);
    }, true);
  });

  describe('with redis', () => {
    counterContract(async () => {
      const client = await createClient({ url: redisUrl }).connect();
      cleanUps.push(() => client.quit());
      return redisCounters(client, prefix);
    }, true);
  });

  it.skipIf(isWithoutRedisServer)('counts in a cluster', async () => {
    const cluster = await startRedisCluster();
    cleanUps.push(() => cluster.stop());
    const client = new Redis.Cluster([...cluster.nodes]);
    cleanUps.push(() => client.quit());
    const count = redisCounters(client, prefix)('cluster', { requests: 1, seconds: 60 });
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      expect(await count(key)).toBeUndefined();
      expect(await count(key)).toBeDefined();
    }
  });
});

describe.skipIf(isWithoutPostgres)('counting in PostgreSQL', () => {
  const schema = `gatehouse_${randomUUID().replaceAll('-', '')}`;
  let administrator: Pool;
  beforeEach(async () => {
    administrator = new Pool({ connectionString: postgresUrl });
    await administrator.query(`CREATE SCHEMA ${schema}`);
    cleanUps.push(async () => {
      await administrator.query(`DROP SCHEMA ${schema} CASCADE`);
      await administrator.end();
    });
  });

  function openPool(): Pool {
    const pool = new Pool({ connectionString: postgresUrl, options: `-c search_path=${schema}` });
    cleanUps.push(() => pool.end());
    return pool;
  }

  counterContract(() => postgresCounters(openPool(), prefix, clock), true);

  it('makes its table although several begin at the same moment', async () => {
    const waits = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(() =>
        postgresCounters(openPool(), prefix, clock)('first', { requests: 3, seconds: 60 })('a'),
      ),
    );
    expect(waits.filter((wait) => wait === undefined)).toHaveLength(3);
  });

  it('removes counts whose time is long over', async () => {
    let now = clock();
    const count = postgresCounters(openPool(), prefix, () => now)('sweep', { requests: 3, seconds: 60 });
    await count('a');
    const rows = async () => (await administrator.query(`SELECT 1 FROM ${schema}.gatehouse_rates`)).rows.length;
    expect(await rows()).toBe(1);
    now += 1000;
    await count('b');
    await expect.poll(rows).toBe(1);
  });
});

describe('counting in a place that fails', () => {
  const quota = { requests: 2, seconds: 60 };
  const own: MakeCounter = (_, each) => memoryCounter(each);

  it('goes on in this process, reports it once a minute, and asks again after a while', async () => {
    let now = 1000;
    let asked = 0;
    let isAway = true;
    const reports: unknown[] = [];
    const shared: MakeCounter = () => () => {
      asked += 1;
      return isAway ? Promise.reject(new Error('away')) : Promise.resolve(undefined);
    };
    const make = sturdyCounters(
      shared,
      own,
      () => now,
      (cause) => reports.push(cause),
    );
    const [count, other] = [make('one', quota), make('other', quota)];
    expect([await count('a'), await count('a')]).toEqual([undefined, undefined]);
    expect(await count('a')).toBeGreaterThan(0);
    await other('a');
    // It is left alone for a while, by all.
    expect(asked).toBe(1);
    for (let each = 0; each < 5; each++) {
      now += 11;
      await count('b');
    }
    expect(asked).toBe(6);
    expect(reports).toHaveLength(1);
    now += 11;
    await count('b');
    expect(reports).toHaveLength(2);
    isAway = false;
    now += 11;
    for (let each = 0; each < 5; each++) expect(await count('a')).toBeUndefined();
  });

  it('does not wait for one that is silent', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const silent: MakeCounter = () => () => new Promise(() => undefined);
    const reports: unknown[] = [];
    const count = sturdyCounters(silent, own, clock, (cause) => reports.push(cause))('one', quota);
    const answer = count('a');
    await vi.advanceTimersByTimeAsync(1100);
    expect(await answer).toBeUndefined();
    expect(reports).toHaveLength(1);
  });
});
