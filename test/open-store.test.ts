import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { OAuthAuthorizationServer, type LogEntry } from '../src/index.js';
import { describeLocation, isStoreLocation, openStore } from '../src/open-store.js';
import { guarded } from '../src/storage/guarded.js';
import type { Store } from '../src/storage/store.js';
import { oidcProvider } from '../providers/oidc.js';
import { isWithoutPostgres, isWithoutRedis, postgresUrl, redisUrl } from './support/database-servers.js';
import { testSecret } from './support/gatehouse.js';
import { startStallingProxy } from './support/stalling-proxy.js';

const clock = () => Date.now() / 1000;
const key = { partition: `open-store-${randomUUID()}`, id: 'record' };
const password = 'canary/of a:password';
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function open(location: string): Store {
  const store = openStore(location, clock);
  cleanUps.push(() => store.close());
  return store;
}

const schema = `gatehouse_${randomUUID().replaceAll('-', '')}`;
/** A URL by which tables are made in the schema of this test. */
function inOwnSchema(url: string): string {
  const location = new URL(url);
  location.searchParams.set('options', `-c search_path=${schema}`);
  return location.href;
}
const ownSchemaUrl = inOwnSchema(postgresUrl);

/** Makes the schema, and takes it away after the test. */
async function administrator(): Promise<Pool> {
  const pool = new Pool({ connectionString: postgresUrl });
  await pool.query(`CREATE SCHEMA ${schema}`);
  cleanUps.push(async () => {
    await pool.query(`DROP SCHEMA ${schema} CASCADE`);
    await pool.end();
  });
  return pool;
}

/** Writes a record that goes by itself, reads, lists and removes it. */
async function tryOut(store: Store): Promise<void> {
  await store.set(key, 'value', { version: 'v', expiresAt: clock() + 1 });
  expect(await store.get(key)).toEqual({ value: 'value', version: 'v' });
  expect(await store.list(key.partition)).toHaveLength(1);
  expect(await store.delete(key, { expect: 'v' })).toBe(true);
}

/** A server that says one thing to everybody, or nothing at all; with the URL of a store there. */
async function startFakeServer(protocol: string, answer: string | Buffer): Promise<string> {
  const server: Server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        // Each command of Redis wants its answer.
        const commands = protocol === 'redis' ? String(data).split(/^\*/m).length - 1 : 1;
        for (let command = 0; command < commands; command++) socket.write(answer);
      });
    cleanUps.push(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return `${protocol}://somebody:${encodeURIComponent(password)}@127.0.0.1:${port}/2`;
}

const postgresError = (message: string) => {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C28P01\0M${message}\0\0`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(fields.length + 4);
  return Buffer.concat([Buffer.from('E'), length, fields]);
};

describe('where a store is', () => {
  it.each([
    ...['memory:', 'sqlite:a', 'redis://localhost', 'rediss://:secret@cache.example:6380/1'],
    ...['postgres://me:secret@db.example/gatehouse?sslmode=require', 'postgresql://localhost'],
    ...[
      'redis://me:p@ss@cache.example/',
      'postgres://me%40tenant@db.example/a%40b',
      'postgres:///db?host=/run/postgresql',
    ],
  ])('may be %j', (location) => expect(isStoreLocation(location)).toBe(true));

  it.each(['', 'redis:', 'redis://', 'redis:localhost', 'mysql://localhost', 'postgres://me:a#b/c@[db', 'memory:x'])(
    'may not be %j',
    (location) => expect(isStoreLocation(location)).toBe(false),
  );

  it.each([
    'redis://me:12/rest@host',
    'rediss://me:1#rest@host',
    'postgres://me:12/rest@host/db',
    'postgres://me:1?rest@host',
  ])('may not be %j, where what is told of it would be part of a password', (location) =>
    expect(isStoreLocation(location)).toBe(false),
  );

  it.each(['redis://me:50%@host', 'postgres://me:50%zz@host/db', 'redis://host/name'])(
    'may not be %j, which the driver could not read',
    (location) => expect(isStoreLocation(location)).toBe(false),
  );

  it('is told without user, password and parameters', () => {
    expect(describeLocation('rediss://me:secret@cache.example:6380/1?password=secret')).toBe(
      'rediss://cache.example:6380/1',
    );
  });
});

describe.skipIf(isWithoutRedis)('redis://…', () => {
  it('opens a store, whose connection ends with it', async () => {
    const watcher = new Redis(redisUrl);
    cleanUps.push(() => watcher.quit());
    const ours = async () =>
      String(await watcher.client('LIST'))
        .split('\n')
        .filter((line) => line.includes(`name=mcp-gatehouse`)).length;
    const before = await ours();
    const store = open(redisUrl);
    await tryOut(store);
    expect(await ours()).toBe(before + 1);
    await store.close();
    await expect.poll(ours).toBe(before);
    await expect(store.get(key)).rejects.toThrow('closed');
    await store.close();
  });
});

describe.skipIf(isWithoutPostgres)('postgres://…', () => {
  it('opens a store and makes its table, and ends its connections with it', async () => {
    const pool = await administrator();
    const store = open(ownSchemaUrl);
    await Promise.all([tryOut(store), store.list('nobody')]);
    const { rows } = await pool.query(`SELECT 1 FROM pg_tables WHERE schemaname = '${schema}'`);
    expect(rows).toHaveLength(1);
    await store.close();
    await expect(store.get(key)).rejects.toThrow('closed');
    await store.close();
  });

  it('carries an authorization server, and another one that is started later', async () => {
    await administrator();
    for (let start = 0; start < 2; start++) {
      const gate = new OAuthAuthorizationServer({
        issuer: 'http://localhost:3000',
        secret: testSecret,
        providers: [oidcProvider({ issuer: 'http://localhost:4000', clientId: 'id', clientSecret: 'for a test' })],
        store: ownSchemaUrl,
      });
      await gate.ready();
      await gate.close();
    }
  });

  it('tries again to make its table when it could not at first', async () => {
    const store = open(ownSchemaUrl);
    await expect(store.get(key)).rejects.toThrow('no schema has been selected to create in');
    await administrator();
    await tryOut(store);
  });
});

describe('a server that is not there', () => {
  it.each(['redis', 'postgres'])(
    'is reported for %s:// with its address and without the password',
    async (protocol) => {
      const location = await startFakeServer(protocol, '');
      for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
      const log: LogEntry[] = [];
      const gate = new OAuthAuthorizationServer({
        issuer: 'http://localhost:3000',
        secret: testSecret,
        providers: [oidcProvider({ issuer: 'http://localhost:4000', clientId: 'id', clientSecret: 'for a test' })],
        store: location,
        log: (entry) => log.push(entry),
      });
      const thrown = await gate.ready().catch((error: unknown) => error as Error);
      expect(thrown).toMatchObject({ code: 'temporarily_unavailable', status: 503 });
      const { host } = new URL(location);
      expect((thrown as Error).cause).toMatchObject({
        code: 'ECONNREFUSED',
        message: expect.stringMatching(
          new RegExp(`^The \\w+ server \\(${protocol}://${host}/2\\) cannot be used: .*ECONNREFUSED`),
        ) as string,
      });
      expect((await gate.fetch(new Request('http://localhost:3000/oauth/jwks'))).status).toBe(503);
      expect(JSON.stringify(log)).toContain('ECONNREFUSED');
      await gate.close();
      expect(JSON.stringify(log)).not.toContain('canary');
    },
  );

  it.each([
    ['redis', `-ERR you said ${password}\r\n`],
    ['postgres', postgresError(`you said ${password} (${encodeURIComponent(password)})`)],
  ])('has the password taken out of what %s says', async (protocol, answer) => {
    const thrown = await open(await startFakeServer(protocol, answer))
      .get(key)
      .catch((error: unknown) => error as Error);
    expect((thrown as Error).message).toContain('you said …');
    expect(inspected(thrown)).not.toContain('canary');
  });

  it.each(['redis', 'postgres'])(
    'is given up before the guard does so when %s:// takes calls and says nothing',
    async (protocol) => {
      const store = guarded(open(await startFakeServer(protocol, '')));
      await expect(store.get(key)).rejects.toMatchObject({
        status: 503,
        cause: { message: expect.stringContaining('cannot be used') as string },
      });
    },
  );
});

describe.skipIf(isWithoutRedis || isWithoutPostgres)('a server that stops answering', () => {
  it.each([
    ['redis', redisUrl, 6379],
    ['postgres', postgresUrl, 5432],
  ])('is given up for %s:// before the guard does so, and used again when it answers', async (_, url, port) => {
    const proxy = await startStallingProxy(url, port);
    cleanUps.push(() => proxy.close());
    await administrator();
    const store = open(inOwnSchema(proxy.url));
    await tryOut(store);
    proxy.stall();
    await expect(guarded(store).list(key.partition)).rejects.toMatchObject({
      status: 503,
      cause: { message: expect.stringContaining('cannot be used: ') as string },
    });
    proxy.release();
    await store.list(key.partition);
  });
});

/** All that a log would show of an error that is printed whole. */
function inspected(error: unknown): string {
  const { message, stack, ...rest } = error as Error;
  return [message, stack, JSON.stringify(rest), String((error as Error).cause)].join('\n');
}
