import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { testSecret, temporaryFolder } from '../support/gatehouse.js';
import { walk } from '../support/client.js';
import { clientOfLine1 } from '../support/sdk-client-v1.js';
import { clientOfLine2 } from '../support/sdk-client-v2.js';
import { listen, startUpstreamProvider, stop, type UpstreamProviderServer } from '../support/upstream-provider.js';

const folder = fileURLToPath(new URL('../../examples/nextjs', import.meta.url));
const next = join(folder, 'node_modules/next/dist/bin/next');
const isWithoutNext = !existsSync(next) && process.env['CI'] !== 'true';
if (isWithoutNext) {
  console.warn(
    'SKIPPED: the Next.js example, which is installed by itself: npm run build && (cd examples/nextjs && npm install)',
  );
}

describe.skipIf(isWithoutNext)('the Next.js example, built and started as its users do', () => {
  const state = temporaryFolder();
  let upstream: UpstreamProviderServer;
  let server: ChildProcess;
  let origin: string;

  beforeAll(async () => {
    const holder = createServer();
    const port = await listen(holder, 0);
    await stop(holder);
    origin = `http://127.0.0.1:${port}`;
    upstream = await startUpstreamProvider({ callbackUrl: `${origin}/oauth/callback` });
    const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' as const };
    const built = spawnSync(process.execPath, [next, 'build'], { cwd: folder, env, encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`next build failed:\n${built.stdout}\n${built.stderr}`);
    server = spawn(process.execPath, [next, 'start', '-p', String(port), '-H', '127.0.0.1'], {
      cwd: folder,
      env: {
        ...env,
        GATEHOUSE_URL: origin,
        GATEHOUSE_SECRET: testSecret,
        GATEHOUSE_STORE: `sqlite:${join(state.path, 'gatehouse.sqlite')}`,
        OIDC_ISSUER: upstream.issuer,
        OIDC_CLIENT_ID: upstream.clientId,
        OIDC_CLIENT_SECRET: upstream.clientSecret,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await vi.waitFor(() => fetch(`${origin}/mcp`), { timeout: 30_000, interval: 200 });
  }, 180_000);

  afterAll(async () => {
    const ended = once(server, 'exit');
    server.kill();
    await ended;
    await upstream.stop();
    state.remove();
  });

  it.each([
    ['1', clientOfLine1],
    ['2', clientOfLine2],
  ])('serves a client of SDK line %s, and knows its user', async (_line, createClient) => {
    const client = createClient(new URL(`${origin}/mcp`));
    expect(await client.connect()).toBe(false);
    const sentTo = client.memory.redirects[0];
    if (!sentTo) throw new Error('The client sent its user nowhere.');
    await client.finish(await walk(sentTo, { clientId: '', redirectUri: client.memory.redirectUrl }));
    expect(await client.connect()).toBe(true);
    expect(await client.call('whoami')).toMatchObject({ sub: 'oidc|alice', provider: 'oidc' });
    await client.memory.idle();
    await client.close();
  });

  it('answers discovery, preflights, pages and what nobody knows as everywhere', async () => {
    const metadata = await fetch(`${origin}/.well-known/oauth-authorization-server`);
    expect(await metadata.json()).toMatchObject({ issuer: origin });
    expect((await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`)).status).toBe(200);
    expect((await fetch(`${origin}/.well-known/nothing`)).status).toBe(404);
    const preflight = await fetch(`${origin}/mcp`, { method: 'OPTIONS' });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    const page = await fetch(`${origin}/oauth/authorize?client_id=nobody`, { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('content-security-policy')]).toEqual([
      400,
      expect.stringContaining("frame-ancestors 'none'"),
    ]);
    const refused = await fetch(`${origin}/mcp`, { headers: { authorization: 'Bearer x' } });
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining(`resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`),
    ]);
  });
});
