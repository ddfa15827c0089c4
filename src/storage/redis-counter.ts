import { onFirstCount, waitOf, type MakeCounter } from './counter.js';
import { sendingTo, type RedisClient } from './redis-client.js';

/**
 * Counts in Redis or Valkey, for all processes that share it: one key, and one round trip, for each count.
 *
 * @param prefix - what all keys begin with
 * @throws {Error} when the client is none that it knows, or reads from replicas
 */
export function redisCounters(client: RedisClient, prefix: string): MakeCounter {
  const send = sendingTo(client);
  // In the shape of the package `redis`, whatever the client is.
  const storeClient = {
    eval: (script: string, { keys, arguments: values }: { keys: [string]; arguments: string[] }) =>
      send(keys[0], ['EVAL', script, '1', keys[0], ...values]),
  };
  return (name, { requests, seconds }) => {
    const keyPrefix = `${prefix}:${name}`;
    const limiterThere = onFirstCount(
      ({ RateLimiterRedis }) =>
        new RateLimiterRedis({ storeClient, useRedisPackage: true, keyPrefix, points: requests, duration: seconds }),
    );
    return async (key) => waitOf((await limiterThere()).consume(key));
  };
}
