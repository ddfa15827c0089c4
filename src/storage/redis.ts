import { clockTolerance, type Clock } from './clock.js';
import { sendingTo, type RedisClient } from './redis-client.js';
import { deleteScript, listScript, setScript, type RedisScript } from './redis-scripts.js';
import { scanKeys } from './redis-scan.js';
import type { Entry, Key, SetOptions, Store } from './store.js';

/** What a store in Redis needs. */
export interface RedisStoreOptions {
  /** The application's client, which stays its own to close; it has to fail soon when Redis is away. */
  readonly client: RedisClient;
  /**
   * What all keys begin with; without braces, which decide about the hash slot.
   *
   * @defaultValue 'gatehouse:'
   */
  readonly prefix?: string | undefined;
  readonly clock: Clock;
}

/**
 * Keeps records in Redis 6.2 or later, or Valkey: one server, Sentinel, or Cluster. Every verb is one round trip.
 *
 * A partition is in one hash slot: its records as strings, `expiresAt version value`, and two sorted sets of their ids,
 * in their order and by their expiry.
 *
 * @throws {Error} when the client is none that it knows, or reads from replicas
 */
export function redisStore({ client, prefix = 'gatehouse:', clock }: RedisStoreOptions): Store {
  if (/[{}]/.test(prefix)) throw new Error('redisStore: the prefix must have no braces.');
  const send = sendingTo(client);
  let closed = false;

  function keysOf({ partition, id }: Key) {
    // Encoded, a partition holds no brace: it is the hash tag whatever it contains.
    const base = `${prefix}{${encodeURIComponent(partition)}}`;
    return { record: `${base}:r:${id}`, ids: `${base}:ids`, expiries: `${base}:expiries` };
  }

  function assertOpen(): void {
    if (closed) throw new Error('The store is closed.');
  }

  async function run({ sha, text }: RedisScript, keys: [string, ...string[]], parameters: string[]) {
    assertOpen();
    const rest = [String(keys.length), ...keys, ...parameters];
    try {
      return await send(keys[0], ['EVALSHA', sha, ...rest]);
    } catch (error) {
      // Redis forgets scripts when it restarts; nothing has happened then.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return send(keys[0], ['EVAL', text, ...rest]);
    }
  }

  async function changes(script: RedisScript, key: Key, parameters: string[]): Promise<boolean> {
    const { record, ids, expiries } = keysOf(key);
    return Number(await run(script, [record, ids, expiries], [key.id, String(clock()), ...parameters])) === 1;
  }

  return {
    async get(key) {
      assertOpen();
      const { record } = keysOf(key);
      return unpack(await send(record, ['GET', record]), clock());
    },
    async set(key, value, { version, expiresAt, expect }) {
      const packed = `${expiresAt} ${encodeURIComponent(version)} ${value}`;
      const kept = expiresAt === 'never' ? '' : String(millisecondsToKeep(expiresAt, clock()));
      return changes(setScript, key, [expectation(expect), packed, String(expiresAt), kept]);
    },
    async delete(key, { expect } = {}) {
      return changes(deleteScript, key, [expectation(expect)]);
    },
    async list(partition, { after, limit = 100 } = {}) {
      const { record: stem, ids } = keysOf({ partition, id: '' });
      if (limit < 1) return [];
      const now = clock();
      const from = after === undefined ? '-' : `(${after}`;
      const answer = (await run(listScript, [stem, ids], [String(now), from, String(limit)])) as unknown[];
      return answer.flatMap((id, index) => {
        const entry = index % 2 === 0 && unpack(answer[index + 1], now);
        return entry ? [{ id: String(id), ...entry }] : [];
      });
    },
    async scan(options) {
      assertOpen();
      const portion = await scanKeys(client, prefix, options);
      const now = clock();
      const read = async (key: Key) => {
        const { record } = keysOf(key);
        const entry = unpack(await send(record, ['GET', record]), now);
        return entry ? [{ ...key, ...entry }] : [];
      };
      return { ...portion, entries: (await Promise.all(portion.keys.map(read))).flat() };
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- async is what the contract says
    async close() {
      closed = true;
    },
  };
}

/**
 * Redis only tidies up: whether a record has expired is read from the record. So it is told how long to keep it, and
 * a little longer, not until when: its own clock, and a write that arrives late, then decide nothing.
 */
function millisecondsToKeep(expiresAt: number, now: number): number {
  return Math.max(1, Math.ceil((expiresAt - now + clockTolerance) * 1000));
}

function expectation(expect: SetOptions['expect']): string {
  if (expect === undefined) return 'any';
  return expect === 'absent' ? 'absent' : `=${encodeURIComponent(expect)}`;
}

/** Reads a record that lives; what somebody else put there is none. */
function unpack(packed: unknown, now: number): Entry | undefined {
  const match = typeof packed === 'string' ? /^(\S+) (\S*) /.exec(packed) : undefined;
  const [head, expiresAt, version] = match ?? [];
  if (head === undefined || version === undefined) return undefined;
  if (expiresAt !== 'never' && !(Number(expiresAt) > now)) return undefined;
  return { value: (packed as string).slice(head.length), version: decodeURIComponent(version) };
}
