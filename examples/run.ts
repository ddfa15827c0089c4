import { createServer, type RequestListener } from 'node:http';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { ConfigurationError, OAuthAuthorizationServer } from 'mcp-gatehouse';
import type { Example, ExampleOptions } from './example.js';
import { readSettings } from './quick-start/settings.js';
import { startLocalProvider } from './start-local-provider.js';

/** The examples that are an authorization server and an MCP server in one. */
const examples: Record<string, () => Promise<{ createExample: (options: ExampleOptions) => Example }>> = {
  'express-sdk1': () => import('./express-sdk1/app.js'),
  'express-sdk2': () => import('./express-sdk2/app.js'),
  hono: () => import('./hono/app.js'),
  'node-http': () => import('./node-http/app.js'),
};

const [name = ''] = process.argv.slice(2);

try {
  process.loadEnvFile();
} catch {
  // There need not be a .env file.
}

try {
  await run();
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const folder = fileURLToPath(new URL(`../.gatehouse/${name}`, import.meta.url));
  const { url, port, secret, store, providers: configured, allow } = readSettings(process.env, folder);
  const providers = configured.length > 0 ? [...configured] : [await startLocalProvider(`${url}/oauth/callback`)];
  const options: ExampleOptions = { issuer: url, secret, store, providers, allow: allow && [...allow] };
  const load = examples[name];
  if (load) {
    const { createExample } = await load();
    await listen(createExample(options).handler, port);
    console.log(`The example ${name} is an MCP server at ${url}/mcp`);
  } else if (name === 'resource-server') {
    const resource = `http://localhost:${port + 1}/mcp`;
    const { createExample } = await import('./resource-server/app.js');
    await listen(authorizationServerFor(resource, options), port);
    await listen(createExample({ issuer: url, resource }).handler, port + 1);
    console.log(`The example resource-server is an MCP server at ${resource}, and its authorization server at ${url}`);
  } else {
    const names = [...Object.keys(examples), 'resource-server'].join(', ');
    throw new ConfigurationError([`Say which example: npm run example -- NAME, with one of ${names}.`]);
  }
}

/** Only an authorization server: its MCP servers are elsewhere. */
function authorizationServerFor(resource: string, options: ExampleOptions): RequestListener {
  const gate = new OAuthAuthorizationServer({
    ...options,
    resources: [
      {
        url: resource,
        scopes: { 'mcp:tools': 'Use the tools', 'notes:write': 'Write notes' },
        defaultScopes: ['mcp:tools'],
      },
    ],
  });
  return express().use(gate.createRouter());
}

function listen(handler: RequestListener, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    createServer(handler).once('error', reject).listen(port, 'localhost', resolve);
  });
}
