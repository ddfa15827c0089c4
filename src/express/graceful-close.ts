import type { Server } from 'node:http';
import type { Sleep } from '../storage/clock.js';

/** The part of a gate that is closed with a server. */
export interface ClosableGate {
  /** Lets `/readyz` say that no more requests should come. */
  drain?(): void;
  close(): Promise<void>;
}

/** How long the steps of a graceful close may take; in seconds. */
export interface GracefulCloseOptions {
  /** How long requests are still accepted after readiness was withdrawn: until the load balancer has noticed. @defaultValue 0 */
  readonly drainTtl?: number | undefined;
  /** How long requests in flight have then; their connections are cut after that. @defaultValue 20 */
  readonly graceTtl?: number | undefined;
}

/** How often connections that have become idle are closed; in seconds. */
const idleCheckTtl = 0.05;

/** How long the gate may take to close, such as a store that is away; in seconds. */
const gateCloseTtl = 10;

/**
 * Ends a server without losing a request: withdraws readiness, waits for the load balancer, stops accepting, lets what is
 * in flight finish, closes idle connections, and then the gate.
 *
 * @returns whether everything in flight was finished, and the gate was closed in time
 */
export async function closeGracefully(
  servers: readonly Server[],
  gate: ClosableGate,
  { drainTtl = 0, graceTtl = 20 }: GracefulCloseOptions,
  sleep: Sleep,
): Promise<boolean> {
  gate.drain?.();
  for (const server of servers) {
    // A connection that is kept would be used for the next request, which would then meet a server that is gone.
    server.prependListener('request', (_request, response) => (response.shouldKeepAlive = false));
  }
  if (drainTtl > 0) await sleep(drainTtl);
  const deadline = new AbortController();
  const closed = Promise.all(servers.map(closing)).then(() => true);
  const late = sleep(graceTtl, deadline.signal).then(() => false);
  let outcome: boolean | undefined;
  while (outcome === undefined) {
    for (const server of servers) server.closeIdleConnections();
    outcome = await Promise.race([closed, late, sleep(idleCheckTtl).then(() => undefined)]);
  }
  deadline.abort();
  for (const server of servers) server.closeAllConnections();
  await closed;
  const isClosed = await inTime(gate.close(), gateCloseTtl, sleep);
  return outcome && isClosed;
}

/** Whether it came to its end within that time. */
async function inTime(work: Promise<void>, ttl: number, sleep: Sleep): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(ttl, timer.signal).then(() => false);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    timer.abort();
  }
}

/** One that was never listening is closed already. */
function closing(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
