import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { OAuthAuthorizationServer } from 'mcp-gatehouse';
import { callResource, signIn } from '../support/client.js';
import { gatehouseOptions, serveGatehouse } from '../support/gatehouse-parts.js';
import { temporaryFolder } from '../support/gatehouse.js';
import { listen, startUpstreamProvider, stop } from '../support/upstream-provider.js';

const example = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../examples/proxies/${name}`, import.meta.url)), 'utf8');

/** Each proxy: its example with the ports of a test, and how it is started. */
const proxies = {
  nginx: {
    configure: (front: number, back: number, folder: string) =>
      `daemon off; pid ${folder}/pid; error_log stderr; events {} http { access_log off;
      client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
      uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
      ${example('nginx.conf')
        .replace('listen 443 ssl', `listen 127.0.0.1:${front}`)
        .replace(/^ *ssl_.*$/gm, '')
        .replaceAll('127.0.0.1:3000', `127.0.0.1:${back}`)} }`,
    command: (file: string, folder: string) => ['nginx', '-e', 'stderr', '-p', folder, '-c', file],
  },
  caddy: {
    configure: (front: number, back: number) =>
      `{\n\tadmin off\n}\n${example('Caddyfile')
        .replace('mcp.example.com {', `http://127.0.0.1:${front} {`)
        .replaceAll('127.0.0.1:3000', `127.0.0.1:${back}`)}`,
    command: (file: string) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', file],
  },
} as const;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await listen(probe, 0);
  await stop(probe);
  return port;
}

async function answers(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const isThere = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('The proxy has ended.');
}

describe.each(Object.entries(proxies))('behind %s as its example configures it', (name, { configure, command }) => {
  const isMissing =
    spawnSync(name, [name === 'nginx' ? '-v' : 'version']).error !== undefined && process.env['CI'] !== 'true';
  if (isMissing) console.warn(`SKIPPED: nothing was tried behind ${name}, since there is none.`);

  it.skipIf(isMissing)(
    'a whole journey works, streams are not held back, and the client is known by its address',
    async () => {
      const front = await freePort();
      const issuer = `http://127.0.0.1:${front}`;
      const upstream = await startUpstreamProvider({ callbackUrl: `${issuer}/oauth/callback` });
      closing.push(() => upstream.stop());
      const gate = new OAuthAuthorizationServer({
        ...gatehouseOptions({ issuer, mcpUrl: `${issuer}/mcp`, upstream }),
        store: 'memory:',
      });
      const app = serveGatehouse(gate, `${issuer}/mcp`, undefined);
      const seen: IncomingHttpHeaders[] = [];
      let finish = (): void => undefined;
      const server = createServer((request, response) => {
        seen.push(request.headers);
        if (request.url !== '/mcp/stream') {
          (app as RequestListener)(request, response);
          return;
        }
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n');
        finish = () => response.end();
      });
      const back = await listen(server, 0);
      closing.push(async () => (await stop(server), gate.close()));
      const folder = temporaryFolder();
      closing.push(() => folder.remove());
      const file = join(folder.path, 'configuration');
      mkdirSync(join(folder.path, 'logs'));
      writeFileSync(file, configure(front, back, folder.path));
      const [program = '', ...parameters] = command(file, folder.path);
      const child = spawn(program, parameters, { stdio: 'ignore', env: { ...process.env, HOME: folder.path } });
      closing.push(async () => {
        const ended = once(child, 'close');
        child.kill('SIGTERM');
        await ended;
      });
      await answers(front, child);

      const { accessToken } = await signIn(issuer);
      expect((await callResource(`${issuer}/mcp`, accessToken)).status).toBe(200);
      const refused = await callResource(`${issuer}/mcp`, undefined);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toContain('resource_metadata=');

      const long = await fetch(`${issuer}/oauth/jwks`, { headers: { cookie: `a=${'x'.repeat(12_000)}` } });
      expect(long.status).toBe(200);
      await fetch(`${issuer}/oauth/jwks`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
      // Whatever a client makes up, the address that the proxy saw is the last one.
      expect(String(seen.at(-1)?.['x-forwarded-for'])).toMatch(/(^|, )127\.0\.0\.1$/);

      const stream = await fetch(`${issuer}/mcp/stream`);
      const portion = (await stream.body?.getReader().read()) as { readonly value?: Uint8Array } | undefined;
      expect(Buffer.from(portion?.value ?? []).toString()).toBe('data: first\n\n');
      finish();
    },
  );
});
