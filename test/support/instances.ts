import {
  OAuthAuthorizationServer,
  type AuditRecord,
  type LogEntry,
  type OAuthAuthorizationServerOptions,
} from 'mcp-gatehouse';
import type { Gatehouse } from './gatehouse.js';
import { gatehouseOptions } from './gatehouse-parts.js';
import type { InstanceSettings, Order } from './instance.js';
import { startInstanceProcess, type InstanceProcess } from './instance-process.js';
import { roundRobin, type RoundRobin } from './round-robin.js';
import { newSharedStore, type SharedStoreKind } from './shared-stores.js';
import { listen, startUpstreamProvider, stop } from './upstream-provider.js';

/** What {@link startInstances} can be told. */
export interface InstancesSettings extends Pick<InstanceSettings, 'mcpServer' | 'impatience' | 'plainProvider'> {
  readonly store: SharedStoreKind | { readonly location: string };
  /** A path of the issuer. */
  readonly path?: string;
  readonly host?: string;
  readonly stoppedClock?: boolean;
  /** How far the clock of each is ahead, in seconds; there are as many instances. @defaultValue three of them */
  readonly ahead?: readonly number[];
  /** The location of the store as the nth instance is told. @defaultValue the same for all */
  readonly locationOf?: (index: number) => string;
  readonly options?: Partial<OAuthAuthorizationServerOptions>;
}

/** Several processes that are one gatehouse, behind a load balancer that sends each request to the next one. */
export interface Instances extends Gatehouse {
  readonly processes: readonly InstanceProcess[];
  readonly balancer: RoundRobin<InstanceProcess>;
  /** Lets all carry out an order; those that have ended hear nothing of it. */
  all(order: Order): Promise<void>;
  /** Puts a process in the place of one that has ended. */
  revive(index: number): Promise<void>;
}

/** Processes that nobody uses now: starting one takes longer than most tests. */
const idle: InstanceProcess[] = [];

async function takeProcess(): Promise<InstanceProcess> {
  for (let free = idle.pop(); free; free = idle.pop()) if (free.isAlive()) return free;
  return startInstanceProcess();
}

/** Starts processes ahead of time. */
export async function warmUp(count: number): Promise<void> {
  const missing = Math.max(0, count - idle.length);
  idle.push(...(await Promise.all(Array.from({ length: missing }, startInstanceProcess))));
}

/** Starts instances at the same moment on one store; `gate` is one more, which serves nothing. */
export async function startInstances(settings: InstancesSettings): Promise<Instances> {
  const { path = '', host = '127.0.0.1', stoppedClock = false, mcpServer, impatience, plainProvider } = settings;
  const { ahead = stoppedClock ? [0, 0, 0] : [0, 3, -2] } = settings;
  const own = typeof settings.store === 'string' ? await newSharedStore[settings.store]() : undefined;
  const location = own?.location ?? (settings.store as { location: string }).location;
  const { locationOf = () => location } = settings;

  // Whatever was asked of the instances has arrived, and what they told of themselves has been heard.
  let pending: Promise<unknown> = Promise.resolve();
  const balancer = roundRobin<InstanceProcess>((target) =>
    pending.then(() => target.obey({ does: 'nothing' }).catch(() => undefined)),
  );
  const port = await listen(balancer.server, 0);
  const issuer = `http://${host}:${port}${path}`;
  const mcpUrl = `${issuer}/mcp`;
  const upstream = await startUpstreamProvider({ callbackUrl: `${issuer}/oauth/callback` });
  const { issuer: upstreamIssuer, clientId, clientSecret } = upstream;
  const place = { issuer, mcpUrl, upstream: { issuer: upstreamIssuer, clientId, clientSecret } };
  const log: LogEntry[] = [];
  const audit: AuditRecord[] = [];
  const begin = Date.now() / 1000;
  let offset = 0;
  const clock = () => (stoppedClock ? begin : Date.now() / 1000) + offset;
  let { options = {} } = settings;
  let gate = observer();

  /** An instance in this very process. */
  function observer() {
    return new OAuthAuthorizationServer({
      ...gatehouseOptions(place),
      audit: false,
      ...options,
      clock,
      store: location,
    });
  }

  const settingsOf = (index: number): InstanceSettings => ({
    ...place,
    store: locationOf(index),
    ahead: (ahead[index] ?? 0) + offset,
    options: asJson(options),
    ...(stoppedClock && { stoppedAt: begin }),
    ...(impatience !== undefined && { impatience }),
    ...(plainProvider !== undefined && { plainProvider }),
    ...(mcpServer && { mcpServer }),
  });

  async function put(index: number): Promise<void> {
    const process = await takeProcess();
    process.onLog((entry) => log.push(entry));
    process.onAudit((record) => audit.push(record));
    await process.obey({ does: 'serve', settings: settingsOf(index) });
    balancer.targets[index] = process;
  }

  async function all(order: Order): Promise<void> {
    await Promise.all(balancer.targets.filter((each) => each.isAlive()).map((each) => each.obey(order)));
  }

  await Promise.all(ahead.map((_, index) => put(index)));
  return {
    issuer,
    mcpUrl,
    upstream,
    log,
    audit,
    balancer,
    get gate() {
      return gate;
    },
    get processes() {
      return balancer.targets;
    },
    all,
    revive: put,
    advance(seconds) {
      offset += seconds;
      pending = pending.then(() => all({ does: 'advance', seconds }));
    },
    async restart(changes = {}) {
      options = { ...options, ...changes };
      await gate.close();
      gate = observer();
      await Promise.all(
        balancer.targets.map((each, index) => each.obey({ does: 'serve', settings: settingsOf(index) })),
      );
    },
    stopListening: () => stop(balancer.server),
    async listenAgain() {
      await listen(balancer.server, port);
    },
    async close() {
      await pending;
      await stop(balancer.server);
      await upstream.stop();
      await gate.close();
      await all({ does: 'close' });
      idle.push(...balancer.targets.filter((each) => each.isAlive()));
      await own?.remove();
    },
  };
}

/** What crosses to another process; a function cannot. */
function asJson<T extends object>(options: T): T {
  const hook = Object.entries(options).find(([, value]) => typeof value === 'function' || isNoJson(value));
  if (hook) throw new Error(`${hook[0]} cannot be handed to another process: this test needs one server, in its own.`);
  return JSON.parse(JSON.stringify(options)) as T;
}

function isNoJson(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.some((each) => each !== null && typeof each === 'object' && hasFunction(each as object))
  );
}

function hasFunction(value: object): boolean {
  return Object.values(value).some((each) => typeof each === 'function');
}
