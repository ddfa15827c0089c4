import * as errors from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import type { OAuthServerProvider } from '@modelcontextprotocol/sdk/server/auth/provider.js';
import { getOAuthProtectedResourceMetadataUrl, mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express, { type Request, type Response } from 'express';
import {
  memoryStore,
  type OAuthAuthorizationServer,
  type OAuthAuthorizationServerOptions,
  type Store,
} from 'mcp-gatehouse';
import { startHost, type Host } from './host.js';

/** An application that stays on the MCP SDK's own router and bearer middleware, with our engine behind them. */
export interface SdkHost extends Host {
  /** Moves the clock; in seconds. */
  advance(seconds: number): void;
  /** Takes the store away, or brings it back. */
  setStore(state: 'up' | 'down'): void;
}

/** Starts one. The SDK's limits of requests are off: a test sends more than they allow. */
export async function startSdkHost(options: Partial<OAuthAuthorizationServerOptions> = {}): Promise<SdkHost> {
  let offset = 0;
  let isDown = false;
  const clock = () => Date.now() / 1000 + offset;
  const inner = memoryStore({ clock });
  const through = <T>(act: () => Promise<T>) => (isDown ? Promise.reject(new Error('away')) : act());
  const store: Store = {
    get: (key) => through(() => inner.get(key)),
    set: (key, value, settings) => through(() => inner.set(key, value, settings)),
    delete: (key, settings) => through(() => inner.delete(key, settings)),
    list: (partition, settings) => through(() => inner.list(partition, settings)),
    close: () => inner.close(),
  };
  const host = await startHost(build, { store, clock, ...options });
  return {
    ...host,
    advance: (seconds) => (offset += seconds),
    setStore: (state) => (isDown = state === 'down'),
  };
}

function build(gate: OAuthAuthorizationServer) {
  const provider: OAuthServerProvider = gate.createServerProvider({ errors });
  const { issuer } = gate.getMetadata();
  const mcpUrl = new URL(`${issuer}/mcp`);
  const unlimited = { rateLimit: false } as const;
  const app = express();
  app.use(
    mcpAuthRouter({
      provider,
      issuerUrl: new URL(issuer),
      resourceServerUrl: mcpUrl,
      scopesSupported: ['mcp:tools'],
      authorizationOptions: unlimited,
      tokenOptions: unlimited,
      revocationOptions: unlimited,
      clientRegistrationOptions: unlimited,
    }),
  );
  app.use(gate.createRouter());
  const resourceMetadataUrl = getOAuthProtectedResourceMetadataUrl(mcpUrl);
  app.use('/mcp', requireBearerAuth({ verifier: provider, requiredScopes: ['mcp:tools'], resourceMetadataUrl }));
  app.post('/mcp', express.json(), answer);
  return app.all('/mcp', (_request, response) => void response.status(405).end());
}

async function answer(request: Request, response: Response) {
  const server = new McpServer({ name: 'test', version: '1.0.0' });
  server.registerTool('whoami', {}, ({ authInfo }) => ({
    content: [{ type: 'text', text: JSON.stringify(authInfo) }],
  }));
  const transport = new StreamableHTTPServerTransport({});
  response.on('close', () => void server.close());
  await server.connect(transport);
  await transport.handleRequest(request, response, request.body);
}
