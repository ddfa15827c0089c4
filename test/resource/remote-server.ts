import type { RequestListener } from 'node:http';
import express from 'express';
import { createResourceServer, type LogEntry, type ResourceServer, type ResourceServerOptions } from 'mcp-gatehouse';
import { serve } from '../http/serve.js';
import { startGatehouse, type Gatehouse, type GatehouseSettings } from '../support/gatehouse.js';

/** A key that the MCP server introspects with. */
export const introspectionKey = 'n0tesKey/wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU+kD8=';
/** A client as which it can introspect, with a secret that only form encoding gets through `Basic`. */
export const gateway = { clientId: 'gateway', name: 'Gateway', clientSecret: 'kD8wQ2vB5nX7mC1z:%+4jH9gF3sA6pO0iU=&' };

/** An MCP server at a port of its own, and the authorization server that is far from it. */
export interface RemoteServer {
  /** The MCP server's URL. */
  readonly url: string;
  readonly gatehouse: Gatehouse;
  readonly server: ResourceServer;
  /** What the MCP server logged. */
  readonly log: LogEntry[];
  /** What it asked the authorization server, as method and path. */
  readonly asked: string[];
  /** Moves the clocks of both. */
  advance(seconds: number): void;
  /** Starts another one at the same place, which knows nothing yet. */
  restart(changes?: Partial<ResourceServerOptions>): void;
  close(): Promise<void>;
}

/** Starts both on free ports of 127.0.0.1; its caller closes it. */
export async function startRemoteServer(
  options: Partial<ResourceServerOptions> = {},
  settings: GatehouseSettings = {},
): Promise<RemoteServer> {
  let handler: RequestListener = (_request, response) => void response.writeHead(503).end();
  const served = await serve(() => (request, response) => handler(request, response));
  const url = `${served.origin}/mcp`;
  const scopes = {
    'mcp:tools': 'Use the tools',
    'notes:write': { description: 'Write notes', implies: ['notes:read'] },
    'notes:read': 'Read notes',
  };
  const gatehouse = await startGatehouse({
    resources: [
      {
        url,
        scopes,
        defaultScopes: ['mcp:tools'],
        introspection: { keys: [introspectionKey], clients: [gateway.clientId] },
      },
    ],
    clients: [gateway],
    ...settings,
  });
  const log: LogEntry[] = [];
  const asked: string[] = [];
  const startedAt = Date.now() / 1000;
  let offset = 0;
  let server: ResourceServer;

  const start = (changes: Partial<ResourceServerOptions> = {}) => {
    server = createResourceServer({
      issuer: gatehouse.issuer,
      resource: url,
      name: 'Notes',
      scopes,
      defaultScopes: ['mcp:tools'],
      log: (entry) => log.push(entry),
      clock: () => (settings.stoppedClock ? startedAt : Date.now() / 1000) + offset,
      fetch: (address, init) => {
        asked.push(`${init.method ?? 'GET'} ${new URL(address).pathname}`);
        return fetch(address, init);
      },
      ...options,
      ...changes,
    });
    const app = express();
    app.use(server.createRouter());
    app.all('/mcp', server.requireBearerAuth({ scopes: ['mcp:tools'] }), (request, response) => {
      response.json((request as unknown as { auth: unknown }).auth);
    });
    app.use((_request, response) => void response.status(404).send('The application has no such page.'));
    handler = app;
  };
  start();

  return {
    url,
    gatehouse,
    log,
    asked,
    get server() {
      return server;
    },
    advance(seconds) {
      offset += seconds;
      gatehouse.advance(seconds);
    },
    restart: start,
    async close() {
      await served.close();
      await gatehouse.close();
    },
  };
}
