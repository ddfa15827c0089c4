import { createServer, type RequestListener, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { ConfigurationError, OAuthAuthorizationServer } from 'mcp-gatehouse';
import type { Example, ExampleOptions } from './example.js';
import { readSettings } from './quick-start/settings.js';
import { startLocalProvider } from './start-local-provider.js';

/** What runs: where it is, in words, and what has to be closed in the end. */
interface Running {
  readonly address: string;
  readonly servers: readonly Server[];
  readonly closing: readonly Pick<Example, 'close'>[];
}

type Start = (options: ExampleOptions, port: number) => Promise<Running>;

/** The examples by their names. */
const examples: ReadonlyMap<string, Start> = new Map([
  ['express-sdk1', together(() => import('./express-sdk1/app.js'))],
  ['express-sdk2', together(() => import('./express-sdk2/app.js'))],
  ['hono', together(() => import('./hono/app.js'))],
  ['node-http', together(() => import('./node-http/app.js'))],
  ['resource-server', apart],
]);

const [name = ''] = process.argv.slice(2);

try {
  if (name === 'oauth-proxy') await import('./oauth-proxy/main.js');
  else await run();
} catch (error) {
  console.error(explain(error));
  // Whatever was started before the fault would keep this process alive.
  process.exit(1);
}

async function run(): Promise<void> {
  const start = examples.get(name);
  if (!start) {
    const names = [...examples.keys(), 'oauth-proxy'].join(', ');
    throw new ConfigurationError([`Say which example: npm run example -- NAME, with one of ${names}.`]);
  }
  loadVariables();
  const folder = fileURLToPath(new URL(`../.gatehouse/${name}`, import.meta.url));
  const { url, port, secret, store, providers: configured, allow } = readSettings(process.env, folder);
  const providers = configured.length > 0 ? [...configured] : [await startLocalProvider(`${url}/oauth/callback`)];
  const { address, servers, closing } = await start(
    { issuer: url, secret, store, providers, allow: allow && [...allow] },
    port,
  );
  console.log(`The example ${name} is an MCP server at ${address}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      for (const server of servers) server.close().closeAllConnections();
      void Promise.all(closing.map((each) => each.close())).then(() => process.exit(0));
    });
  }
}

/** An authorization server and an MCP server in one. */
function together(load: () => Promise<{ createExample: (options: ExampleOptions) => Example }>): Start {
  return async (options, port) => {
    const { createExample } = await load();
    const example = createExample(options);
    return { address: `${options.issuer}/mcp`, servers: [await listen(example.handler, port)], closing: [example] };
  };
}

/** An MCP server, and on another port its authorization server. */
async function apart(options: ExampleOptions, port: number): Promise<Running> {
  const { createExample } = await import('./resource-server/app.js');
  const resource = `http://localhost:${port + 1}/mcp`;
  const scopes = { 'mcp:tools': 'Use the tools', 'notes:write': 'Write notes' };
  const gate = new OAuthAuthorizationServer({
    ...options,
    resources: [{ url: resource, scopes, defaultScopes: ['mcp:tools'] }],
  });
  const example = createExample({ issuer: options.issuer, resource });
  return {
    address: `${resource}, and its authorization server at ${options.issuer}`,
    servers: [await listen(express().use(gate.createRouter()), port), await listen(example.handler, port + 1)],
    closing: [gate, example],
  };
}

function loadVariables(): void {
  try {
    process.loadEnvFile();
  } catch {
    // There need not be a .env file.
  }
}

function listen(handler: RequestListener, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(handler).once('error', reject);
    server.listen(port, 'localhost', () => resolve(server));
  });
}

function explain(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `A port is in use: stop what runs there, or choose another one with PORT=3001 npm run example -- ${name}.`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
