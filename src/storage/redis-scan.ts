import { createHash } from 'node:crypto';
import { mastersOf, prefixOfClient, type RedisClient, type SendToServer } from './redis-client.js';
import type { Key, ScanOptions } from './store.js';

/** The keys of a portion of a scan, and where the next one begins. */
export interface KeyPortion {
  readonly keys: readonly Key[];
  readonly after?: string;
}

/** A server that holds records, by the name that it gave itself when it was started. */
interface Server {
  readonly name: string;
  readonly send: SendToServer;
}

/**
 * Reads the keys of one step of SCAN, server by server.
 *
 * A cursor means something only to the server that answered it: one that has started anew since, or the replica in its
 * place, would leave out records silently. So the place names the servers, and they have to be the same to the end.
 *
 * @throws {Error} when the servers are others than at the beginning of the scan
 */
export async function scanKeys(client: RedisClient, prefix: string, options: ScanOptions = {}): Promise<KeyPortion> {
  const { after, limit = 100 } = options;
  const servers = await serversOf(client);
  const together = createHash('sha256')
    .update(servers.map(({ name }) => name).join(' '))
    .digest('base64url')
    .slice(0, 16);
  const [begunWith = together, position = '0', cursor = '0'] = after?.split(' ') ?? [];
  const index = Number(position);
  const server = servers[index];
  if (begunWith !== together || !server) {
    throw new Error('The Redis servers have changed or were restarted since the scan began: begin anew.');
  }
  const stem = prefixOfClient(client) + prefix;
  const pattern = `${escapePattern(`${stem}{`)}*`;
  const answer = (await server.send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(limit)])) as [
    unknown,
    unknown[],
  ];
  const [next, names] = [String(answer[0]), answer[1].map(String)];
  const keys = names.flatMap((name) => keyIn(name.slice(stem.length)) ?? []);
  if (next !== '0') return { keys, after: `${together} ${index} ${next}` };
  return index + 1 < servers.length ? { keys, after: `${together} ${index + 1} 0` } : { keys };
}

async function serversOf(client: RedisClient): Promise<readonly Server[]> {
  const masters = await mastersOf(client);
  const servers = await Promise.all(
    masters.map(async (send) => {
      const [, name = ''] = /^run_id:(\S+)/m.exec(String(await send(['INFO', 'server']))) ?? [];
      return { name, send };
    }),
  );
  return servers.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** What the name of a record says; undefined for an index, and for what is none of ours. */
function keyIn(name: string): Key | undefined {
  const [, encoded, id] = /^\{([^{}]*)\}:r:(.+)$/s.exec(name) ?? [];
  if (encoded === undefined || id === undefined) return undefined;
  try {
    return { partition: decodeURIComponent(encoded), id };
  } catch {
    return undefined;
  }
}

function escapePattern(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, '\\$&');
}
