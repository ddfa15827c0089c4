import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import {
  OAuthAuthorizationServer,
  postgresStore,
  redisStore,
  sqliteStore,
  type OAuthAuthorizationServerOptions,
  type Store,
} from 'mcp-gatehouse';
import { customProvider } from 'mcp-gatehouse/providers';
import { faultyStore, type Fault, type Operation } from '../faults/faulty-store.js';
import { randomFrom } from './seeded.js';
import { authOf, gatehouseOptions, serveGatehouse, type GatehousePlace } from './gatehouse-parts.js';
import { serverOfLine1, serverOfLine2 } from './mcp-server.js';

/** What an instance is told to be; everything that JSON can hold. */
export interface InstanceSettings extends GatehousePlace {
  /** The location of the store. */
  readonly store: string;
  /** Milliseconds after which the client of the store gives up; without it the store is opened by its location. */
  readonly impatience?: number;
  /** How far its clock is ahead of the others, in seconds. */
  readonly ahead: number;
  /** Where its clock stands still. */
  readonly stoppedAt?: number | undefined;
  /** A provider without discovery, whose endpoints are below this URL, in place of the OpenID provider. */
  readonly plainProvider?: string;
  /** An MCP server in place of the resource that answers `req.auth`. */
  readonly mcpServer?: 'line 1' | 'line 2';
  readonly options?: Partial<OAuthAuthorizationServerOptions>;
}

/** What an instance is told to do. */
export type Order =
  | { readonly does: 'serve'; readonly settings: InstanceSettings }
  | { readonly does: 'advance'; readonly seconds: number }
  /** Ends this very process, as kill -9 does, before or after one of the next operations of the store. */
  | { readonly does: 'die'; readonly operation: number; readonly when: 'before' | 'after' }
  /** Lets operations of the store go wrong, at random; a rate of 0 ends that. */
  | {
      readonly does: 'fail';
      readonly seed: number;
      readonly rate: number;
      readonly faults: readonly Fault[];
      /** Only writes of such records go wrong. @defaultValue every operation may */
      readonly record?: string;
    }
  | { readonly does: 'rotate' | 'be ready' | 'nothing' | 'close' };

let handler: RequestListener = (_request, response) => void response.writeHead(503).end();
let gate: OAuthAuthorizationServer | undefined;
let closeStore: () => Promise<unknown> = () => Promise.resolve();
let offset = 0;
let death: { left: number; readonly when: 'before' | 'after' } | undefined;
let decideFault: (operation: Operation) => Fault | undefined = () => undefined;

async function close(): Promise<void> {
  await gate?.close();
  await closeStore();
  closeStore = () => Promise.resolve();
  gate = undefined;
}

/** Puts a server in the place of the one before; at `/upstream-token` it tells what a tool would get. */
async function serve(settings: InstanceSettings): Promise<void> {
  await close();
  death = undefined;
  decideFault = () => undefined;
  const { mcpUrl, ahead, stoppedAt, plainProvider, mcpServer, options } = settings;
  offset = ahead;
  const clock = () => (stoppedAt ?? Date.now() / 1000) + offset;
  const store =
    settings.impatience === undefined ? settings.store : openOwn(settings.store, settings.impatience, clock);
  const all = {
    ...gatehouseOptions(settings),
    ...(plainProvider !== undefined && { providers: [plainProviderAt(plainProvider)] }),
    log: (entry: object) => process.send?.({ log: entry }),
    audit: (record: object) => process.send?.({ audit: record }),
    ...options,
    clock,
    store,
  };
  gate = new OAuthAuthorizationServer(all);
  const handlers = { 'line 1': serverOfLine1, 'line 2': serverOfLine2 };
  const app = serveGatehouse(gate, mcpUrl, options?.resources, mcpServer && handlers[mcpServer]);
  const current = gate;
  handler = app;
  if (options?.resources) return;
  app.all('/upstream-token', gate.requireBearerAuth({ resource: mcpUrl }), async (request, response) => {
    try {
      response.json(await current.getUpstreamToken(authOf(request), { minimumTtl: 60 }));
    } catch (error) {
      response.status(409).json({ reason: (error as { reason?: unknown }).reason ?? String(error) });
    }
  });
}

function plainProviderAt(origin: string) {
  return customProvider({
    id: 'plain',
    name: 'Provider',
    clientId: 'gatehouse',
    clientSecret: 'upstream-client-secret-canary',
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint: `${origin}/token`,
    userInfoEndpoint: `${origin}/me`,
  });
}

/** A store on a client of the application's own, which gives up soon; it can be made to fail, and to kill its process. */
function openOwn(location: string, milliseconds: number, clock: () => number): Store {
  const inner = openClient(location, milliseconds, clock);
  const faulty = faultyStore(inner);
  faulty.failWhen((operation) => decideFault(operation));
  return {
    get: (key) => mortal(() => faulty.get(key)),
    set: (key, value, options) => mortal(() => faulty.set(key, value, options)),
    delete: (key, options) => mortal(() => faulty.delete(key, options)),
    list: (partition, options) => mortal(() => faulty.list(partition, options)),
    close: () => faulty.close(),
  };
}

function openClient(location: string, milliseconds: number, clock: () => number): Store {
  if (location.startsWith('redis')) {
    const client = new Redis(location, {
      connectTimeout: milliseconds,
      commandTimeout: milliseconds,
      maxRetriesPerRequest: 1,
      retryStrategy: () => 50,
    }).on('error', () => undefined);
    const store = redisStore({ client, clock });
    closeStore = () => (client.disconnect(), store.close());
    return store;
  }
  if (location.startsWith('postgres')) {
    const pool = new Pool({
      connectionString: location,
      connectionTimeoutMillis: milliseconds,
      query_timeout: milliseconds,
    }).on('error', () => undefined);
    const store = postgresStore({ pool, clock });
    closeStore = async () => {
      await store.close();
      await pool.end();
    };
    return store;
  }
  const store = sqliteStore({ path: location.slice('sqlite:'.length), clock });
  closeStore = () => store.close();
  return store;
}

async function mortal<T>(operate: () => Promise<T>): Promise<T> {
  const dying = death && --death.left === 0 ? death.when : undefined;
  if (dying === 'before') process.kill(process.pid, 'SIGKILL');
  const answer = await operate();
  if (dying === 'after') process.kill(process.pid, 'SIGKILL');
  return answer;
}

async function obey(order: Order): Promise<unknown> {
  switch (order.does) {
    case 'serve':
      return serve(order.settings);
    case 'advance':
      return (offset += order.seconds);
    case 'die':
      return (death = { left: order.operation, when: order.when });
    case 'fail': {
      const chance = randomFrom(order.seed);
      decideFault = ({ verb, record }) => {
        if (order.record !== undefined && (order.record !== record || verb !== 'set')) return undefined;
        const fault = chance.next() < order.rate ? chance.pick(order.faults) : undefined;
        // Only what is sent again after a reconnect can meet itself; and no store answers a read with what is not so.
        return fault === 'false after' && verb !== 'set' ? 'throw before' : fault;
      };
      return;
    }
    case 'rotate':
      return gate?.rotateSigningKeys();
    case 'be ready':
      return gate?.ready();
    case 'close':
      return close();
    case 'nothing':
      return;
  }
}

process.on('message', ({ id, order }: { id: number; order: Order }) => {
  obey(order).then(
    () => process.send?.({ id }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
// What nobody awaits ends the process, as it would in production.
const server = createServer((request, response) => handler(request, response));
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
