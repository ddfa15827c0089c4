import { createServer, type Server } from 'node:http';
import { OAuthAuthorizationServer, type LogEntry } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Example } from '../../examples/example.js';
import { createExample as expressSdk1 } from '../../examples/express-sdk1/app.js';
import { createExample as expressSdk2 } from '../../examples/express-sdk2/app.js';
import { createExample as hono } from '../../examples/hono/app.js';
import { createExample as nodeHttp } from '../../examples/node-http/app.js';
import { createExample as resourceServer } from '../../examples/resource-server/app.js';
import { revoke, signIn, walk } from '../support/client.js';
import { testSecret } from '../support/gatehouse.js';
import { clientOfLine1 } from '../support/sdk-client-v1.js';
import { clientOfLine2 } from '../support/sdk-client-v2.js';
import type { SdkClient } from '../support/sdk-client.js';
import { listen, startUpstreamProvider, stop, type UpstreamProviderServer } from '../support/upstream-provider.js';

const servers: Server[] = [];
let upstream: UpstreamProviderServer;
let example: Example;
let log: LogEntry[];
let issuer: string;
let mcpUrl: string;

async function open(): Promise<{ server: Server; origin: string }> {
  const server = createServer();
  servers.push(server);
  return { server, origin: `http://127.0.0.1:${await listen(server, 0)}` };
}

const optionsFor = (origin: string) => ({
  issuer: origin,
  secret: testSecret,
  store: 'memory:',
  providers: [oidcProvider({ ...upstream, name: 'Test provider' })],
  log: (entry: LogEntry) => log.push(entry),
});

/** An example that is its own authorization server. */
const together = (create: typeof hono) => async () => {
  const { server, origin } = await open();
  upstream = await startUpstreamProvider({ callbackUrl: `${origin}/oauth/callback` });
  [issuer, mcpUrl] = [origin, `${origin}/mcp`];
  example = create(optionsFor(origin));
  server.on('request', example.handler);
};

/** The example whose authorization server is another one. */
async function apart(): Promise<void> {
  const [{ server: here, origin }, { server: there, origin: elsewhere }] = [await open(), await open()];
  upstream = await startUpstreamProvider({ callbackUrl: `${elsewhere}/oauth/callback` });
  [issuer, mcpUrl] = [elsewhere, `${origin}/mcp`];
  const scopes = { 'mcp:tools': 'Use the tools', 'notes:write': 'Write notes' };
  const gate = new OAuthAuthorizationServer({
    ...optionsFor(elsewhere),
    resources: [{ url: mcpUrl, scopes, defaultScopes: ['mcp:tools'] }],
  });
  there.on('request', gate.createRouter());
  example = resourceServer({ issuer, resource: mcpUrl });
  here.on('request', example.handler);
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map(stop));
  await example.close();
  await upstream.stop();
});

const clients = [
  ['1', clientOfLine1, false],
  ['2', clientOfLine2, true],
] as const;

/** Sends the user where the client says. */
async function signInWith(client: SdkClient): Promise<void> {
  const sentTo = client.memory.redirects.at(-1);
  if (!sentTo) throw new Error('The client sent its user nowhere.');
  await client.finish(await walk(sentTo, { clientId: '', redirectUri: client.memory.redirectUrl }));
  expect(await client.connect()).toBe(true);
}

/** Calls a tool by hand. */
const post = (token: string | undefined, name: string, headers: Record<string, string> = {}) =>
  fetch(mcpUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }),
  });

describe.each([
  { name: 'express-sdk1', start: together(expressSdk1), hasScopes: true, seesRevocation: true },
  { name: 'express-sdk2', start: together(expressSdk2), hasScopes: true, seesRevocation: true },
  { name: 'hono', start: together(hono), hasScopes: true, seesRevocation: true },
  { name: 'node-http', start: together(nodeHttp), hasScopes: false, seesRevocation: true },
  { name: 'resource-server', start: apart, hasScopes: true, seesRevocation: false },
])('the example $name', ({ start, hasScopes, seesRevocation }) => {
  beforeEach(async () => {
    log = [];
    await start();
  });

  it.each(clients)('serves a client of SDK line %s, and knows its user', async (_line, createClient, canStepUp) => {
    const client = createClient(new URL(mcpUrl));
    // Where strangers may do something, they are asked to sign in only for the rest.
    if (await client.connect()) expect(await client.call('whoami')).toBeUndefined();
    await signInWith(client);
    expect(await client.call('whoami')).toMatchObject({ sub: 'oidc|alice', provider: 'oidc' });
    if (hasScopes && canStepUp) {
      expect(await client.call('add_note')).toBeUndefined();
      await signInWith(client);
      expect(await client.call('add_note')).toBe('noted');
    } else if (hasScopes) {
      await expect(client.call('add_note')).rejects.toThrow('403');
    }
    await client.memory.idle();
    await client.close();
  });

  it('refuses a revoked token: at once, or, where it verifies by itself, when the token expires', async () => {
    const { accessToken, refreshToken, client } = await signIn(issuer, 'alice', { resource: mcpUrl });
    expect((await post(accessToken, 'whoami')).status).toBe(200);
    await revoke(issuer, client, refreshToken);
    expect((await post(accessToken, 'whoami')).status).toBe(seesRevocation ? 401 : 200);
  });

  if (hasScopes)
    it('speaks to ChatGPT in its own dialect', async () => {
      const { accessToken } = await signIn(issuer, 'alice', { resource: mcpUrl });
      const answer = await post(accessToken, 'add_note', { 'user-agent': 'openai-mcp/1.0.0' });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({
        id: 1,
        result: { isError: true, _meta: { 'mcp/www_authenticate': [expect.stringContaining('insufficient_scope')] } },
      });
      expect((await post('x', 'add_note', { 'user-agent': 'openai-mcp/1.0.0' })).status).toBe(401);
    });
});

describe('the example hono', () => {
  beforeEach(together(hono));

  it('greets strangers, and by name whoever has signed in', async () => {
    const client = clientOfLine2(new URL(mcpUrl));
    expect(await client.connect()).toBe(true);
    expect(await client.call('greet')).toBe('Hello, stranger!');
    expect(client.memory.redirects).toEqual([]);
    expect(await client.call('whoami')).toBeUndefined();
    await signInWith(client);
    expect(await client.call('greet')).toBe('Hello, Alice!');
    await client.close();
  });
});

describe('the example node-http', () => {
  beforeEach(together(nodeHttp));

  it('knows whose token it is in a handler of its own', async () => {
    const { accessToken } = await signIn(issuer);
    const answer = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    expect(await answer.json()).toMatchObject({ sub: 'oidc|alice' });
    expect((await fetch(`${issuer}/me`)).status).toBe(401);
  });
});
