import { createServer, type RequestListener } from 'node:http';
import {
  memoryStore,
  OAuthAuthorizationServer,
  type Key,
  type AuditRecord,
  type LogEntry,
  type OAuthAuthorizationServerOptions,
  type Store,
} from 'mcp-gatehouse';
import { gatehouseOptions, serveGatehouse } from './gatehouse-parts.js';
import { startInstances } from './instances.js';
import type { SharedStoreKind } from './shared-stores.js';
import { listen, startUpstreamProvider, stop, type UpstreamProviderServer } from './upstream-provider.js';

/** Settings of {@link startGatehouse}; everything of the server's own options can be replaced. */
export type GatehouseSettings = Partial<OAuthAuthorizationServerOptions> & {
  /** A path of the issuer, such as `/team`. */
  readonly path?: string;
  /** The host of the issuer: with `localhost`, the provider on 127.0.0.1 is another site. @defaultValue 127.0.0.1 */
  readonly host?: string;
  /** Wraps the store in memory, to watch it or to make it fail. */
  readonly wrapStore?: (store: Store) => Store;
  /** Lets time pass only when {@link Gatehouse.advance} says so, for limits that are met to the second. */
  readonly stoppedClock?: boolean;
  /** The protected resource, in place of one that answers `req.auth`; mounted behind the bearer gate. */
  readonly protectedHandler?: (gate: OAuthAuthorizationServer) => RequestListener;
};

/** A running authorization server with a protected resource at `/mcp`, in front of a real OpenID provider. */
export interface Gatehouse {
  readonly issuer: string;
  readonly mcpUrl: string;
  readonly gate: OAuthAuthorizationServer;
  readonly upstream: UpstreamProviderServer;
  /** What it logged so far. */
  readonly log: LogEntry[];
  /** The audit events that it told so far. */
  readonly audit: AuditRecord[];
  /** Moves the clock of the server and its memory store; in seconds. */
  advance(seconds: number): void;
  /** Ends the server, and starts another one on the same port; a store that was handed in, or a file, is kept. */
  restart(changes?: Partial<OAuthAuthorizationServerOptions>): Promise<void>;
  /** Stops listening and drops all connections; its state stays. */
  stopListening(): Promise<void>;
  /** Listens again, on the same port. */
  listenAgain(): Promise<void>;
  close(): Promise<void>;
}

export { testSecret } from './gatehouse-parts.js';
export { temporaryFolder } from './temporary-folder.js';

let everywhere: SharedStoreKind | undefined;

/**
 * From now on, and in this test file alone, {@link startGatehouse} starts several processes on one store, so that the
 * tests that are imported next run against them.
 */
export function inSeveralProcesses(store: SharedStoreKind): void {
  everywhere = store;
}

/** Starts one on a free port of 127.0.0.1; its caller closes it. State is in memory unless `store` says otherwise. */
export async function startGatehouse(settings: GatehouseSettings = {}): Promise<Gatehouse> {
  const {
    path = '',
    host = '127.0.0.1',
    wrapStore = (store: Store) => store,
    stoppedClock,
    protectedHandler,
    ...options
  } = settings;
  if (everywhere) {
    if (settings.wrapStore ?? settings.store ?? protectedHandler) {
      throw new Error('A store or a handler cannot be handed to other processes.');
    }
    return startInstances({ store: everywhere, path, host, stoppedClock: stoppedClock ?? false, options });
  }
  let handler: RequestListener = (_request, response) => void response.writeHead(503).end();
  const server = createServer((request, response) => handler(request, response));
  const port = await listen(server, 0);
  const issuer = `http://${host}:${port}${path}`;
  const mcpUrl = `${issuer}/mcp`;
  const upstream = await startUpstreamProvider({ callbackUrl: `${issuer}/oauth/callback` });
  const log: LogEntry[] = [];
  const audit: AuditRecord[] = [];
  let offset = 0;
  const startedAt = Date.now() / 1000;
  const clock = () => (stoppedClock ? startedAt : Date.now() / 1000) + offset;
  const store: Store | string = options.store ?? wrapStore(memoryStore({ clock }));
  let changed = {};
  let gate: OAuthAuthorizationServer;

  const start = () => {
    gate = new OAuthAuthorizationServer({
      ...gatehouseOptions({ issuer, mcpUrl, upstream }),
      clock,
      log: (entry) => log.push(entry),
      audit: (record) => audit.push(record),
      ...options,
      store,
      ...changed,
    });
    handler = serveGatehouse(gate, mcpUrl, options.resources, protectedHandler);
  };
  start();

  return {
    issuer,
    mcpUrl,
    upstream,
    log,
    audit,
    get gate() {
      return gate;
    },
    advance: (seconds) => (offset += seconds),
    async restart(changes = {}) {
      changed = { ...changed, ...changes };
      await gate.close();
      start();
    },
    stopListening: () => stop(server),
    async listenAgain() {
      await listen(server, port);
    },
    async close() {
      await stop(server);
      await upstream.stop();
      await gate.close();
    },
  };
}

/** A write that a {@link recordingStore} passed on. */
export interface RecordedWrite {
  readonly key: Key;
  /** Absent for a deletion. */
  readonly value?: string;
}

/** A store that remembers every write that was asked of it. */
export interface RecordingStore extends Store {
  readonly writes: RecordedWrite[];
  /** Holds the next reads of such records back until so many have come: none of them has seen another one's write. */
  gather(idPrefix: string, readers: number): void;
  /** The keys of the live records whose id begins so, such as `grant.` or `vault.`. */
  liveKeys(idPrefix: string): Promise<Key[]>;
}

/** Counts in how many states grants were written; that one was used is noted by the way, and is none. */
export function grantChanges(writes: readonly RecordedWrite[]): () => number {
  const states = new Set<string>();
  let counted = 0;
  return () => {
    for (const { key, value = '{}' } of writes.slice(counted)) {
      if (key.id.startsWith('grant.')) states.add(JSON.stringify({ ...(JSON.parse(value) as object), usedAt: key }));
    }
    counted = writes.length;
    return states.size;
  };
}

/** Watches a store. */
export function recordingStore(inner: Store): RecordingStore {
  const writes: RecordedWrite[] = [];
  let gathering = { idPrefix: '', missing: 0, release: (): void => undefined, released: Promise.resolve() };
  return {
    writes,
    gather(idPrefix, readers) {
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      gathering = { idPrefix, missing: readers, release, released };
    },
    async get(key) {
      const entry = await inner.get(key);
      const current = gathering;
      if (current.missing > 0 && key.id.startsWith(current.idPrefix)) {
        current.missing -= 1;
        if (current.missing === 0) current.release();
        await current.released;
      }
      return entry;
    },
    set(key, value, options) {
      writes.push({ key, value });
      return inner.set(key, value, options);
    },
    delete(key, options) {
      writes.push({ key });
      return inner.delete(key, options);
    },
    list: (partition, options) => inner.list(partition, options),
    close: () => inner.close(),
    async liveKeys(idPrefix) {
      const keys = new Map(writes.map(({ key }) => [`${key.partition} ${key.id}`, key]));
      const live: Key[] = [];
      for (const key of keys.values()) if (key.id.startsWith(idPrefix) && (await inner.get(key))) live.push(key);
      return live;
    },
  };
}
