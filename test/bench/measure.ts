import type { Contender, Work } from './contenders.js';
import type { ContenderProcess } from './contender-process.js';
import { HttpConnection } from './http-connection.js';
import type { InstantProvider } from './instant-provider.js';
import { createJourney, type Endpoints, type Grant, type Tokens } from './journey.js';

/** What one work cost. */
export interface Cost {
  /** Microseconds of the servers' CPU time per operation, all threads. */
  readonly cpu: number;
  /** Operations in a second, as many as the load had in flight. */
  readonly perSecond: number;
  /** Milliseconds until half, and until 99 of 100, were answered. */
  readonly p50: number;
  readonly p99: number;
}

/** A cost, and how many times that of a bare answer it is, which was measured just before and after it. */
export interface Figures extends Cost {
  readonly ratio: number;
}

/** Measures what a bare answer costs now: the machine sways from one minute to the next. */
export type MeasureFloor = () => Promise<Cost>;

/** How much is done of each; before it is measured, about as much is done to warm up. */
export interface Amounts {
  /** Requests that need nothing prepared. */
  readonly requests: number;
  /** Sign-ins that warm a server up: many, as its compiler settles late on long flows. */
  readonly warmUp: number;
  /** Sign-ins that are measured, and so grants. */
  readonly grants: number;
  /** How often each grant is refreshed. */
  readonly refreshes: number;
}

export const inFlight = 32;

/** The load on one contender, or on several processes of it: it is opened, told what to do, and closed. */
export function createLoad(...servers: readonly ContenderProcess[]) {
  const connections = servers.flatMap(({ port }) => Array.from({ length: inFlight }, () => new HttpConnection(port)));
  const cpuUsed = async () => {
    const usages = await Promise.all(servers.map((server) => server.usage()));
    return usages.reduce((sum, { cpu }) => sum + cpu, 0);
  };

  /** Does something so many times, and says what it cost the servers together. */
  async function measure(count: number, run: (connection: HttpConnection, index: number) => Promise<unknown>) {
    const latencies = new Float64Array(count);
    let next = 0;
    const before = await cpuUsed();
    const begin = performance.now();
    await Promise.all(
      connections.map(async (connection) => {
        for (let index = next++; index < count; index = next++) {
          const sent = performance.now();
          await run(connection, index);
          latencies[index] = performance.now() - sent;
        }
      }),
    );
    const seconds = (performance.now() - begin) / 1000;
    const cpu = (await cpuUsed()) - before;
    latencies.sort();
    const percentile = (share: number) => latencies[Math.floor((count - 1) * share)] ?? 0;
    return {
      cpu: cpu / count,
      perSecond: count / seconds,
      p50: percentile(0.5),
      p99: percentile(0.99),
    } satisfies Cost;
  }

  return {
    measure,
    connection: connections[0] as HttpConnection,
    close: () => connections.forEach((connection) => connection.close()),
  };
}

/** Asks for a document again and again. */
export async function measureDocument(server: ContenderProcess, path: string, requests: number): Promise<Cost> {
  const load = createLoad(server);
  const ask = (connection: HttpConnection) => connection.send({ method: 'GET', path });
  await load.measure(requests / 2, ask);
  const cost = await load.measure(requests, ask);
  load.close();
  return cost;
}

/** Measures something between two looks at the bare server. */
export async function measureBeside(measureFloor: MeasureFloor, measure: () => Promise<Cost>): Promise<Figures> {
  const before = await measureFloor();
  const cost = await measure();
  const after = await measureFloor();
  return { ...cost, ratio: cost.cpu / ((before.cpu + after.cpu) / 2) };
}

/** Measures all works of a contender, one after the other. */
export async function measureWorks(
  { discovery, works }: Contender,
  server: ContenderProcess,
  provider: InstantProvider,
  { requests, warmUp, grants, refreshes }: Amounts,
  measureFloor: MeasureFloor,
): Promise<Map<Work, Figures>> {
  const beside = (measure: () => Promise<Cost>) => measureBeside(measureFloor, measure);
  const load = createLoad(server);
  const { body } = await load.connection.send({ method: 'GET', path: discovery });
  const journey = createJourney(JSON.parse(body) as Endpoints, server.issuer, provider);
  const costs = new Map<Work, Figures>();
  if (works.includes('discovery')) {
    costs.set('discovery', await beside(() => measureDocument(server, discovery, requests)));
  }

  await load.measure(requests / 2, journey.register);
  if (works.includes('registration')) {
    costs.set('registration', await beside(() => load.measure(requests / 2, journey.register)));
  }
  const client = await journey.register(load.connection);

  const codes: Grant[] = [];
  const tokens: Tokens[] = [];
  const signIns = () =>
    load.measure(grants, async (connection, index) => {
      codes[index] = await journey.signIn(connection, client);
    });
  const exchanges = () =>
    load.measure(grants, async (connection, index) => {
      tokens[index] = await journey.redeem(connection, client, codes[index] as Grant);
    });
  // In portions, so that no code waits until it has expired.
  for (let done = 0; done < warmUp; done += grants) {
    await signIns();
    await exchanges();
  }
  const signedIn = await beside(signIns);
  const exchanged = await beside(exchanges);
  if (works.includes('code exchange')) costs.set('code exchange', exchanged);
  if (works.includes('federated flow')) costs.set('federated flow', together(signedIn, exchanged));

  const call = (connection: HttpConnection, index: number) =>
    journey.call(connection, tokens[index % grants] as Tokens);
  const refresh = async (connection: HttpConnection, index: number) => {
    const refreshed = await journey.refresh(connection, client, tokens[index % grants] as Tokens);
    tokens[index % grants] = refreshed;
  };
  if (works.includes('protected request')) {
    await journey.isRefused(load.connection, tokens[0] as Tokens);
    await load.measure(requests / 2, call);
    costs.set('protected request', await beside(() => load.measure(requests, call)));
  }
  if (works.includes('refresh')) {
    await load.measure(warmUp, refresh);
    costs.set('refresh', await beside(() => load.measure(grants * refreshes, refresh)));
  }
  load.close();
  return costs;
}

/** A work of two steps, of which one was done after all of the other. */
function together(one: Figures, other: Figures): Figures {
  return {
    cpu: one.cpu + other.cpu,
    ratio: one.ratio + other.ratio,
    perSecond: 1 / (1 / one.perSecond + 1 / other.perSecond),
    p50: one.p50 + other.p50,
    p99: one.p99 + other.p99,
  };
}
