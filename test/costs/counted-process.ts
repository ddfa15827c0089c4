/** A process that runs a gatehouse, and tells what its requests cost. */
import { countedStore, takeCounts, type Counts } from './counters.js';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GCProfiler, getHeapSpaceStatistics } from 'node:v8';
import { memoryStore, OAuthAuthorizationServer } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { testSecret } from '../support/gatehouse-parts.js';
import type { InstantProvider } from '../bench/instant-provider.js';

/** What the process is told when it starts. */
export interface CountedSettings {
  readonly upstream: Pick<InstantProvider, 'issuer' | 'clientId' | 'clientSecret'>;
}

/** What was spent since counting began. */
export interface Spent {
  readonly counts: Counts;
  /** Bytes allocated, on V8's heap and beside it. */
  readonly bytes: number;
}

const { upstream } = JSON.parse(process.argv[2] ?? '') as CountedSettings;
const server = createServer();
// No connection is closed for being idle: how fast the machine is must not matter.
server.keepAliveTimeout = 0;
await once(server.listen(0, '127.0.0.1'), 'listening');
const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
// Time stands still, since some things are done again after a while.
const startedAt = Math.floor(Date.now() / 1000);
const clock = () => startedAt;
const gate = new OAuthAuthorizationServer({
  issuer,
  secret: testSecret,
  clock,
  store: countedStore(memoryStore({ clock })),
  providers: [oidcProvider(upstream)],
  resources: [{ url: `${issuer}/mcp`, scopes: { 'mcp:tools': 'Use the tools' } }],
  tokenMapper: (_tokens, user) => ({ email: user.email }),
  // Requests are counted as ever, and none is held back.
  rateLimits: Object.fromEntries(
    ['registration', 'authorization', 'token'].map((name) => [name, { requests: 1_000_000, seconds: 60 }]),
  ),
});
const router = gate.createRouter();
const protect = gate.requireBearerAuth({ scopes: ['mcp:tools'] });
server.on('request', (request, response) => {
  const answer = () => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  if (request.url === '/bare') answer();
  else if (request.url === '/mcp') protect(request, response, answer);
  else router(request, response);
});

const profiler = new GCProfiler();
const { gc: collect } = globalThis as unknown as { gc: () => void };
let before = 0;

/** Old objects do not count: what V8 learns of the code is among them, and comes at times of its own. */
function allocated(): number {
  const young = getHeapSpaceStatistics().filter(({ space_name: name }) => name.startsWith('new_'));
  return young.reduce((sum, { space_used_size: size }) => sum + size, process.memoryUsage().external);
}

function begin(): void {
  // The second one waits until the first one has given back the memory of buffers, which it does by the way.
  collect();
  collect();
  profiler.start();
  takeCounts();
  before = allocated();
}

function end(): Spent {
  const bytes = allocated() - before;
  const counts = takeCounts();
  const collections = profiler.stop().statistics.length;
  if (collections !== 0) throw new Error('Garbage was collected while it was to be counted.');
  return { counts, bytes };
}

process.on('disconnect', () => process.exit());
process.on('message', (order: 'begin' | 'end') => {
  process.send?.(order === 'begin' ? (begin(), {}) : end());
});
process.send?.({ issuer });
