import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeContract } from '../../src/storage/contract.js';
import { redisStore } from '../../src/storage/redis.js';
import type { RedisClient } from '../../src/storage/redis-client.js';
import { isWithoutRedis, redisUrl } from '../support/database-servers.js';
import { startStallingProxy } from '../support/stalling-proxy.js';
import { lateWriteCases, severalMachinesCases } from './several-machines.js';

const prefix = `gatehouse-test-${randomUUID()}:`;
const key = (id = 'record') => ({ partition: 'somebody', id });
const never = (version = 'version') => ({ version, expiresAt: 'never' }) as const;

/** Where there is no Redis, a test fails rather than waits. */
const soon = { maxRetriesPerRequest: 1 } as const;

/** The two packages, each with two connections. */
const packages: Record<string, () => Promise<{ clients: RedisClient[]; close: () => Promise<unknown> }>> = {
  ioredis: async () => {
    const clients = [new Redis(redisUrl, soon), new Redis(redisUrl, soon)];
    await Promise.all(clients.map((client) => client.ping()));
    return { clients, close: () => Promise.all(clients.map((client) => client.quit())) };
  },
  'ioredis with a prefix of its own': async () => {
    const clients = [
      new Redis(redisUrl, { ...soon, keyPrefix: `{own}${prefix}` }),
      new Redis(redisUrl, { ...soon, keyPrefix: `{own}${prefix}` }),
    ];
    await Promise.all(clients.map((client) => client.ping()));
    return { clients, close: () => Promise.all(clients.map((client) => client.quit())) };
  },
  'ioredis in pipelines': async () => {
    const options = { ...soon, enableAutoPipelining: true, stringNumbers: true };
    const clients = [new Redis(redisUrl, options), new Redis(redisUrl, options)];
    await Promise.all(clients.map((client) => client.ping()));
    return { clients, close: () => Promise.all(clients.map((client) => client.quit())) };
  },
  redis: async () => {
    const clients = await Promise.all([
      createClient({ url: redisUrl, socket: { reconnectStrategy: false } }).connect(),
      createClient({ url: redisUrl, socket: { reconnectStrategy: false } }).connect(),
    ]);
    return { clients, close: () => Promise.all(clients.map((client) => client.close())) };
  },
};

describe.skipIf(isWithoutRedis)('the store in Redis', () => {
  describe.each(Object.entries(packages))('through %s', (_, connect) => {
    let connection: Awaited<ReturnType<typeof connect>>;
    let opened = 0;
    const open = (clock: () => number) =>
      redisStore({ client: connection.clients[opened++ % 2] as RedisClient, prefix, clock });

    beforeAll(async () => {
      connection = await connect();
    });
    afterAll(() => connection.close());

    for (const { name, run } of storeContract({ open })) it(name, run);
    for (const { name, run } of severalMachinesCases(open)) it(name, run);
  });
});

describe.skipIf(isWithoutRedis)('a slow way to Redis', () => {
  const prompt = new Redis(redisUrl, { ...soon, lazyConnect: true });
  afterAll(() => prompt.quit());

  for (const { name, run } of lateWriteCases({
    open: (clock) => redisStore({ client: prompt, prefix, clock }),
    async openStalling(clock) {
      const proxy = await startStallingProxy(redisUrl, 6379);
      const client = new Redis(proxy.url);
      const close = () => (client.disconnect(), proxy.close());
      return { store: redisStore({ client, prefix, clock }), proxy, close };
    },
  })) {
    it(name, run);
  }

  it('lets a client that sends a write again after a broken connection change nothing twice', async () => {
    const proxy = await startStallingProxy(redisUrl, 6379);
    const client = new Redis(proxy.url, { retryStrategy: () => 10 });
    const store = redisStore({ client, prefix, clock: () => 1000 });
    const again = key(randomUUID());
    await store.set(again, 'old', never('old'));
    // Redis has the write and the client does not know: the connection ends before the answer.
    proxy.loseAnswers();
    const written = store.set(again, 'new', { ...never('own'), expect: 'old' });
    await expect
      .poll(() => redisStore({ client: prompt, prefix, clock: () => 1000 }).get(again))
      .toMatchObject({ version: 'own' });
    proxy.drop();
    expect(await written).toBe(false);
    expect(await store.get(again)).toEqual({ value: 'new', version: 'own' });
    client.disconnect();
    await proxy.close();
  });
});

describe.skipIf(isWithoutRedis)('what the store leaves in Redis', () => {
  let now: number;
  let redis: Redis;
  const own = `${prefix}own:`;
  const open = () => redisStore({ client: redis, prefix: own, clock: () => now });
  const left = async (partition: string) => (await redis.keys(`${own}{${partition}}:*`)).sort();

  beforeAll(async () => {
    redis = new Redis(redisUrl, soon);
    await redis.ping();
    now = Date.now() / 1000;
  });
  afterAll(async () => {
    const keys = await redis.keys(`{own}${prefix}*`);
    const all = [...keys, ...(await redis.keys(`${prefix}*`))];
    if (all.length > 0) await redis.unlink(all);
    await redis.quit();
  });

  it('goes by itself: record and index a minute after the expiry, by the time that is left and not by the clock', async () => {
    const store = open();
    await store.set({ partition: 'leaving', id: 'a' }, 'value', { version: 'v', expiresAt: now + 10 });
    for (const each of await left('leaving')) {
      const kept = await redis.pttl(each);
      expect(kept).toBeGreaterThan(68_000);
      expect(kept).toBeLessThanOrEqual(70_000);
    }
  });

  it('stays with the longest of a partition, and leaves when that one has been removed', async () => {
    const store = open();
    const partition = 'mixed';
    await store.set({ partition, id: 'staying' }, 'value', never());
    await store.set({ partition, id: 'leaving' }, 'value', { version: 'v', expiresAt: now + 10 });
    const indexes = (await left(partition)).filter((each) => !each.includes(':r:'));
    expect(await Promise.all(indexes.map((each) => redis.pttl(each)))).toEqual([-1, -1]);
    await store.delete({ partition, id: 'staying' });
    for (const each of indexes) expect(await redis.pttl(each)).toBeGreaterThan(60_000);
    await store.delete({ partition, id: 'leaving' });
    expect(await left(partition)).toEqual([]);
  });

  it('forgets ids whose records are gone, at later writes, and keeps those of records that are there', async () => {
    const store = open();
    const partition = 'forgetful';
    await store.set({ partition, id: 'staying' }, 'value', never());
    for (let id = 0; id < 50; id++) {
      await store.set({ partition, id: `${id}` }, 'value', { version: 'v', expiresAt: now - 100 });
    }
    // What has expired by the clock of this instance only is not gone.
    await store.set({ partition, id: 'alive elsewhere' }, 'value', { version: 'v', expiresAt: now - 30 });
    await expect.poll(() => redis.exists(`${own}{${partition}}:r:49`)).toBe(0);
    for (let write = 0; write < 4; write++) await store.set({ partition, id: 'staying' }, 'value', never());
    expect(await redis.zrange(`${own}{${partition}}:ids`, '0', '-1')).toEqual(['alive elsewhere', 'staying']);
    expect(await redis.zcard(`${own}{${partition}}:expiries`)).toBe(2);
  });

  it('is absent when somebody else wrote it', async () => {
    const store = open();
    for (const foreign of ['', 'text', 'never', 'never version', '12 v value', 'x v value', '{"__proto__":1}']) {
      await redis.set(`${own}{somebody}:r:foreign`, foreign);
      expect(await store.get(key('foreign'))).toBeUndefined();
      expect(await store.delete(key('foreign'))).toBe(false);
      expect(await store.set(key('foreign'), 'mine', { ...never(), expect: 'absent' })).toBe(true);
    }
  });

  it('is found again when Redis has forgotten the scripts', async () => {
    const store = open();
    await store.set(key('a'), 'value', never());
    await redis.script('FLUSH');
    expect(await store.set(key('a'), 'new', { ...never('next'), expect: 'version' })).toBe(true);
    await redis.script('FLUSH');
    expect(await store.delete(key('a'), { expect: 'next' })).toBe(true);
    await redis.script('FLUSH');
    expect(await store.list('nobody')).toEqual([]);
  });
});

describe('a store in Redis', () => {
  const clock = () => 1000;
  const silent = () => Promise.reject(new Error('not reached'));

  it('asks once for every verb', async () => {
    const sent: string[][] = [];
    const client = {
      call: (...command: string[]) => (sent.push(command), Promise.resolve(command[0] === 'GET' ? null : [])),
    };
    const store = redisStore({ client, clock });
    await store.get(key());
    await store.set(key(), 'value', never());
    await store.set(key(), 'value', { ...never(), expect: 'absent' });
    await store.delete(key(), { expect: 'version' });
    await store.list('somebody');
    expect(sent.map(([name]) => name)).toEqual(['GET', 'EVALSHA', 'EVALSHA', 'EVALSHA', 'EVALSHA']);
  });

  it('takes no error but that of a forgotten script for a reason to ask again', async () => {
    let sent = 0;
    const client = { call: () => (sent++, Promise.reject(new Error('OOM command not allowed'))) };
    await expect(redisStore({ client, clock }).set(key(), '', never())).rejects.toThrow('OOM');
    expect(sent).toBe(1);
  });

  it.each([
    ['is none', {}, 'neither one of ioredis nor one of redis'],
    ['reads from replicas', { call: silent, options: { scaleReads: 'slave' } }, 'reads from replicas'],
    ['Sentinel leads to replicas', { call: silent, options: { role: 'slave' } }, 'reads from replicas'],
  ])('refuses a client that %s', (_, client, reason) => {
    expect(() => redisStore({ client: client as RedisClient, clock })).toThrow(reason);
  });

  it.each([
    ['nothing, as a legacy client', undefined],
    ['buffers', Buffer.from('never v value')],
    ['a list of buffers', ['record', Buffer.from('never v value')]],
  ])('takes no record for absent because the client answers %s', async (_, answer) => {
    const store = redisStore({ client: { sendCommand: () => Promise.resolve(answer) }, clock });
    await expect(store.get(key())).rejects.toThrow('does not answer text');
    await expect(store.set(key(), 'value', { ...never(), expect: 'absent' })).rejects.toThrow('does not answer text');
    await expect(store.list('somebody')).rejects.toThrow('does not answer text');
  });

  it('refuses a prefix that would decide about the hash slot', () => {
    expect(() => redisStore({ client: { call: silent }, prefix: 'a{b}', clock })).toThrow('braces');
  });
});
