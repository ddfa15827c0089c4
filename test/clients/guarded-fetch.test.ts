import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGuardedFetch, type GuardedFetchServices } from '../../src/clients/guarded-fetch.js';
import { listen as listenHttp } from '../support/upstream-provider.js';
import { certificate, startDocumentHost, type DocumentHost } from './document-host.js';

const limits = { maxBytes: 5120, timeout: 5 };
const json = { 'content-type': 'application/json' };

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

let answer: Answer;
let host: DocumentHost;
let resolved: string[];
beforeEach(async () => {
  resolved = [];
  answer = (response) => response.writeHead(200, json).end('{"a":1}');
  host = await startDocumentHost((request, response) => answer(response, request));
});
afterEach(() => host.close());

/** Fetches as in production, but for names that lead to 127.0.0.1, which counts as public. */
function fetchWith(changes: Partial<GuardedFetchServices> = {}) {
  return createGuardedFetch({
    resolve: (hostname) => {
      resolved.push(hostname);
      return Promise.resolve(['127.0.0.1']);
    },
    clock: () => 1000,
    allowLoopback: false,
    isAllowed: (address) => address === '127.0.0.1',
    ca: certificate,
    ...changes,
  });
}

const fetchDocument = fetchWith();
const get = (path = '/client.json') => fetchDocument(host.url(path), limits);
const code = (value: string) => ({ name: 'FetchFault', code: value });

describe('a guarded fetch', () => {
  it('gets a document over TLS, from the address that it checked, under the name that it was given', async () => {
    const { document, freshTtl, mayBeKept } = await get('/client.json?a=b');
    expect({ document, freshTtl, mayBeKept }).toEqual({ document: { a: 1 }, freshTtl: undefined, mayBeKept: true });
    expect(host.asked).toEqual([`client.example:${host.port} GET /client.json?a=b`]);
    expect(resolved).toEqual(['client.example']);
  });

  it('says who it is and what it wants, and nothing else', async () => {
    let headers = {};
    answer = (response, request) => {
      headers = request.headers;
      response.writeHead(200, json).end('{}');
    };
    await get();
    expect(headers).toEqual({
      host: `client.example:${host.port}`,
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'mcp-gatehouse',
      connection: 'close',
    });
  });

  it('tells for how long the document may be used', async () => {
    answer = (response) => response.writeHead(200, { ...json, 'cache-control': 'max-age=600', age: '100' }).end('{}');
    expect(await get()).toMatchObject({ freshTtl: 500, mayBeKept: true });
    answer = (response) => response.writeHead(200, { ...json, 'cache-control': 'no-store' }).end('{}');
    expect(await get()).toMatchObject({ freshTtl: 0, mayBeKept: false });
  });

  it('keeps no connection, so that none is used for another name', async () => {
    await get();
    await fetchDocument(host.url('/', 'other.client.example'), limits);
    expect(host.connections()).toBe(2);
  });
});

describe('where a guarded fetch goes', () => {
  it('asks the name server once, and never goes where a second answer leads', async () => {
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    const asked: string[] = [];
    const resolve = (hostname: string) => {
      asked.push(hostname);
      return Promise.resolve(answers.shift() ?? []);
    };
    expect(await fetchWith({ resolve })(host.url('/'), limits)).toMatchObject({ document: { a: 1 } });
    expect(asked).toEqual(['client.example']);
  });

  it.each([
    [['10.0.0.1']],
    [['127.0.0.1', '10.0.0.1']],
    [['10.0.0.1', '127.0.0.1']],
    [['127.0.0.1', '::ffff:127.0.0.1']],
    [['127.0.0.1', 'fe80::1%eth0']],
    [['127.0.0.1', '']],
  ])('goes nowhere when one address of %o is not allowed', async (addresses) => {
    const fetch = fetchWith({ resolve: () => Promise.resolve(addresses) });
    await expect(fetch(host.url('/'), limits)).rejects.toMatchObject({
      ...code('FORBIDDEN_ADDRESS'),
      isForbidden: true,
    });
    expect(host.connections()).toBe(0);
  });

  it('takes the next address when one does not answer', async () => {
    const mixed = fetchWith({
      resolve: () => Promise.resolve(['::1', '127.0.0.9', '127.0.0.1']),
      isAllowed: () => true,
    });
    expect(await mixed(host.url('/'), limits)).toMatchObject({ document: { a: 1 } });
  });

  it.each([
    'http://client.example/',
    'http://127.0.0.1/',
    'ftp://client.example/',
    'file:///etc/passwd',
    'data:application/json,{}',
    'client.example',
    '',
  ])('never asks %s', async (url) => {
    await expect(fetchDocument(url, limits)).rejects.toMatchObject(code('UNSUPPORTED_URL'));
    expect(resolved).toEqual([]);
  });

  it.each([
    'https://127.0.0.1',
    'https://0177.0.0.1',
    'https://2130706433',
    'https://127.1',
    'https://[::1]',
    'https://[::ffff:7f00:1]',
    'https://[::]',
    'https://0.0.0.0',
    'https://169.254.169.254',
    'https://[fd00:ec2::254]',
    'https://１２７.0.0.1',
  ])('refuses the address in %s without asking anybody', async (origin) => {
    const fetch = createGuardedFetch({
      resolve: () => Promise.reject(new Error('Nobody has to be asked.')),
      clock: () => 0,
      allowLoopback: false,
    });
    await expect(fetch(`${origin}:${host.port}/`, limits)).rejects.toMatchObject(code('FORBIDDEN_ADDRESS'));
    expect(host.connections()).toBe(0);
  });

  it.each(['localhost', 'LOCALHOST', 'localhost.', 'a.localhost'])(
    'does not take %s for a public name',
    async (name) => {
      const fetch = createGuardedFetch({
        resolve: () => Promise.resolve(['127.0.0.1', '::1']),
        clock: () => 0,
        allowLoopback: false,
      });
      await expect(fetch(host.url('/', name), limits)).rejects.toMatchObject(code('FORBIDDEN_ADDRESS'));
    },
  );

  it('says when a name leads nowhere, or nobody tells', async () => {
    const nowhere = fetchWith({ resolve: () => Promise.resolve([]) });
    await expect(nowhere(host.url('/'), limits)).rejects.toMatchObject(code('NOT_RESOLVED'));
    const failing = fetchWith({ resolve: () => Promise.reject(new Error('queryA ESERVFAIL')) });
    await expect(failing(host.url('/'), limits)).rejects.toMatchObject({ ...code('NOT_RESOLVED'), isForbidden: false });
  });

  it('believes no other certificate', async () => {
    await expect(fetchDocument(host.url('/', 'other.example'), limits)).rejects.toMatchObject(
      code('ERR_TLS_CERT_ALTNAME_INVALID'),
    );
    const fetch = createGuardedFetch({
      resolve: () => Promise.resolve(['127.0.0.1']),
      clock: () => 0,
      allowLoopback: false,
      isAllowed: () => true,
    });
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      await expect(fetch(host.url('/'), limits)).rejects.toMatchObject(code('DEPTH_ZERO_SELF_SIGNED_CERT'));
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
    expect(host.asked).toEqual([]);
  });

  it.each([301, 302, 303, 307, 308])('follows no redirect (%d)', async (status) => {
    answer = (response, request) =>
      request.url === '/there'
        ? response.writeHead(200, json).end('{}')
        : response.writeHead(status, { ...json, location: host.url('/there') }).end('{}');
    await expect(get()).rejects.toMatchObject(code(`STATUS_${status}`));
    expect(host.asked).toHaveLength(1);
  });
});

describe('in development', () => {
  const fetch = fetchWith({ allowLoopback: true, isAllowed: () => false });
  let plain: Awaited<ReturnType<typeof startPlainHost>>;
  beforeEach(async () => {
    plain = await startPlainHost();
  });
  afterEach(() => plain.close());

  it.each(['127.0.0.1', 'localhost'])('http will do for %s, and no name server is asked', async (name) => {
    expect(await fetch(`http://${name}:${plain.port}/`, limits)).toMatchObject({ document: {} });
    expect(resolved).toEqual([]);
  });

  it('nothing else changes', async () => {
    await expect(fetch(`http://client.example:${plain.port}/`, limits)).rejects.toMatchObject(code('UNSUPPORTED_URL'));
    await expect(fetch(host.url('/'), limits)).rejects.toMatchObject(code('FORBIDDEN_ADDRESS'));
    await expect(fetch('https://10.0.0.1/', limits)).rejects.toMatchObject(code('FORBIDDEN_ADDRESS'));
    await expect(fetch('http://0.0.0.0/', limits)).rejects.toMatchObject(code('UNSUPPORTED_URL'));
  });
});

describe('what a guarded fetch accepts', () => {
  it.each([204, 206, 304, 400, 403, 404, 429, 500, 503])('refuses status %d', async (status) => {
    answer = (response) => response.writeHead(status, json).end(status === 204 || status === 304 ? '' : '{}');
    await expect(get()).rejects.toMatchObject(code(`STATUS_${status}`));
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset=UTF-8',
    'application/cimd+json',
    'application/oauth.client+json ; a=b',
  ])('takes %s', async (type) => {
    answer = (response) => response.writeHead(200, { 'content-type': type }).end('{}');
    expect(await get()).toMatchObject({ document: {} });
  });

  it.each([
    'text/html',
    'text/plain',
    'text/json',
    'application/jsonp',
    'application/json-seq',
    'x/application/json',
    '',
  ])('refuses the content type "%s"', async (type) => {
    answer = (response) => response.writeHead(200, type === '' ? {} : { 'content-type': type }).end('{}');
    await expect(get()).rejects.toMatchObject(code('NOT_JSON'));
  });

  it.each(['gzip', 'br', 'deflate', 'GZIP', 'identity, gzip'])('refuses the encoding %s', async (encoding) => {
    const packed = gzipSync(JSON.stringify({ a: ' '.repeat(1_000_000) }));
    answer = (response) => response.writeHead(200, { ...json, 'content-encoding': encoding }).end(packed);
    await expect(get()).rejects.toMatchObject(code('ENCODED'));
  });

  it('takes 5 KB, and not a byte more, whether it is announced or not', async () => {
    const full = `"${'a'.repeat(5118)}"`;
    answer = (response) => response.writeHead(200, { ...json, 'content-length': full.length }).end(full);
    expect(await get()).toMatchObject({ document: 'a'.repeat(5118) });
    answer = (response) => response.writeHead(200, { ...json, 'content-length': full.length + 1 }).end(`${full} `);
    await expect(get()).rejects.toMatchObject(code('TOO_LARGE'));
    answer = (response) => void response.writeHead(200, json).write(full, () => response.end(' '));
    await expect(get()).rejects.toMatchObject(code('TOO_LARGE'));
  });

  it('reads no more of an endless body than it may', async () => {
    answer = (response) => {
      response.writeHead(200, json);
      const pump = () => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
        if (!response.destroyed) response.once('drain', pump);
      };
      pump();
    };
    await expect(get()).rejects.toMatchObject(code('TOO_LARGE'));
  });

  it.each([
    ['', 'NOT_JSON'],
    ['{', 'NOT_JSON'],
    ['<html>', 'NOT_JSON'],
    ['{"a":1}}', 'NOT_JSON'],
    ["{'a':1}", 'NOT_JSON'],
    ['\u0000', 'NOT_JSON'],
  ])('refuses %j', async (text, fault) => {
    answer = (response) => response.writeHead(200, json).end(text);
    await expect(get()).rejects.toMatchObject(code(fault));
  });

  it('refuses what is not UTF-8, and skips a byte order mark', async () => {
    answer = (response) => response.writeHead(200, json).end(Buffer.from([0x22, 0xff, 0x22]));
    await expect(get()).rejects.toMatchObject(code('NOT_JSON'));
    answer = (response) => response.writeHead(200, json).end('\ufeff{"a":1}');
    expect(await get()).toMatchObject({ document: { a: 1 } });
  });

  it('survives deep nesting, and members of any name', async () => {
    answer = (response) => response.writeHead(200, json).end('['.repeat(2560) + ']'.repeat(2560));
    expect(await get()).toHaveProperty('document');
    answer = (response) => response.writeHead(200, json).end('{"__proto__":{"polluted":true}}');
    await get();
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('how long a guarded fetch takes', () => {
  const hurried = { ...limits, timeout: 0.3 };

  it.each<[string, Answer]>([
    ['never answers', () => undefined],
    ['sends headers only', (response) => response.writeHead(200, json).flushHeaders()],
    ['never ends', (response) => void response.writeHead(200, json).write('{')],
    [
      'sends a byte at a time',
      (response) => {
        response.writeHead(200, json);
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
    [
      'sends interim answers for ever',
      (response) => {
        const timer = setInterval(() => response.writeProcessing(), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('is bounded when the origin %s', async (_, slow) => {
    answer = slow;
    const startedAt = performance.now();
    await expect(fetchDocument(host.url('/'), hurried)).rejects.toMatchObject(code('TIMEOUT'));
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it('is bounded when the name server never answers', async () => {
    const fetch = fetchWith({ resolve: () => new Promise(() => undefined) });
    await expect(fetch(host.url('/'), hurried)).rejects.toMatchObject(code('TIMEOUT'));
    expect(host.connections()).toBe(0);
  });
});

describe('an origin that speaks no proper HTTP', () => {
  it.each<[string, string]>([
    ['half an answer', 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{'],
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['headers without end', `HTTP/1.1 200 OK\r\n${'X-A: a\r\n'.repeat(20_000)}\r\n`],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}'],
    ['nothing', ''],
  ])('that sends %s is a fault, and no more', async (_, text) => {
    const raw: Server = createServer((socket: Socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(text));
    });
    const port = await listenHttp(raw as never, 0);
    const fetch = fetchWith({ allowLoopback: true });
    await expect(fetch(`http://127.0.0.1:${port}/`, limits)).rejects.toMatchObject({ name: 'FetchFault' });
    raw.close();
  });
});

it('tells in a fault nothing that the other side said', async () => {
  answer = (response) => response.writeHead(403, 'Canary', { ...json, 'x-canary': 'canary' }).end('canary');
  const fault = (await get('/canary').catch((thrown: unknown) => thrown)) as Error;
  expect(`${fault.name} ${fault.message} ${JSON.stringify(fault)} ${String(fault.cause)}`.toLowerCase()).not.toContain(
    'canary',
  );
});

async function startPlainHost() {
  const { createServer: createHttpServer } = await import('node:http');
  const server = createHttpServer((_, response) => response.writeHead(200, json).end('{}'));
  const port = await listenHttp(server, 0);
  return { port, close: () => void server.close() };
}
