import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPooledFetch, FetchFault, type PooledFetch } from '../../src/upstream/pooled-fetch.js';
import { listen, stop } from '../support/upstream-provider.js';

describe('the pooled fetch', () => {
  let server: Server;
  let address: string;
  let answer: RequestListener;
  let connections: number;
  let pool: PooledFetch;

  const get = (signal?: AbortSignal) =>
    pool.fetch(address, { method: 'GET', headers: {}, body: undefined, redirect: 'manual', ...(signal && { signal }) });
  const codeOf = (attempt: Promise<Response>) =>
    attempt.then(
      () => 'answered',
      (thrown: unknown) => (thrown instanceof FetchFault ? thrown.code : String(thrown)),
    );

  beforeEach(async () => {
    connections = 0;
    answer = (_request, response) => response.end('{}');
    server = createServer((request, response) => {
      answer(request, response);
    });
    server.on('connection', () => (connections += 1));
    address = `http://127.0.0.1:${await listen(server, 0)}/path?secret=canary`;
    pool = createPooledFetch({ timeout: 1, maxBytes: 1000 });
  });

  afterEach(async () => {
    pool.close();
    await stop(server);
  });

  it('posts a form with its length and our name, and gives a real response', async () => {
    let seen: unknown;
    answer = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const {
          'content-length': length,
          'user-agent': agent,
          accept,
          'transfer-encoding': encoding,
        } = request.headers;
        seen = { method: request.method, body: Buffer.concat(chunks).toString(), length, agent, accept, encoding };
        response
          .writeHead(201, { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] })
          .end('{"ok":true}');
      });
    };
    const response = await pool.fetch(address, {
      method: 'POST',
      headers: { accept: 'application/json', 'user-agent': 'other' },
      body: new URLSearchParams({ a: 'é' }),
      redirect: 'manual',
    });
    expect(response).toBeInstanceOf(Response);
    expect(response.status).toBe(201);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.json()).toEqual({ ok: true });
    expect(seen).toEqual({
      method: 'POST',
      body: 'a=%C3%A9',
      length: '8',
      agent: 'mcp-gatehouse',
      accept: 'application/json',
      encoding: undefined,
    });
  });

  it('keeps its connection', async () => {
    for (const path of ['1', '2', '3', '4']) {
      address = new URL(path, address).href;
      await (await get()).text();
    }
    expect(connections).toBe(1);
  });

  it('gives a redirect back, and does not follow it', async () => {
    const paths: (string | undefined)[] = [];
    answer = (request, response) => {
      paths.push(request.url);
      response.writeHead(307, { location: '/elsewhere' }).end();
    };
    expect((await get()).status).toBe(307);
    expect(paths).toEqual(['/path?secret=canary']);
  });

  it('takes an answer without a body', async () => {
    answer = (_request, response) => response.writeHead(204).end();
    expect((await get()).body).toBeNull();
  });

  it.each<[string, string, RequestListener]>([
    ['no answer in time', 'TIMEOUT', () => undefined],
    [
      'a body that drips beyond the deadline',
      'TIMEOUT',
      (_request, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
    ['a body that is too large', 'TOO_LARGE', (_request, response) => response.end('x'.repeat(1001))],
    [
      'a connection that breaks in the middle of a body',
      'ECONNRESET',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 10 }).write('x');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    [
      'a status that does not exist',
      'INVALID_RESPONSE',
      (request) => request.socket.end('HTTP/1.1 999 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'),
    ],
    [
      'an upgrade',
      'TIMEOUT',
      (request) => request.socket.end('HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    ],
    ['no HTTP', 'HPE_INVALID_CONSTANT', (request) => request.socket.end('canary')],
    ['a connection that breaks at once', 'ECONNRESET', (request) => request.socket.destroy()],
  ])('gives up at %s', async (_, code, listener) => {
    answer = listener;
    const started = performance.now();
    expect(await codeOf(get())).toBe(code);
    expect(performance.now() - started).toBeLessThan(4000);
    answer = (_request, response) => response.end('{}');
    expect(await codeOf(get())).toBe('answered');
  });

  it('gives up when it is told to, before and during the request', async () => {
    answer = () => undefined;
    expect(await codeOf(get(AbortSignal.abort()))).toBe('ABORTED');
    expect(await codeOf(get(AbortSignal.timeout(20)))).toBe('ABORTED');
  });

  it('says who is not there, and nothing of what was asked', async () => {
    await stop(server);
    const thrown: unknown = await get().catch((reason: unknown) => reason);
    expect(thrown).toMatchObject({ code: 'ECONNREFUSED' });
    expect(String(thrown)).toContain(new URL(address).origin);
    expect(String(thrown)).not.toContain('canary');
  });

  it('ends its connections when it is closed', async () => {
    await (await get()).text();
    pool.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await expect(new Promise((resolve) => server.getConnections((_, count) => resolve(count)))).resolves.toBe(0);
  });
});
