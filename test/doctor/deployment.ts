import { createServer, type RequestListener } from 'node:http';
import { memoryStore, OAuthAuthorizationServer, type OAuthAuthorizationServerOptions } from 'mcp-gatehouse';
import { examine, type Finding } from '../../src/doctor/examine.js';
import type { Outside } from '../../src/doctor/outside.js';
import { createSystemRandomness, systemClock } from '../../src/system.js';
import { gatehouseOptions, serveGatehouse } from '../support/gatehouse-parts.js';
import { serverOfLine2 } from '../support/mcp-server.js';
import { listen, startUpstreamProvider, stop } from '../support/upstream-provider.js';
import { pem, startBrokenProxy, type BrokenProxy } from './broken-proxy.js';

/** A deployment behind a proxy that can be broken. */
export interface ProxiedDeployment {
  readonly issuer: string;
  readonly mcpUrl: string;
  readonly proxy: BrokenProxy;
  /** How often something was written to its store. */
  readonly writes: () => number;
  /** Has the doctor look at it. */
  examine(url?: string, changes?: Partial<Outside>, timeout?: number): Promise<readonly Finding[]>;
  close(): Promise<void>;
}

/** How a deployment differs from the usual one. */
export interface DeploymentSettings {
  readonly protocol?: 'http' | 'https';
  /** A path of the issuer. */
  readonly path?: string;
  readonly options?: (issuer: string) => Partial<OAuthAuthorizationServerOptions>;
}

/** What the doctor needs to trust the certificates of tests, and to find their hosts. */
export const testWorld: Outside = {
  clock: systemClock,
  randomness: createSystemRandomness(),
  resolve: () => Promise.resolve(['127.0.0.1']),
  ca: pem('root'),
};

/** Starts a deployment of this package, with a real MCP server, behind a proxy. */
export async function startDeployment(settings: DeploymentSettings = {}): Promise<ProxiedDeployment> {
  const { protocol = 'https', path = '', options = () => ({}) } = settings;
  let handler: RequestListener = (_request, response) => void response.writeHead(503).end();
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => handler(request, response));
  const backend = await listen(server, 0);
  const proxy = await startBrokenProxy(protocol, () => backend);
  const issuer = `${protocol}://${protocol === 'https' ? 'localhost' : '127.0.0.1'}:${proxy.port}${path}`;
  const mcpUrl = `${issuer}/mcp`;
  const upstream = await startUpstreamProvider({ callbackUrl: `${issuer}/oauth/callback` });
  const store = memoryStore({ clock: systemClock });
  let writes = 0;
  const gate = new OAuthAuthorizationServer({
    ...gatehouseOptions({ issuer, mcpUrl, upstream }),
    log: () => undefined,
    store: {
      ...store,
      set: (...parameters) => {
        writes += 1;
        return store.set(...parameters);
      },
    },
    ...options(issuer),
  });
  await gate.ready();
  handler = serveGatehouse(gate, mcpUrl, [], serverOfLine2);
  return {
    issuer,
    mcpUrl,
    proxy,
    writes: () => writes,
    async examine(url = mcpUrl, changes = {}, timeout = 5) {
      return (await examine(new URL(url), { ...testWorld, ...changes }, timeout)).findings;
    },
    async close() {
      await proxy.close();
      await stop(server);
      await upstream.stop();
      await gate.close();
    },
  };
}

/** The names of what is not well, with what was seen. */
export function complaintsOf(findings: readonly Finding[]): Record<string, string> {
  const bad = findings.filter(({ level }) => level === 'fault' || level === 'warning');
  return Object.fromEntries(bad.map(({ name, level, seen }) => [name, `${level}: ${seen.join(' ')}`]));
}
