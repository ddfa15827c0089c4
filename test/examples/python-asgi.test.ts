import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { ResourceOptions } from 'mcp-gatehouse';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { callResource, revoke, signIn, walk } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { clientOfLine1 } from '../support/sdk-client-v1.js';
import { clientOfLine2 } from '../support/sdk-client-v2.js';
import { listen, stop } from '../support/upstream-provider.js';

/** A Python that has what the example needs; in CI there has to be one. */
const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import jwt, cryptography, uvicorn']).status === 0,
);
const isWithoutPython = python === undefined && process.env['CI'] !== 'true';
if (isWithoutPython) console.warn('SKIPPED: the Python example, since there is no Python with PyJWT and uvicorn.');

const introspectionKey = 'a-key-of-the-python-server-for-this-test';
let gatehouse: Gatehouse;
let server: ChildProcess;
let url: string;

async function freePort(): Promise<number> {
  const holder = createServer();
  const port = await listen(holder, 0);
  await stop(holder);
  return port;
}

async function start(environment: Record<string, string>): Promise<void> {
  const port = await freePort();
  url = `http://127.0.0.1:${port}/mcp`;
  const resource: ResourceOptions = {
    url,
    scopes: { 'mcp:tools': 'Use the tools', 'notes:write': 'Write notes' },
    defaultScopes: ['mcp:tools'],
    introspection: { keys: [introspectionKey] },
  };
  const other = { url: `http://127.0.0.1:${port}/other`, scopes: { 'mcp:tools': 'Use the tools' } };
  gatehouse = await startGatehouse({ resources: [resource, other] });
  const parameters = ['-m', 'uvicorn', 'server:app', '--port', String(port), '--log-level', 'warning'];
  server = spawn(python ?? 'python3', parameters, {
    cwd: fileURLToPath(new URL('../../examples/python-asgi', import.meta.url)),
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ISSUER: gatehouse.issuer, RESOURCE: url, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await vi.waitFor(() => fetch(url), { timeout: 20_000, interval: 100 });
}

afterEach(async () => {
  const ended = once(server, 'exit');
  server.kill();
  await ended;
  await gatehouse.close();
});

const whoami = (token: string | undefined, name = 'whoami') =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } }),
  });

describe.skipIf(isWithoutPython)('the Python example', () => {
  describe.each([
    ['by keys', {}],
    ['by introspection', { INTROSPECTION_KEY: introspectionKey }],
  ])('which verifies %s', (_, environment) => {
    beforeEach(() => start(environment));

    it.each([
      ['1', clientOfLine1],
      ['2', clientOfLine2],
    ])('is found, and used, by a client of SDK line %s', async (_line, createClient) => {
      const client = createClient(new URL(url));
      expect(await client.connect()).toBe(false);
      const sentTo = client.memory.redirects[0];
      if (!sentTo) throw new Error('The client sent its user nowhere.');
      const raw = { clientId: '', redirectUri: client.memory.redirectUrl };
      await client.finish(await walk(sentTo, raw));
      expect(await client.connect()).toBe(true);
      expect(await client.call('whoami')).toMatchObject({ sub: 'oidc|alice' });
      await client.memory.idle();
      await client.close();
    });

    it('challenges who has no token, refuses bad ones, and asks for the scope of a tool', async () => {
      const metadata = `resource_metadata="${new URL(url).origin}/.well-known/oauth-protected-resource/mcp"`;
      const unknown = await whoami(undefined);
      expect([unknown.status, unknown.headers.get('www-authenticate')]).toEqual([
        401,
        `Bearer scope="mcp:tools", ${metadata}`,
      ]);
      expect((await fetch(url)).status).toBe(401);

      const { accessToken, refreshToken } = await signIn(gatehouse.issuer, 'alice', { resource: url });
      const foreign = await signIn(gatehouse.issuer, 'alice', { resource: url.replace('/mcp', '/other') });
      const [header = '', payload = ''] = accessToken.split('.');
      const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
      const bad = [`${header}.${payload}.AAAA`, `${none}.${payload}.`, refreshToken, foreign.accessToken, 'é', 'x'];
      for (const token of bad) {
        const answer = await whoami(encodeURI(token));
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
          401,
          expect.stringContaining('error="invalid_token"'),
        ]);
      }
      expect((await callResource(`${url}?access_token=${accessToken}`, undefined)).status).toBe(401);

      const narrow = await whoami(accessToken, 'add_note');
      expect(narrow.status).toBe(403);
      expect(narrow.headers.get('www-authenticate')).toContain(
        `error="insufficient_scope", error_description="The access token does not do for this.", scope="mcp:tools notes:write", ${metadata}`,
      );
      expect((await whoami(accessToken)).status).toBe(200);

      const headers = { authorization: `Bearer ${accessToken}` };
      for (const body of ['{', '[]', '1', '{"id":1,"method":"ping","params":["x"]}', '{"id":1,"params":"x"}']) {
        expect((await fetch(url, { method: 'POST', headers, body })).status, body).toBe(400);
      }
    });
  });

  it('goes on by its keys while the issuer is away', async () => {
    await start({});
    const { accessToken, client } = await signIn(gatehouse.issuer, 'alice', { resource: url });
    expect((await whoami(accessToken)).status).toBe(200);
    await revoke(gatehouse.issuer, client, accessToken);
    await gatehouse.close();
    expect((await whoami(accessToken)).status).toBe(200);
  });

  it('asks about each token, and says 503 while nobody answers', async () => {
    await start({ INTROSPECTION_KEY: introspectionKey });
    const { accessToken, client } = await signIn(gatehouse.issuer, 'alice', { resource: url });
    expect((await whoami(accessToken)).status).toBe(200);
    await revoke(gatehouse.issuer, client, accessToken);
    expect((await whoami(accessToken)).status).toBe(401);
    await gatehouse.close();
    const answer = await whoami(accessToken);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  });
});
