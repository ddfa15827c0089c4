import { createServer, type RequestListener } from 'node:http';
import {
  memoryStore,
  OAuthAuthorizationServer,
  type LogEntry,
  type OAuthAuthorizationServerOptions,
} from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { testSecret } from '../support/gatehouse.js';
import { listen, stop } from '../support/upstream-provider.js';

/** A listener on a port of its own. */
export interface Served {
  readonly origin: string;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 with what `make` makes of its address; the caller closes it. */
export async function serve(make: (origin: string) => RequestListener): Promise<Served> {
  let handler: RequestListener = (_request, response) => void response.writeHead(503).end();
  const server = createServer((request, response) => handler(request, response));
  const origin = `http://127.0.0.1:${await listen(server, 0)}`;
  handler = make(origin);
  return { origin, close: () => stop(server) };
}

/** An authorization server on a port, with nothing around it: no application, and no provider that answers. */
export interface ServedGate extends Served {
  readonly issuer: string;
  readonly gate: OAuthAuthorizationServer;
  readonly log: LogEntry[];
}

type Options = Partial<OAuthAuthorizationServerOptions>;

/** Makes a gate of options that need no network. */
export function makeGate(issuer: string, options: Options = {}): OAuthAuthorizationServer {
  return new OAuthAuthorizationServer({
    issuer,
    secret: testSecret,
    providers: [oidcProvider({ issuer: 'http://127.0.0.1:9', clientId: 'gatehouse', clientSecret: 'upstream-secret' })],
    store: memoryStore({ clock: () => Date.now() / 1000 }),
    // All that tests ask comes from one address.
    rateLimits: false,
    audit: false,
    ...options,
  });
}

/** Serves one under `http.createServer`, or inside whatever `around` builds. */
export async function serveGate(
  options: (issuer: string) => Options = () => ({}),
  around: (gate: OAuthAuthorizationServer) => RequestListener = (gate) => gate.createRouter(),
  path = '',
): Promise<ServedGate> {
  const log: LogEntry[] = [];
  let made: OAuthAuthorizationServer | undefined;
  const served = await serve((address) => {
    const issuer = address + path;
    made = makeGate(issuer, { log: (entry) => log.push(entry), ...options(issuer) });
    return around(made);
  });
  const gate = made as unknown as OAuthAuthorizationServer;
  return {
    origin: served.origin,
    issuer: served.origin + path,
    gate,
    log,
    close: async () => {
      await served.close();
      await gate.close();
    },
  };
}
