import type { RequestListener } from 'node:http';
import type { LogEntry, OAuthAuthorizationServer, OAuthAuthorizationServerOptions } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { makeGate, serve } from '../http/serve.js';
import { startUpstreamProvider } from '../support/upstream-provider.js';

/** An authorization server inside some application, in front of a real provider. */
export interface Host {
  readonly origin: string;
  readonly issuer: string;
  readonly mcpUrl: string;
  readonly gate: OAuthAuthorizationServer;
  readonly log: LogEntry[];
  close(): Promise<void>;
}

/** Starts the application that `build` makes around a gate. */
export async function startHost(
  build: (gate: OAuthAuthorizationServer) => RequestListener,
  { path = '', ...options }: Partial<OAuthAuthorizationServerOptions> & { readonly path?: string } = {},
  more: (issuer: string) => Partial<OAuthAuthorizationServerOptions> = () => ({}),
): Promise<Host> {
  let handler: RequestListener = (_request, response) => void response.writeHead(503).end();
  const served = await serve(() => (request, response) => handler(request, response));
  const issuer = served.origin + path;
  const mcpUrl = `${issuer}/mcp`;
  const upstream = await startUpstreamProvider({ callbackUrl: `${issuer}/oauth/callback` });
  const log: LogEntry[] = [];
  const gate = makeGate(issuer, {
    providers: [oidcProvider({ ...upstream, name: 'Test provider' })],
    resources: [
      { url: mcpUrl, scopes: { 'mcp:tools': 'Use the tools', 'notes:write': 'Write' }, defaultScopes: ['mcp:tools'] },
    ],
    log: (entry) => log.push(entry),
    ...options,
    ...more(issuer),
  });
  handler = build(gate);
  return {
    origin: served.origin,
    issuer,
    mcpUrl,
    gate,
    log,
    async close() {
      await served.close();
      await upstream.stop();
      await gate.close();
    },
  };
}
