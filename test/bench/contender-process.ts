import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/temporary-folder.js';
import type { Contender } from './contenders.js';
import { HttpConnection } from './http-connection.js';
import type { InstantProvider } from './instant-provider.js';

/** What a process has used so far. */
export interface Usage {
  /** Microseconds of CPU time, all threads. */
  readonly cpu: number;
  /** Bytes of memory. */
  readonly rss: number;
  readonly heapUsed: number;
}

/** A server that is measured, in a process of its own. */
export interface ContenderProcess {
  readonly issuer: string;
  readonly port: number;
  /** Milliseconds from its start to its first answer. */
  readonly startedIn: number;
  usage(): Promise<Usage>;
  /** The same, after garbage has been collected. */
  settled(): Promise<Usage>;
  /** The end of what it wrote: why it failed. */
  log(): string;
  stop(): Promise<void>;
}

/** What else a contender is started with. */
export interface StartOptions {
  readonly provider: InstantProvider;
  readonly store?: string;
  /** The core it is bound to, where the machine lets it be. */
  readonly core?: number;
  /** Where it listens, if not on a free port; its issuer may be another's. */
  readonly issuer?: string;
}

/** The Node.js that runs contenders: `BENCH_NODE` names another. */
export const nodeOfContenders = () => process.env['BENCH_NODE'] ?? process.execPath;

/** Whether servers have the first core to themselves, and the load the second one. */
export const canBind = process.platform === 'linux' && availableParallelism() > 1;
const [serverCore, loadCore] = [0, 1];

/** Keeps this process, which is the load, off the core of the servers. */
export function leaveServersAlone(): void {
  if (canBind) execFileSync('taskset', ['-a', '-c', '-p', String(loadCore), String(process.pid)], { stdio: 'ignore' });
}

/**
 * Keeps this process, which has a core of its own, from sleeping. To wake it is work for the server that answers it: a bare
 * one, which keeps the load busy, would have next to none of that, and every other one much.
 *
 * @returns what lets it sleep again
 */
export function stayAwake(): () => void {
  let isNeeded = canBind;
  const again = () => {
    if (isNeeded) setImmediate(again);
  };
  again();
  return () => (isNeeded = false);
}

/** Starts a contender and waits for its first answer. */
export async function startContender(contender: Contender, options: StartOptions): Promise<ContenderProcess> {
  const { provider, store, core = serverCore } = options;
  const port = await freePort();
  const issuer = options.issuer ?? `http://127.0.0.1:${port}`;
  const { clientId, clientSecret } = provider;
  const upstream = { issuer: provider.issuer, clientId, clientSecret };
  const settings = JSON.stringify({ port, issuer, store, upstream, options: contender.options });
  const file = fileURLToPath(new URL(contender.file, import.meta.url));
  const command = [nodeOfContenders(), '--expose-gc', file, settings];
  if (canBind) command.unshift('taskset', '-c', String(core));
  const begin = performance.now();
  const folder = temporaryFolder();
  const log = join(folder.path, 'log');
  const output = openSync(log, 'a');
  const child = spawn(command[0] ?? '', command.slice(1), {
    stdio: ['ignore', output, output, 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  closeSync(output);
  const endOfLog = () => readFileSync(log, 'utf8').slice(-2000);
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${contender.name} ended: ${endOfLog()}`);
  });
  await Promise.race([once(child, 'message'), ended]);
  const connection = new HttpConnection(port);
  await connection.send({ method: 'GET', path: contender.discovery });
  connection.close();
  const startedIn = performance.now() - begin;

  const ask = async (question: string) => {
    const answered = once(child, 'message');
    child.send(question);
    return ((await answered) as [Usage])[0];
  };
  return {
    issuer,
    port,
    startedIn,
    usage: () => ask('usage'),
    settled: () => ask('collect'),
    log: endOfLog,
    async stop() {
      if (child.connected) child.disconnect();
      await ended.catch(() => undefined);
      folder.remove();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}
