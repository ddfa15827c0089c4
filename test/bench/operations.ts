/**
 * What each operation costs the server, in microseconds of CPU time (all threads), and as a multiple of a bare
 * `node:http` answer measured in the same run: `npm run bench`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { authorizationUrl, pkce, redeem, refresh, register, walk, type RawClient } from '../support/client.js';
import { temporaryFolder } from '../support/gatehouse.js';
import { listen, startUpstreamProvider, stop, type UpstreamProviderServer } from '../support/upstream-provider.js';
import type { BenchSettings } from './server.js';

const grants = Number(process.env['BENCH_GRANTS'] ?? 200);
const concurrency = 32;
const agent = new Agent({ keepAlive: true, maxSockets: concurrency });

interface Measured {
  readonly operation: string;
  readonly microseconds: number;
}

interface Server {
  readonly issuer: string;
  readonly upstream: UpstreamProviderServer;
  cpu(): Promise<number>;
  stop(): Promise<void>;
}

async function start(store: string): Promise<Server> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const upstream = await startUpstreamProvider({ callbackUrl: `${issuer}/oauth/callback` });
  const settings: BenchSettings = { port, store, upstream };
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), [JSON.stringify(settings)], {
    execArgv: ['--import', 'tsx', '--conditions=mcp-gatehouse-source'],
  });
  const next = async () => ((await once(child, 'message')) as [{ cpu: number }])[0];
  await next();
  return {
    issuer,
    upstream,
    async cpu() {
      const answer = next();
      child.send('cpu');
      return (await answer).cpu;
    },
    async stop() {
      child.kill();
      await upstream.stop();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0);
  await stop(server);
  return port;
}

/** Runs `count` operations, a few at a time. */
async function inParallel(count: number, run: (index: number) => Promise<unknown>): Promise<void> {
  let index = 0;
  const worker = async () => {
    while (index < count) await run(index++);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

async function measure(
  server: Server,
  operation: string,
  count: number,
  run: (index: number) => Promise<unknown>,
): Promise<Measured> {
  const before = await server.cpu();
  await inParallel(count, run);
  return { operation, microseconds: ((await server.cpu()) - before) / count };
}

/** Sends a request over a kept connection and reads the answer away. */
function send(url: string, method: string, headers: Record<string, string> = {}, body = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method, agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (response) => {
        if ((response.statusCode ?? 0) >= 400) reject(new Error(`${url} answered ${response.statusCode}`));
        response.resume().on('end', resolve);
      },
    );
    sent.on('error', reject).end(body);
  });
}

async function measureBare(): Promise<Measured> {
  const server = await start('bare');
  const ask = () => send(server.issuer, 'GET');
  await inParallel(2000, ask);
  const measured = await measure(server, 'bare node:http answer', 10_000, ask);
  await server.stop();
  return measured;
}

async function measureGatehouse(store: string): Promise<Measured[]> {
  const server = await start(store);
  const { issuer } = server;
  const json = { 'content-type': 'application/json' };
  const metadata = {
    client_name: 'Bench',
    redirect_uris: ['http://127.0.0.1/callback'],
    token_endpoint_auth_method: 'none',
  };
  const registerOnce = () => send(`${issuer}/oauth/register`, 'POST', json, JSON.stringify(metadata));
  const client = await register(issuer);
  const page = authorizationUrl(issuer, client, pkce().challenge).href;
  const results: Measured[] = [];
  try {
    await inParallel(2000, registerOnce);
    results.push(
      await measure(server, 'discovery', 5000, () => send(`${issuer}/.well-known/oauth-authorization-server`, 'GET')),
    );
    results.push(await measure(server, 'registration', 5000, registerOnce));
    results.push(await measure(server, 'consent page', 2000, () => send(page, 'GET')));
    results.push(...(await measureGrants(server, client)));
  } finally {
    await server.stop();
  }
  return results;
}

async function measureGrants(server: Server, client: RawClient): Promise<Measured[]> {
  const { issuer } = server;
  const codes: { code: string; verifier: string }[] = [];
  const signIn = await measure(server, 'sign-in (consent, hand-off, callback)', grants, async (index) => {
    const { verifier, challenge } = pkce();
    const { searchParams } = await walk(authorizationUrl(issuer, client, challenge), client, `user${index}`);
    codes.push({ verifier, code: searchParams.get('code') ?? '' });
  });
  const tokens: { access: string; refresh: string }[] = [];
  const exchange = await measure(server, 'code exchange', grants, async (index) => {
    const { code = '', verifier = '' } = codes[index] ?? {};
    const { status, body } = await redeem(issuer, client, code, verifier);
    if (status !== 200) throw new Error(`The token endpoint answered ${status}.`);
    tokens.push({ access: String(body['access_token']), refresh: String(body['refresh_token']) });
  });
  const rotation = await measure(server, 'refresh', grants * 25, async (index) => {
    const token = tokens[index % grants];
    const { status, body } = await refresh(issuer, client, token?.refresh ?? '');
    if (status !== 200) throw new Error(`The token endpoint answered ${status}.`);
    if (token) token.refresh = String(body['refresh_token']);
  });
  const call = (index: number) =>
    send(`${issuer}/mcp`, 'POST', { authorization: `Bearer ${tokens[index % grants]?.access ?? ''}` });
  const first = await measure(server, 'protected request, token new', grants, call);
  const again = await measure(server, 'protected request, token known', grants * 25, call);
  return [signIn, exchange, rotation, first, again];
}

const bare = await measureBare();
const folder = temporaryFolder();
try {
  for (const store of ['memory:', `sqlite:${join(folder.path, 'bench.sqlite')}`]) {
    console.log(`\n${store.split(':')[0] ?? ''}, ${concurrency} in flight`);
    for (const { operation, microseconds } of [bare, ...(await measureGatehouse(store))]) {
      const ratio = (microseconds / bare.microseconds).toFixed(1);
      console.log(`  ${operation.padEnd(40)}${microseconds.toFixed(0).padStart(6)} µs ${ratio.padStart(7)} ×`);
    }
  }
} finally {
  folder.remove();
  agent.destroy();
}
