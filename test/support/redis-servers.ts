import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { temporaryFolder } from './temporary-folder.js';

/** Whether no Redis can be started here; in CI the tests that start one run, and fail, all the same. */
export const isWithoutRedisServer =
  spawnSync('redis-server', ['--version']).error !== undefined && process.env['CI'] !== 'true';
if (isWithoutRedisServer)
  console.warn('SKIPPED: nothing was tried with Redis Cluster, since there is no redis-server.');

/** Servers that were started for a test. */
export interface RedisServers {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  stop(): Promise<void>;
}

/** Starts a cluster of three masters. */
export async function startRedisCluster(): Promise<RedisServers> {
  const servers = startServers();
  const nodes = await Promise.all([1, 2, 3].map(() => servers.start(['--cluster-enabled', 'yes'])));
  const addresses = nodes.map(({ host, port }) => `${host}:${port}`);
  execFileSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'], { stdio: 'pipe' });
  return { nodes, stop: servers.stop };
}

/** Starts a server and the Sentinel that tells where it is, under the name `main`. */
export async function startRedisSentinel(): Promise<RedisServers> {
  const servers = startServers();
  const main = await servers.start([]);
  const sentinel = await servers.start(['--sentinel'], `sentinel monitor main ${main.host} ${main.port} 1`);
  return { nodes: [sentinel], stop: servers.stop };
}

function startServers() {
  const folder = temporaryFolder();
  const running: ChildProcess[] = [];

  async function start(flags: readonly string[], configuration = '') {
    const node = { host: '127.0.0.1', port: await freePort() };
    const place = join(folder.path, String(node.port));
    mkdirSync(place);
    writeFileSync(
      join(place, 'redis.conf'),
      `port ${node.port}\nbind ${node.host}\ndir ${place}\nsave ""\n${configuration}\n`,
    );
    running.push(spawn('redis-server', [join(place, 'redis.conf'), ...flags], { stdio: 'ignore' }));
    const client = new Redis({ ...node, maxRetriesPerRequest: 100, retryStrategy: () => 50 }).on(
      'error',
      () => undefined,
    );
    await client.ping();
    client.disconnect();
    return node;
  }

  async function stop(): Promise<void> {
    for (const server of running) {
      server.kill('SIGKILL');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    }
    folder.remove();
  }

  return { start, stop };
}

/** A port that is free, as is the one 10,000 above it, where the nodes of a cluster talk to each other. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port < 55_000 ? port : freePort();
}
