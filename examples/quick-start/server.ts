import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import express, { type Express, type Request, type Response } from 'express';
import { closeGracefully, OAuthAuthorizationServer, type AuditRecord } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { createMcpServer, tools } from './mcp-server.js';
import type { QuickStartSettings } from './settings.js';

/** A running quick start. */
export interface QuickStart {
  readonly mcpUrl: string;
  /** The names of the providers that users sign in with. */
  readonly providers: readonly string[];
  /** The redirect URIs to register there. */
  readonly callbackUrls: readonly string[];
  /** Answers whether all requests in flight were finished. */
  close(): Promise<boolean>;
}

/** Starts an MCP server with mcp-gatehouse before it, and a local OpenID provider when no other is configured. */
export async function startQuickStart(settings: QuickStartSettings): Promise<QuickStart> {
  const { url, port, secret, store, allow, rateLimits, trustedProxies } = settings;
  const isTrial = settings.providers.length === 0;
  const app = express().disable('x-powered-by');
  const providers = settings.providers.length > 0 ? [...settings.providers] : [await addLocalProvider(app, url)];

  const mcpUrl = `${url}/mcp`;
  const gate = new OAuthAuthorizationServer({
    issuer: url,
    secret,
    store,
    providers,
    allow,
    rateLimits,
    trustedProxies,
    audit: settings.audit ?? (isTrial ? tellBriefly : undefined),
    resources: [
      {
        url: mcpUrl,
        name: 'Quick start',
        scopes: { 'mcp:tools': 'Use the tools in your name', 'notes:write': 'Add notes for you' },
        defaultScopes: ['mcp:tools'],
      },
    ],
    tokenMapper: (_tokens, user) => ({ name: user.name, email: user.email }),
  });
  await gate.ready();
  app.use(gate.createRouter());

  const mcp = toNodeHandler(createMcpHandler(createMcpServer));
  app.all(
    new URL(mcpUrl).pathname,
    gate.requireBearerAuth({ scopes: ['mcp:tools'], tools }),
    (request: Request, response: Response) => void mcp(request, response, request.body),
  );
  app.use((_request: Request, response: Response) => void response.status(404).json({ error: 'not_found' }));

  const servers = await listen(app, port);
  return {
    mcpUrl,
    providers: providers.map(({ name }) => name),
    callbackUrls: Object.values(gate.callbackUrls),
    close: () => closeGracefully(servers, gate, { graceTtl: 5 }),
  };
}

/** For whoever tries it out and looks on; where real users sign in, the lines are the usual ones, with all that is known. */
function tellBriefly({ event, outcome, subject, clientName, reason }: AuditRecord): void {
  const known = [subject, clientName && `“${clientName}”`, outcome === 'failure' && reason].filter(Boolean);
  console.error(`  ${outcome === 'success' ? '·' : '!'} ${event.padEnd(22)} ${known.join(', ')}`.trimEnd());
}

async function addLocalProvider(app: Express, url: string) {
  const { localProvider } = await importQuietly(() => import('./local-provider.js'));
  const issuer = `${url}/local-provider`;
  const client = { clientId: 'mcp-gatehouse', clientSecret: randomUUID() };
  app.use(new URL(issuer).pathname, localProvider({ issuer, ...client, redirectUri: `${url}/oauth/callback` }));
  return oidcProvider({ id: 'local', name: 'the local provider', issuer, ...client });
}

/** oidc-provider warns of Node 20 when it is loaded, where it works all the same, as the tests show. */
async function importQuietly<T>(load: () => Promise<T>): Promise<T> {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return await load();
  } finally {
    console.warn = warn;
  }
}

/** Listens on both loopback addresses, since `localhost` means the one here and the other there. */
async function listen(app: Express, port: number): Promise<Server[]> {
  const listenOn = (host: string) =>
    new Promise<Server>((resolve, reject) => {
      const server = createServer(app).once('error', reject);
      server.listen(port, host, () => resolve(server));
    });
  const first = await listenOn('127.0.0.1');
  const second = await listenOn('::1').catch((error: unknown) => {
    // A machine without IPv6 is well; one where somebody else answers for localhost is not.
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') throw error;
    return undefined;
  });
  return second ? [first, second] : [first];
}
