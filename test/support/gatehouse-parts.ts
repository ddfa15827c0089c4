import type { RequestListener } from 'node:http';
import express, { type Express, type Request } from 'express';
import type { OAuthAuthorizationServer, OAuthAuthorizationServerOptions } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import type { UpstreamProviderServer } from './upstream-provider.js';

export const testSecret = 'PZ2rY0m3c9Qk1V7bW4xN8tH6sJ5dL0fG';

/** Where a gatehouse of the tests is, and before which provider. */
export interface GatehousePlace {
  readonly issuer: string;
  readonly mcpUrl: string;
  readonly upstream: Pick<UpstreamProviderServer, 'issuer' | 'clientId' | 'clientSecret'>;
}

/** What a gatehouse of the tests is given where the test says nothing else. */
export function gatehouseOptions({ issuer, mcpUrl, upstream }: GatehousePlace): OAuthAuthorizationServerOptions {
  return {
    issuer,
    secret: testSecret,
    providers: [oidcProvider({ ...upstream, name: 'Test provider' })],
    resources: [
      {
        url: mcpUrl,
        name: 'Test server',
        scopes: { 'mcp:tools': 'Use the tools', 'notes:write': 'Write notes' },
        defaultScopes: ['mcp:tools'],
      },
    ],
    // All that tests ask comes from one address.
    rateLimits: false,
    tokenMapper: (_tokens, user) => ({ email: user.email, name: user.name }),
  };
}

/** Serves a gatehouse, and behind its gate the resource at `mcpUrl`: one of the test's own, or one that answers `req.auth`. */
export function serveGatehouse(
  gate: OAuthAuthorizationServer,
  mcpUrl: string,
  resources: OAuthAuthorizationServerOptions['resources'],
  protectedHandler?: (gate: OAuthAuthorizationServer) => RequestListener,
): Express {
  const app = express();
  app.use(gate.createRouter());
  const { pathname } = new URL(mcpUrl);
  if (protectedHandler) app.all(pathname, protectedHandler(gate));
  // Other resources are mounted by the test that has them.
  if (resources === undefined || resources.some(({ url }) => url === mcpUrl)) {
    app.all(pathname, gate.requireBearerAuth({ scopes: ['mcp:tools'], resource: mcpUrl }), (request, response) => {
      response.json(authOf(request));
    });
  }
  return app;
}

/** What the gate has put into a request. */
export function authOf(request: Request): Parameters<OAuthAuthorizationServer['getUpstreamToken']>[0] {
  return (request as unknown as { auth: Parameters<OAuthAuthorizationServer['getUpstreamToken']>[0] }).auth;
}
