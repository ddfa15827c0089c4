/** A client that the application made, of `ioredis` or of `redis`: for one server, Sentinel or Cluster. */
export type RedisClient = IoRedisClient | NodeRedisClient | NodeRedisSentinel | NodeRedisCluster;

/** The part of an `ioredis` client that the store uses. */
export interface IoRedisClient {
  call(command: string, ...parameters: string[]): Promise<unknown>;
}

/** The part of an `ioredis` client for a cluster that a scan uses. */
interface IoRedisCluster {
  nodes(role: 'master'): IoRedisClient[];
}

/** The part of a client of `redis` that the store uses. */
export interface NodeRedisClient {
  sendCommand(parameters: string[]): Promise<unknown>;
}

/** The part of a Sentinel client of `redis` that the store uses. */
export interface NodeRedisSentinel {
  sendCommand(isReadonly: boolean, parameters: string[]): Promise<unknown>;
  getSentinelNode(): unknown;
}

/** The part of a cluster client of `redis` that the store uses. */
export interface NodeRedisCluster {
  sendCommand(firstKey: string, isReadonly: boolean, parameters: string[]): Promise<unknown>;
  getSlotRandomNode(slot: number): unknown;
  readonly masters?: readonly unknown[];
  nodeClient?(master: never): NodeRedisClient | Promise<NodeRedisClient>;
}

/** Sends one command to one server, and answers what it says. */
export type SendToServer = (command: readonly [name: string, ...parameters: string[]]) => Promise<unknown>;

/** Every server that holds records: one, or the masters of a cluster. */
export async function mastersOf(client: RedisClient): Promise<readonly SendToServer[]> {
  if ('call' in client) {
    const nodes = 'nodes' in client ? (client as unknown as IoRedisCluster).nodes('master') : [client];
    return nodes.map((node) => senderToNode(node));
  }
  if (!('getSlotRandomNode' in client)) {
    const send = senderFor(client);
    return [(command) => send('', command)];
  }
  const { masters = [] } = client;
  const clients = await Promise.all(masters.map(async (master) => client.nodeClient?.(master as never)));
  return clients.flatMap((node) => (node ? [senderToNode(node)] : []));
}

/** What a client of `ioredis` writes before keys by itself, but neither before patterns nor into answers. */
export function prefixOfClient(client: RedisClient): string {
  const { options } = client as { options?: { keyPrefix?: unknown } | undefined };
  return typeof options?.keyPrefix === 'string' ? options.keyPrefix : '';
}

function senderToNode(node: IoRedisClient | NodeRedisClient): SendToServer {
  const send = senderFor(node);
  return (command) => send('', command);
}

/** Sends one command to the server that is responsible for a key, and answers what it says: no buffers. */
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
  const send = senderFor(client);
  return async (key, command) => readable(await send(key, command));
}

function senderFor(client: RedisClient): SendToRedis {
  // ioredis has a sendCommand too, which takes something else.
  if ('call' in client) return (_, [name, ...parameters]) => client.call(name, ...parameters);
  if ('getSlotRandomNode' in client) return (key, command) => client.sendCommand(key, false, [...command]);
  if ('getSentinelNode' in client) return (_, command) => client.sendCommand(false, [...command]);
  if ('sendCommand' in client) return (_, command) => client.sendCommand([...command]);
  throw new Error('redisStore: the client is neither one of ioredis nor one of redis.');
}

/** A legacy client answers nothing, and one that maps types may answer buffers: every record would seem absent. */
function readable(answer: unknown): unknown {
  const parts: unknown[] = Array.isArray(answer) ? answer : [answer];
  if (parts.some((part) => part === undefined || (typeof part === 'object' && part !== null))) {
    throw new Error(
      'redisStore: the client does not answer text; it may be no legacy client, nor map types to buffers.',
    );
  }
  return answer;
}

/** ioredis says so by `scaleReads` or `role`; of `redis` all commands are sent as writes, which only masters take. */
function readsFromReplicas(client: object): boolean {
  const { options = {} } = client as { options?: { scaleReads?: unknown; role?: unknown } | undefined };
  return [options.scaleReads, options.role].some((from) => from !== undefined && from !== 'master');
}
