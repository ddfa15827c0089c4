import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder, testSecret } from '../support/gatehouse.js';
import { listen, stop } from '../support/upstream-provider.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { example: string } };

let folder: ReturnType<typeof temporaryFolder>;
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }
  child = undefined;
  folder.remove();
});

/** Does what `npm run example -- NAME` does, apart from npm, with all state in a folder of the test's own. */
function run(name: string, variables: Record<string, string> = {}) {
  const [runner = '', condition = '', file = ''] = scripts.example.split(' ');
  expect(runner).toBe('tsx');
  const node = ['--import', import.meta.resolve(runner), condition, join(root, file), name];
  // From elsewhere tsx would not know how JSX is meant.
  const tsx = { TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') };
  const env = { PATH: process.env['PATH'], HOME: folder.path, GATEHOUSE_SECRET: testSecret, ...tsx, ...variables };
  const started = (child = spawn(process.execPath, node, { cwd: folder.path, env }));
  let said = '';
  for (const stream of [started.stdout, started.stderr]) stream.on('data', (chunk: Buffer) => (said += String(chunk)));
  const ended = once(started, 'close').then(([code]) => code as number | null);
  const printed = once(started.stdout, 'data');
  return { said: () => said, ended, printed: Promise.race([printed, ended]), end: () => started.kill('SIGTERM') };
}

/** The first of two free ports in a row. */
async function freePorts(): Promise<number> {
  const [first, second] = [createServer(), createServer()];
  const port = await listen(first, 0);
  const isFree = await listen(second, port + 1).then(
    () => stop(second).then(() => true),
    () => false,
  );
  await stop(first);
  return isFree ? port : freePorts();
}

async function json(url: string): Promise<Record<string, unknown>> {
  const answer = await fetch(url);
  expect([url, answer.status]).toEqual([url, 200]);
  return (await answer.json()) as Record<string, unknown>;
}

describe('npm run example', () => {
  it.each(['express-sdk1', 'express-sdk2', 'hono', 'node-http', 'resource-server'])(
    'starts %s, which leads a client to its metadata, and ends when it is told to',
    async (name) => {
      const port = await freePorts();
      const issuer = `http://localhost:${port}`;
      const resource = name === 'resource-server' ? `http://localhost:${port + 1}/mcp` : `${issuer}/mcp`;
      const store = `sqlite:${join(folder.path, 'state.sqlite')}`;
      const { said, printed, ended, end } = run(name, { PORT: String(port), GATEHOUSE_STORE: store });
      await printed;
      expect(said()).toContain(`The example ${name} is an MCP server at ${resource}`);

      // Where strangers may do something, only a tool tells them to sign in.
      const answer = await fetch(resource, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami' } }),
      });
      expect(answer.status).toBe(401);
      const { origin, pathname } = new URL(resource);
      const metadataUrl = `${origin}/.well-known/oauth-protected-resource${pathname}`;
      expect(answer.headers.get('www-authenticate')).toBe(
        `Bearer scope="mcp:tools", resource_metadata="${metadataUrl}"`,
      );
      expect(await json(metadataUrl)).toMatchObject({ resource, authorization_servers: [issuer] });
      expect(await json(`${issuer}/.well-known/oauth-authorization-server`)).toMatchObject({
        issuer,
        registration_endpoint: `${issuer}/oauth/register`,
      });

      end();
      expect(await ended).toBe(0);
      expect(readdirSync(folder.path).filter((file) => !file.startsWith('state.sqlite'))).toEqual([]);
    },
    30_000,
  );

  it.each(['', 'express', 'constructor'])('says which examples there are where "%s" is none', async (name) => {
    const { said, ended } = run(name);
    expect(await ended).toBe(1);
    expect(said()).toContain(
      'npm run example -- NAME, with one of express-sdk1, express-sdk2, hono, node-http, resource-server, oauth-proxy.',
    );
    expect(said()).not.toMatch(/\n\s+at /);
  });

  it('says that its port is taken, and does not stay', async () => {
    // By the name by which the examples listen, whichever address that is here.
    const taken = createServer().listen(0, 'localhost');
    await once(taken, 'listening');
    const PORT = String((taken.address() as AddressInfo).port);
    const { said, ended } = run('hono', { PORT, GATEHOUSE_STORE: 'memory:' });
    expect(await ended).toBe(1);
    expect(said()).toContain('choose another one with PORT=');
    await stop(taken);
  });
});
