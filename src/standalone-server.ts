import { createServer, type Server } from 'node:http';
import { OAuthAuthorizationServer } from './authorization-server.js';
import { ConfigurationError } from './configuration-error.js';
import type { Environment } from './environment-rules.js';
import type { OAuthAuthorizationServerOptions } from './options.js';
import { closeOnSignal } from './shutdown.js';

/** Where a standalone server listens, and how long it takes to stop. Durations are in seconds. */
interface Listening {
  readonly host: string;
  readonly port: number;
  readonly drainTtl: number;
  readonly graceTtl: number;
}

/**
 * Serves a gatehouse by itself, for MCP servers elsewhere, until a signal ends the process.
 *
 * @returns in one sentence, where it is
 * @throws {ConfigurationError} naming every fault at once
 * @throws {AuthError} temporarily_unavailable when the store is away
 */
export async function serveStandalone(
  options: OAuthAuthorizationServerOptions,
  environment: Environment,
): Promise<string> {
  const faults: string[] = [];
  const { host, port, drainTtl, graceTtl } = listeningOf(environment, faults);
  const gate = open(options, faults);
  if (!gate || faults.length > 0) {
    await gate?.close();
    throw new ConfigurationError(faults);
  }
  const server = createServer(gate.createRouter());
  // Longer than the idle time-out of the load balancers in use (60 s): who closes first must not be this side.
  server.keepAliveTimeout = 75_000;
  server.headersTimeout = 15_000;
  // What is posted here is small.
  server.requestTimeout = 30_000;
  closeOnSignal(server, gate, { drainTtl, graceTtl });
  try {
    await gate.ready();
    await listen(server, port, host);
  } catch (fault) {
    await gate.close();
    throw fault;
  }
  const where = `mcp-gatehouse serves ${options.issuer} on ${host}, port ${port}.`;
  // Nothing is at the usual resource here, so a token that was asked for without one opens nothing.
  if (options.resources) return where;
  return `${where} GATEHOUSE_RESOURCES is not set: add the MCP servers with gatehouse resources add. Clients have to name the one that they want.`;
}

/** Constructs it to find all of its faults too. */
function open(options: OAuthAuthorizationServerOptions, faults: string[]): OAuthAuthorizationServer | undefined {
  try {
    return new OAuthAuthorizationServer(options);
  } catch (fault) {
    if (!(fault instanceof ConfigurationError)) throw fault;
    faults.push(...fault.faults);
    return undefined;
  }
}

function listeningOf(environment: Environment, faults: string[]): Listening {
  const read = (name: string, fallback: number, [least, most]: readonly [number, number]) => {
    const text = environment[name]?.trim() || String(fallback);
    const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    faults.push(`${name} has to be a number from ${least} to ${most}.`);
    return fallback;
  };
  return {
    host: environment['HOST']?.trim() || '127.0.0.1',
    port: read('PORT', 3000, [1, 65_535]),
    drainTtl: read('GATEHOUSE_DRAIN_TTL', 0, [0, 300]),
    graceTtl: read('GATEHOUSE_GRACE_TTL', 20, [1, 300]),
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const words: Readonly<Record<string, string>> = {
        EADDRINUSE: `PORT ${port} is in use on ${host}: stop what runs there, or choose another one.`,
        EACCES: `PORT ${port} may not be used by this user: choose one above 1023.`,
        EADDRNOTAVAIL: `HOST ${host} is none of the addresses of this machine.`,
        ENOTFOUND: `HOST ${host} is not known.`,
      };
      reject(new ConfigurationError([words[error.code ?? ''] ?? `It cannot listen on ${host}, port ${port}.`]));
    });
    server.listen(port, host, resolve);
  });
}
