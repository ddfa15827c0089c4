import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { HeadlessBrowser } from './headless-browser.js';
import { TrialClient } from './trial-client.js';

try {
  process.loadEnvFile();
} catch {
  // There need not be a .env file.
}

const usesRealBrowser = process.argv.includes('--open');
const publicUrl = process.env['GATEHOUSE_URL'] || `http://localhost:${process.env['PORT'] || '3000'}`;
const mcpUrl = new URL(`${publicUrl.replace(/\/+$/, '')}/mcp`);

let steps = 0;
const say = (step: string) => console.log(`  ${String(++steps).padStart(2)}. The client ${step}.`);

/** Waits where a native app waits: on a port of this computer (RFC 8252 §7.3). */
async function listenForCallback() {
  let arrived: (parameters: URLSearchParams) => void = () => undefined;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    response.end('You can close this window.');
    if (pathname === '/callback') arrived(searchParams);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/callback`,
    next: () => new Promise<URLSearchParams>((resolve) => (arrived = resolve)),
    close: () => server.close(),
  };
}

async function signIn(authorizationUrl: URL): Promise<void> {
  if (usesRealBrowser) {
    const command = process.platform === 'darwin' ? 'open' : process.platform === 'win32' ? 'explorer' : 'xdg-open';
    execFile(command, [authorizationUrl.href], () => undefined);
    console.log(`      (If no browser opens: ${authorizationUrl.href})`);
    return;
  }
  const browser = new HeadlessBrowser((url) => url.href.startsWith(callback.url));
  const consent = await browser.open(authorizationUrl);
  const login = await browser.submit(consent, {}, 'approve');
  say('had its user approve, who was handed over to the provider');
  const { url } = await browser.submit(login, { username: 'alice', login: 'alice', password: 'any' });
  if (!url.href.startsWith(callback.url)) throw new Error(`The sign-in ended at ${url.origin}${url.pathname}.`);
  say('had its user sign in, who came back with a code');
  await fetch(url);
}

/** Connects; where the server asks for a sign-in first, signs in and connects again. */
async function connect(): Promise<StreamableHTTPClientTransport> {
  const transport = new StreamableHTTPClientTransport(mcpUrl, { authProvider: client });
  try {
    await mcp.connect(transport);
    return transport;
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || !client.authorizationUrl) throw error;
    const returned = callback.next();
    await signIn(client.authorizationUrl);
    await transport.finishAuth(await returned);
  }
  const authorized = new StreamableHTTPClientTransport(mcpUrl, { authProvider: client });
  await mcp.connect(authorized);
  return authorized;
}

async function call(tool: string): Promise<string> {
  const { content } = await mcp.callTool({ name: tool });
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
}

const callback = await listenForCallback();
const client = new TrialClient(callback.url, say);
const mcp = new Client({ name: 'mcp-gatehouse trial', version: '1.0.0' });

console.log(`\n  Trying ${mcpUrl.href}\n`);
try {
  const transport = await connect();
  say(`connected, and sees the tools ${(await mcp.listTools()).tools.map(({ name }) => name).join(', ')}`);
  console.log(`\n${(await call('whoami')).replace(/^/gm, '      ')}\n`);
  client.expireAccessToken();
  await call('whoami');
  say('called whoami again, with the new token');
  await transport.close();
  console.log('\n  All is well.\n');
} catch (error) {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  console.error(`\n  It failed: ${message}`);
  if (cause instanceof Error) console.error('  Is the server running? Start it with npm start in another terminal.');
  else console.error('  If the provider has pages of its own, let a person sign in: npm run try -- --open');
  process.exitCode = 1;
} finally {
  callback.close();
}
