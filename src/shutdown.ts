import type { Server } from 'node:http';
import { closeGracefully as close, type ClosableGate, type GracefulCloseOptions } from './express/graceful-close.js';
import { systemSleep } from './system.js';

export type { ClosableGate, GracefulCloseOptions } from './express/graceful-close.js';

/**
 * Ends a server without losing a request: withdraws readiness, waits for the load balancer, stops accepting, lets what is
 * in flight finish, closes idle connections, and then the gate.
 *
 * @returns whether everything in flight was finished, and the gate was closed in time
 */
export function closeGracefully(
  server: Server | readonly Server[],
  gate: ClosableGate,
  options: GracefulCloseOptions = {},
): Promise<boolean> {
  return close([server].flat(), gate, options, systemSleep);
}

/**
 * Closes gracefully at SIGTERM or SIGINT, and ends the process: with 0 when everything was finished, with 1 when it was
 * not, or at a second signal.
 *
 * Node has no default for signals where it is the first process of a container: register this before anything that takes
 * its time.
 */
export function closeOnSignal(
  server: Server | readonly Server[],
  gate: ClosableGate,
  options: GracefulCloseOptions = {},
): void {
  let isClosing = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isClosing) process.exit(1);
      isClosing = true;
      closeGracefully(server, gate, options).then(
        (hasFinished) => process.exit(hasFinished ? 0 : 1),
        () => process.exit(1),
      );
    });
  }
}
