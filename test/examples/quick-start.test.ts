import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError } from 'mcp-gatehouse';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSettings } from '../../examples/quick-start/settings.js';
import { callResource, refresh, signIn } from '../support/client.js';
import { temporaryFolder, testSecret } from '../support/gatehouse.js';
import { listen, startUpstreamProvider, stop } from '../support/upstream-provider.js';

const folderOfExample = fileURLToPath(new URL('../../examples/quick-start/', import.meta.url));

let folder: ReturnType<typeof temporaryFolder>;
let children: ChildProcess[];
const closing: (() => unknown)[] = [];
beforeEach(() => {
  folder = temporaryFolder();
  children = [];
});
afterEach(async () => {
  for (const child of children) await end(child, 'SIGKILL');
  for (const close of closing.splice(0)) await close();
  folder.remove();
});

interface Running {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  readonly output: () => string;
  /** Resolves once it has printed a text; rejects when it ends before that. */
  readonly printed: (text: string) => Promise<void>;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
}

/** Runs one of the scripts as `npm start` and `npm run try` do, with its state in a folder of the test's own. */
function run(script: string, environment: Record<string, string>, ...args: string[]): Running {
  const node = [
    ...['--import', import.meta.resolve('tsx'), '--conditions=mcp-gatehouse-source'],
    join(folderOfExample, script),
    ...args,
  ];
  const { PATH = '' } = process.env;
  // From elsewhere tsx would not know how JSX is meant.
  const env = { PATH, TSX_TSCONFIG_PATH: join(folderOfExample, '../../tsconfig.json'), ...environment };
  const child = spawn(process.execPath, node, { cwd: folder.path, env });
  children.push(child);
  let text = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (const listener of listeners) listener();
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    output: () => text,
    ended,
    printed: (wanted) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (text.includes(wanted)) resolve();
        };
        listeners.add(look);
        void ended.then((code) => reject(new Error(`It ended with ${String(code)}: ${text}`)));
        look();
      }),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill(signal);
  await closed;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0);
  await stop(server);
  return port;
}

/** The variables that keep everything inside of the test's folder. */
function environment(port: number): Record<string, string> {
  return {
    PORT: String(port),
    GATEHOUSE_SECRET: testSecret,
    GATEHOUSE_STORE: `sqlite:${join(folder.path, 'gatehouse.sqlite')}`,
  };
}

async function startServer(variables: Record<string, string>): Promise<Running> {
  const server = run('main.ts', variables);
  await server.printed('State is kept in');
  return server;
}

describe('the quick start', () => {
  it('says what to do next, serves a whole trial, and stops when it is told to', async () => {
    const port = await freePort();
    const server = await startServer(environment(port));
    expect(server.output()).toContain(`http://localhost:${port}/mcp`);
    expect(server.output()).toContain('any user name, any password');
    expect(server.output()).toContain('development mode');
    expect(server.output()).not.toContain(testSecret);

    const trial = run('try.ts', { PORT: String(port) });
    expect(await trial.ended, trial.output()).toBe(0);
    expect(trial.output()).toContain('All is well.');
    expect(trial.output()).toContain('"name": "Alice"');
    expect(trial.output()).toMatch(/refreshed: a token for "mcp:tools/);

    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    expect(existsSync(join(folder.path, 'gatehouse.sqlite'))).toBe(true);
  });

  it('keeps its clients and their sign-ins over a restart', async () => {
    const port = await freePort();
    const issuer = `http://localhost:${port}`;
    const first = await startServer(environment(port));
    const { client, accessToken, refreshToken } = await signIn(issuer);
    first.child.kill('SIGTERM');
    await first.ended;

    await startServer(environment(port));
    const initialize = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    };
    const call = async (token: string) => {
      const answer = await fetch(`${issuer}/mcp`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
        },
        body: JSON.stringify(initialize),
      });
      return { status: answer.status, text: await answer.text() };
    };
    expect(await call(accessToken)).toMatchObject({
      status: 200,
      text: expect.stringContaining('serverInfo') as string,
    });
    const { status, body } = await refresh(issuer, client, refreshToken);
    expect(status).toBe(200);
    expect(await call(String(body['access_token']))).toMatchObject({ status: 200 });
    expect((await callResource(`${issuer}/mcp`, undefined)).status).toBe(401);
  });

  it('uses the provider that the environment names', async () => {
    const port = await freePort();
    const issuer = `http://localhost:${port}`;
    const upstream = await startUpstreamProvider({ callbackUrl: `${issuer}/oauth/callback` });
    closing.push(() => upstream.stop());
    const server = await startServer({
      ...environment(port),
      OIDC_ISSUER: upstream.issuer,
      OIDC_CLIENT_ID: upstream.clientId,
      OIDC_CLIENT_SECRET: upstream.clientSecret,
    });
    expect(server.output()).toContain(`Users sign in with ${new URL(upstream.issuer).host}.`);
    expect(server.output()).not.toContain('any password');
    const { body } = await signIn(issuer);
    expect(body).toHaveProperty('access_token');
    expect(upstream.requests.map(({ path }) => path)).toContain('/token');
    expect((await fetch(`${issuer}/local-provider/.well-known/openid-configuration`)).status).toBe(404);
  });

  it('says which variables of a provider are missing, and ends', async () => {
    const server = run('main.ts', { ...environment(await freePort()), OIDC_ISSUER: 'https://id.example' });
    expect(await server.ended).toBe(1);
    expect(server.output()).toContain('configured by half: set OIDC_CLIENT_ID and OIDC_CLIENT_SECRET too');
    expect(server.output()).not.toMatch(/\n\s+at /);
  });

  it('says that its port is in use, and ends', async () => {
    const server = createServer();
    const port = await listen(server, 0);
    closing.push(() => stop(server));
    const second = run('main.ts', environment(port));
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain('The port is in use: stop what runs there, or choose another one with PORT=');
    expect(second.output()).not.toMatch(/\n\s+at /);
  });

  it('says what is wrong with a secret that is too short, and ends', async () => {
    const server = run('main.ts', { ...environment(await freePort()), GATEHOUSE_SECRET: 'short' });
    expect(await server.ended).toBe(1);
    expect(server.output()).toContain('secret has to have at least 32 random characters');
  });

  it('says that the secret does not fit the store, and ends', async () => {
    const variables = environment(await freePort());
    const first = await startServer(variables);
    first.child.kill('SIGTERM');
    await first.ended;
    const other = run('main.ts', { ...variables, GATEHOUSE_SECRET: testSecret.split('').reverse().join('') });
    expect(await other.ended).toBe(1);
    expect(other.output()).toContain('under another secret');
  });

  it('has a trial that says what to do when no server runs', async () => {
    const trial = run('try.ts', { PORT: String(await freePort()) });
    expect(await trial.ended).toBe(1);
    expect(trial.output()).toContain('Is the server running? Start it with npm start');
  });
});

describe('the settings of the quick start', () => {
  it('make a secret at the first start, keep it for the owner only, and find it again', () => {
    const place = join(folder.path, 'state');
    const first = readSettings({}, place);
    expect(first).toMatchObject({
      url: 'http://localhost:3000',
      port: 3000,
      store: `sqlite:${join(place, 'gatehouse.sqlite')}`,
      state: join(place, 'gatehouse.sqlite'),
      providers: [],
    });
    expect(readFileSync(join(place, 'secret'), 'utf8')).toBe(first.secret[0]);
    expect(statSync(join(place, 'secret')).mode & 0o777).toBe(0o600);
    expect(statSync(place).mode & 0o777).toBe(0o700);
    expect(Buffer.from(first.secret[0] ?? '', 'base64')).toHaveLength(32);
    expect(readSettings({}, place).secret).toEqual(first.secret);
  });

  it('prints of the URL of a database only where it is', () => {
    const { state } = readSettings(
      {
        GATEHOUSE_SECRET: testSecret,
        GATEHOUSE_STORE: 'postgres://me:canary@db.example:5433/gatehouse?password=canary',
      },
      folder.path,
    );
    expect(state).toBe('db.example:5433');
  });

  it('make no file where everything is given', () => {
    const place = join(folder.path, 'state');
    const settings = readSettings({ GATEHOUSE_SECRET: testSecret, GATEHOUSE_STORE: 'memory:', PORT: '4000' }, place);
    expect(settings).toMatchObject({
      url: 'http://localhost:4000',
      port: 4000,
      secret: [testSecret],
      store: 'memory:',
    });
    expect(settings.state).toMatch(/^memory/);
    expect(existsSync(place)).toBe(false);
  });

  it.each(['0', '65536', 'abc', '-1', '3000.5'])('refuse the port %j', (port) => {
    expect(() => readSettings({ PORT: port }, folder.path)).toThrow('PORT has to be a number from 1 to 65535.');
  });

  it('demand a secret and a provider for a server that others can reach', () => {
    const attempt = () => readSettings({ GATEHOUSE_URL: 'https://mcp.example' }, join(folder.path, 'state'));
    expect(attempt).toThrow(ConfigurationError);
    expect(attempt).toThrow(/GATEHOUSE_SECRET.*[\s\S]*provider is missing/);
    expect(existsSync(join(folder.path, 'state'))).toBe(false);
  });
});
