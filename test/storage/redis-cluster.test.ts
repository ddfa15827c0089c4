import { randomUUID } from 'node:crypto';
import { Cluster, Redis } from 'ioredis';
import { createCluster, createSentinel } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/storage/clock.js';
import { storeContract } from '../../src/storage/contract.js';
import { redisStore } from '../../src/storage/redis.js';
import type { RedisClient } from '../../src/storage/redis-client.js';
import {
  isWithoutRedisServer,
  startRedisCluster,
  startRedisSentinel,
  type RedisServers,
} from '../support/redis-servers.js';

const prefix = `gatehouse-test-${randomUUID()}:`;

describe.skipIf(isWithoutRedisServer)('the store in a Redis Cluster', () => {
  let servers: RedisServers;
  let ioredis: Cluster;
  let nodeRedis: { destroy(): void } & RedisClient;

  beforeAll(async () => {
    servers = await startRedisCluster();
    ioredis = new Cluster([...servers.nodes]);
    nodeRedis = await createCluster({ rootNodes: servers.nodes.map((socket) => ({ socket })) }).connect();
  }, 60_000);
  afterAll(async () => {
    ioredis.disconnect();
    nodeRedis.destroy();
    await servers.stop();
  });

  const through = (client: () => RedisClient) => (clock: Clock) => redisStore({ client: client(), prefix, clock });

  describe('through ioredis', () => {
    for (const { name, run } of storeContract({ open: through(() => ioredis) })) it(name, run);
  });

  describe('through redis', () => {
    for (const { name, run } of storeContract({ open: through(() => nodeRedis) })) it(name, run);
  });

  it('has a partition in one slot, whatever its name, and the partitions on all nodes', async () => {
    const store = through(() => ioredis)(() => Date.now() / 1000);
    const partitions = ['}', '{}', 'a}b', '{x}y', 'a:b', '100%', ...Array.from({ length: 50 }, () => randomUUID())];
    for (const partition of partitions) {
      await store.set({ partition, id: 'a}{b' }, 'value', { version: 'v', expiresAt: 'never' });
    }
    const owners = await Promise.all(
      partitions.map(async (partition) => {
        const pattern = `${prefix}{${encodeURIComponent(partition)}}:*`;
        const found = await Promise.all(ioredis.nodes('master').map((node) => node.keys(pattern)));
        expect(found.flat()).toHaveLength(3);
        const slots = await Promise.all(found.flat().map((key) => ioredis.cluster('KEYSLOT', key as never)));
        expect(new Set(slots).size).toBe(1);
        return found.findIndex((keys) => keys.length > 0);
      }),
    );
    expect(new Set(owners).size).toBe(3);
  });
});

describe.skipIf(isWithoutRedisServer)('the store in a Redis that Sentinel tells of', () => {
  let servers: RedisServers;
  let ioredis: Redis;
  let nodeRedis: { destroy(): unknown } & RedisClient;

  beforeAll(async () => {
    servers = await startRedisSentinel();
    ioredis = new Redis({ sentinels: [...servers.nodes], name: 'main' });
    nodeRedis = await createSentinel({ name: 'main', sentinelRootNodes: [...servers.nodes] }).connect();
  });
  afterAll(async () => {
    ioredis.disconnect();
    await nodeRedis.destroy();
    await servers.stop();
  });

  describe('through ioredis', () => {
    for (const { name, run } of storeContract({ open: (clock) => redisStore({ client: ioredis, prefix, clock }) })) {
      it(name, run);
    }
  });

  describe('through redis', () => {
    for (const { name, run } of storeContract({ open: (clock) => redisStore({ client: nodeRedis, prefix, clock }) })) {
      it(name, run);
    }
  });
});
