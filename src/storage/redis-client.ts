/** A client that the application made: of `ioredis` (one server, Sentinel or Cluster) or of `redis` (one or Cluster). */
export type RedisClient = IoRedisClient | NodeRedisClient | NodeRedisCluster;

/** The part of an `ioredis` client that the store uses. */
export interface IoRedisClient {
  call(command: string, ...parameters: string[]): Promise<unknown>;
}

/** The part of a client of `redis` that the store uses. */
export interface NodeRedisClient {
  sendCommand(parameters: string[]): Promise<unknown>;
}

/** The part of a cluster client of `redis` that the store uses. */
export interface NodeRedisCluster {
  sendCommand(firstKey: string, isReadonly: boolean, parameters: string[]): Promise<unknown>;
  getSlotRandomNode(slot: number): unknown;
}

/** Sends one command to the server that is responsible for a key. */
export type SendToRedis = (key: string, command: readonly [name: string, ...parameters: string[]]) => Promise<unknown>;

/**
 * Tells the clients apart by what they can do, so that neither package need be there.
 *
 * @throws {Error} when it is none of them, or reads from replicas
 */
export function sendingTo(client: RedisClient): SendToRedis {
  if (readsFromReplicas(client)) {
    throw new Error('redisStore: the client reads from replicas, which lag behind; let it read from the masters.');
  }
  // ioredis has a sendCommand too, which takes something else.
  if ('call' in client) return (_, [name, ...parameters]) => client.call(name, ...parameters);
  if ('getSlotRandomNode' in client) return (key, command) => client.sendCommand(key, false, [...command]);
  if ('sendCommand' in client) return (_, command) => client.sendCommand([...command]);
  throw new Error('redisStore: the client is neither one of ioredis nor one of redis.');
}

/** ioredis says so by `scaleReads`; of `redis` all commands are sent as writes, which only masters take. */
function readsFromReplicas(client: object): boolean {
  const { scaleReads = 'master' } = (client as { options?: { scaleReads?: unknown } | undefined }).options ?? {};
  return scaleReads !== 'master';
}
