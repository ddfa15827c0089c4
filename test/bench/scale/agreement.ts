import { HttpConnection, type Reply, type Sent } from '../http-connection.js';
import type { Grant, Tokens } from '../journey.js';
import type { Deployment } from './deployment.js';

/** In how many of so many cases two processes were as good as one. */
export interface Agreement {
  readonly tried: number;
  /** Signed in, redeemed, called and refreshed with every request at another process than the one before. */
  readonly served: number;
  /** Revoked at one process, and refused by the next request at the other. */
  readonly revoked: number;
}

/** Sends each request to another process than the one before. */
class TurnByTurn extends HttpConnection {
  readonly #connections: readonly HttpConnection[];
  #sent = 0;

  constructor(ports: readonly number[]) {
    super(ports[0] ?? 0);
    this.#connections = ports.map((port) => new HttpConnection(port));
  }

  override send(sent: Sent): Promise<Reply> {
    const connection = this.#connections[this.#sent++ % this.#connections.length] as HttpConnection;
    return connection.send(sent);
  }

  override close(): void {
    this.#connections.forEach((connection) => connection.close());
  }
}

/** Walks through so many sign-ins with no two requests in a row at the same process. */
export async function measureAgreement(deployment: Deployment, tried: number): Promise<Agreement> {
  const { servers, journey, client } = deployment;
  const connection = new TurnByTurn(servers.map(({ port }) => port));
  let [served, revoked] = [0, 0];
  for (let index = 0; index < tried; index++) {
    const code: Grant = await journey.signIn(connection, client);
    let tokens: Tokens = await journey.redeem(connection, client, code);
    for (let round = 0; round < 3; round++) {
      await journey.call(connection, tokens);
      await journey.call(connection, tokens);
      tokens = await journey.refresh(connection, client, tokens);
    }
    served++;
    await revoke(connection, deployment, tokens);
    if (await isRefused(journey.call(connection, tokens))) revoked++;
  }
  connection.close();
  return { tried, served, revoked };
}

async function revoke(connection: HttpConnection, { endpoints, client }: Deployment, tokens: Tokens): Promise<void> {
  const { status } = await connection.send({
    method: 'POST',
    path: new URL(endpoints.revocation_endpoint ?? '').pathname,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token: tokens.refresh_token, client_id: client }).toString(),
  });
  if (status !== 200) throw new Error(`Revocation was answered with ${status}.`);
}

async function isRefused(call: Promise<void>): Promise<boolean> {
  return call.then(
    () => false,
    (error: unknown) => String(error).includes('401'),
  );
}
