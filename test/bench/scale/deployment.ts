import type { HttpConnection } from '../http-connection.js';
import { startContender, type ContenderProcess } from '../contender-process.js';
import type { Contender } from '../contenders.js';
import type { InstantProvider } from '../instant-provider.js';
import { createJourney, type Endpoints, type Grant, type Tokens } from '../journey.js';
import { createLoad, type Cost } from '../measure.js';
import { newStore } from '../stores.js';

/** One or several processes of a contender on a store of their own, and the clients that they serve. */
export type Deployment = Awaited<ReturnType<typeof deploy>>;

type AllEndpoints = Endpoints & { readonly revocation_endpoint?: string };

/** So many grants are made before the next ones are begun: codes live for a minute only. */
const batch = 1000;

const running = new Set<() => Promise<void>>();

/** Stops what runs, when the measurement is broken off: a store that stays behind may be very large. */
export async function stopAll(): Promise<void> {
  await Promise.allSettled([...running].map((stop) => stop()));
}

/** Starts so many processes of a contender, which share one issuer and one store. */
export async function deploy(contender: Contender, provider: InstantProvider, processes = 1) {
  const store = contender.store && (await newStore(contender.store));
  const options = { provider, ...(store && { store: store.location }) };
  const first = await startContender(contender, options);
  const servers: ContenderProcess[] = [first];
  while (servers.length < processes) {
    servers.push(await startContender(contender, { ...options, issuer: first.issuer, core: servers.length }));
  }
  const load = createLoad(...servers);
  const { body } = await load.connection.send({ method: 'GET', path: contender.discovery });
  const endpoints = JSON.parse(body) as AllEndpoints;
  const journey = createJourney(endpoints, first.issuer, provider);
  const client = await journey.register(load.connection);

  /** As the load measures; what fails is told with what the servers wrote. */
  async function measure(...what: Parameters<typeof load.measure>): Promise<Cost> {
    try {
      return await load.measure(...what);
    } catch (cause) {
      throw new Error(`${contender.name} failed. It wrote: ${servers.map((server) => server.log()).join('\n')}`, {
        cause,
      });
    }
  }

  /** From the authorization request to the code. */
  async function signIn(count: number): Promise<{ codes: Grant[]; cost: Cost }> {
    const codes: Grant[] = [];
    const cost = await measure(count, async (connection, index) => {
      codes[index] = await journey.signIn(connection, client);
    });
    return { codes, cost };
  }

  async function redeem(codes: readonly Grant[]): Promise<{ tokens: Tokens[]; cost: Cost }> {
    const tokens: Tokens[] = [];
    const cost = await measure(codes.length, async (connection, index) => {
      tokens[index] = await journey.redeem(connection, client, codes[index] as Grant);
    });
    return { tokens, cost };
  }

  /** Goes round the grants, and keeps the tokens that they have then; there have to be more than are in flight. */
  const refresh = (tokens: Tokens[], count: number) =>
    measure(count, async (connection, index) => {
      const at = index % tokens.length;
      tokens[at] = await journey.refresh(connection, client, tokens[at] as Tokens);
    });

  const call = (tokens: readonly Tokens[], count: number) =>
    measure(count, (connection, index) => journey.call(connection, tokens[index % tokens.length] as Tokens));

  /** Makes grants as users do, uses each once and refreshes it once. */
  async function grow(count: number, progress: (made: number) => void = () => undefined): Promise<Tokens[]> {
    const all: Tokens[] = [];
    while (all.length < count) {
      const { codes } = await signIn(Math.min(batch, count - all.length));
      const { tokens } = await redeem(codes);
      if (contender.works.includes('protected request')) await call(tokens, tokens.length);
      if (contender.works.includes('refresh')) await refresh(tokens, tokens.length);
      all.push(...tokens);
      progress(all.length);
    }
    return all;
  }

  async function stop(): Promise<void> {
    running.delete(stop);
    load.close();
    for (const server of servers) await server.stop();
    await store?.remove();
  }
  running.add(stop);

  return {
    stop,
    /** The first one, or the only one. */
    server: first,
    servers,
    location: store?.location ?? 'memory:',
    endpoints,
    journey,
    client,
    load,
    signIn,
    redeem,
    refresh,
    call,
    grow,
    register: (count: number) => measure(count, (connection: HttpConnection) => journey.register(connection)),
  };
}
