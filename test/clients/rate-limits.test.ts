import { randomUUID } from 'node:crypto';
import { createServer, request as startRequest } from 'node:http';
import { Redis } from 'ioredis';
import { memoryStore, OAuthProxy, type LogEntry, type RateLimitOptions } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { Pool } from 'pg';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { serve, serveGate } from '../http/serve.js';
import { authorizationUrl, pkce, postForm, refresh, revoke, signIn } from '../support/client.js';
import { isWithoutPostgres, isWithoutRedis, postgresUrl, redisUrl } from '../support/database-servers.js';
import { startGatehouse, type Gatehouse, type GatehouseSettings } from '../support/gatehouse.js';
import { startStallingProxy } from '../support/stalling-proxy.js';
import { listen, stop } from '../support/upstream-provider.js';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function start(rateLimits: RateLimitOptions | false, settings: GatehouseSettings = {}): Promise<Gatehouse> {
  const gatehouse = await startGatehouse({ rateLimits, ...settings });
  cleanUps.push(() => gatehouse.close());
  return gatehouse;
}

interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Asking {
  readonly method?: string;
  /** The address of the socket: any of 127.0.0.0/8. */
  readonly from?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Sends a request from an address of one's own. */
function ask(url: string, { method = 'POST', from = '127.0.0.1', headers = {}, body }: Asking = {}): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const outgoing = startRequest(url, { method, localAddress: from, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    outgoing.on('error', reject).end(body);
  });
}

const metadata = JSON.stringify({
  redirect_uris: ['http://127.0.0.1:8910/callback'],
  token_endpoint_auth_method: 'none',
});
const registration = { headers: { 'content-type': 'application/json' }, body: metadata };
const form = { 'content-type': 'application/x-www-form-urlencoded' };

/** The statuses of one request after the other, with what `vary` changes in each. */
async function statuses(url: string, times: number, asking: Asking, vary: (index: number) => Asking = () => ({})) {
  const seen: number[] = [];
  for (let index = 0; index < times; index++) {
    const varied = vary(index);
    const headers = { ...asking.headers, ...varied.headers };
    seen.push((await ask(url, { ...asking, ...varied, headers })).status);
  }
  return seen;
}

const three = { requests: 3, seconds: 60 };
const limited = (log: readonly LogEntry[]) => log.filter(({ event }) => event === 'rate limited');

describe('a limit', () => {
  const doors = [
    ['registration', '/oauth/register', registration, 201],
    ['authorization', '/oauth/authorize?client_id=x', { method: 'GET' }, 400],
    ['authorization', '/oauth/consent', { headers: form, body: 'transaction=x&decision=deny' }, 400],
    ['authorization', '/oauth/callback?state=x', { method: 'GET' }, 400],
    ['token', '/oauth/token', { headers: form, body: 'grant_type=refresh_token&client_id=x&refresh_token=y' }, 401],
    ['introspection', '/oauth/introspect', { headers: form, body: 'token=x' }, 401],
    ['revocation', '/oauth/revoke', { headers: form, body: 'client_id=x&token=y' }, 401],
  ] as const;

  it.each(doors)('of %s holds at %s, and leaves other addresses alone', async (name, path, asking, usual) => {
    const resources = [
      { url: 'http://127.0.0.1:9/notes', introspection: { keys: ['n0tesKey/wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU+kD8='] } },
    ];
    const { issuer, log } = await start({ [name]: three }, { resources });
    const url = issuer + path;
    expect(await statuses(url, 5, asking)).toEqual([usual, usual, usual, 429, 429]);
    expect(await statuses(url, 1, { ...asking, from: '127.0.0.2' })).toEqual([usual]);
    const { headers } = await ask(url, asking);
    const seconds = Number(headers['retry-after']);
    expect(seconds).toBeGreaterThan(50);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(headers['cache-control']).toBe('no-store');
    // One line for the whole flood, which tells where it comes from, and not who that is.
    expect(limited(log)).toEqual([
      {
        level: 'warn',
        event: 'rate limited',
        requestId: expect.any(String) as string,
        path: new URL(url).pathname,
        code: name,
        description: expect.stringMatching(/one address in 127\.0\.0\.0\/24: none is served for \d+ s/) as string,
      },
    ]);
    expect(log.filter(({ code }) => code === 'too_many_requests')).toEqual([]);
  });

  it('is over when its time is', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { issuer } = await start({ registration: three });
    expect(await statuses(`${issuer}/oauth/register`, 4, registration)).toEqual([201, 201, 201, 429]);
    vi.setSystemTime(Date.now() + 40_000);
    const { headers } = await ask(`${issuer}/oauth/register`, registration);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(20);
    vi.setSystemTime(Date.now() + 21_000);
    expect(await statuses(`${issuer}/oauth/register`, 4, registration)).toEqual([201, 201, 201, 429]);
  });

  it('holds for each alias of the endpoint together with it', async () => {
    const { issuer } = await start({ registration: three });
    await statuses(`${issuer}/register`, 2, registration);
    expect(await statuses(`${issuer}/oauth/register`, 2, registration)).toEqual([201, 429]);
  });

  it('counts no preflight, and no request to a door that has none', async () => {
    const { issuer, mcpUrl } = await start({ registration: three, token: three, authorization: three });
    const preflight = { method: 'OPTIONS', headers: { origin: 'https://app.example' } };
    expect(await statuses(`${issuer}/oauth/token`, 5, preflight)).toEqual([204, 204, 204, 204, 204]);
    for (const path of ['/.well-known/oauth-authorization-server', '/oauth/jwks']) {
      expect(await statuses(issuer + path, 5, { method: 'GET' })).toEqual([200, 200, 200, 200, 200]);
    }
    expect(await statuses(mcpUrl, 5, {})).toEqual([401, 401, 401, 401, 401]);
    expect(await statuses(`${issuer}/oauth/register`, 1, registration)).toEqual([201]);
  });

  it('answers programs in JSON that scripts of other origins may read, and people with a page', async () => {
    const { issuer } = await start({
      token: { requests: 1, seconds: 60 },
      authorization: { requests: 1, seconds: 60 },
    });
    const asking = { headers: form, body: 'grant_type=x' };
    await ask(`${issuer}/oauth/token`, asking);
    const refused = await ask(`${issuer}/oauth/token`, asking);
    expect(JSON.parse(refused.text)).toEqual({
      error: 'too_many_requests',
      error_description: 'There were too many requests. Try again later.',
    });
    expect(refused.headers['access-control-allow-origin']).toBe('*');
    expect(refused.headers['access-control-expose-headers']).toContain('Retry-After');
    expect(refused.headers['www-authenticate']).toBeUndefined();

    const url = `${issuer}/oauth/authorize`;
    await ask(url, { method: 'GET' });
    const page = await ask(url, { method: 'GET', headers: { accept: 'text/html' } });
    expect(page.status).toBe(429);
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['access-control-allow-origin']).toBeUndefined();
    expect(Number(page.headers['retry-after'])).toBeGreaterThan(0);
    expect(page.text).toContain('Too many requests');
    expect(page.text).toMatch(/Request ID <code>\S+<\/code>/);
    const probe = await ask(url, { method: 'GET', headers: { accept: 'application/json' } });
    expect(JSON.parse(probe.text)).toMatchObject({ error: 'too_many_requests' });
  });

  it('can be turned off, one or all', async () => {
    const { issuer } = await start({ registration: false, token: { requests: 1, seconds: 60 } });
    expect(new Set(await statuses(`${issuer}/oauth/register`, 10, registration))).toEqual(new Set([201]));
    const off = await start(false);
    expect(new Set(await statuses(`${off.issuer}/oauth/register`, 700, registration))).toEqual(new Set([201]));
  });

  it('is on unless it was turned off, and above what a crowd behind one address asks for', async () => {
    const { issuer } = await start({});
    const seen = await statuses(`${issuer}/oauth/register`, 601, registration);
    expect(seen.slice(0, 600).every((status) => status === 201)).toBe(true);
    expect(seen.at(-1)).toBe(429);
  });

  it('holds for the routes of an OAuthProxy too', async () => {
    const secret = 'PZ2rY0m3c9Qk1V7bW4xN8tH6sJ5dL0fG';
    const served = await serve((origin) => {
      const proxy = new OAuthProxy({
        baseUrl: `${origin}/auth`,
        sessionSecret: secret,
        providers: [oidcProvider({ issuer: 'http://127.0.0.1:9', clientId: 'id', clientSecret: 'for a test' })],
        redirectUris: [`${origin}/signed-in`],
        store: 'memory:',
        rateLimits: { authorization: three, token: three },
        log: () => undefined,
        audit: false,
      });
      cleanUps.push(() => proxy.close());
      const { authorize, token } = proxy.createMiddleware();
      return (request, response) => (request.method === 'POST' ? token : authorize)(request, response);
    });
    cleanUps.push(() => served.close());
    expect(await statuses(`${served.origin}/auth/authorize`, 4, { method: 'GET' })).toEqual([303, 303, 303, 429]);
    const body = 'grant_type=refresh_token&refresh_token=unknown';
    expect(await statuses(`${served.origin}/auth/token`, 4, { headers: form, body })).toEqual([400, 400, 400, 429]);
  });
});

describe('somebody who pretends to be many', () => {
  const forged = (index: number): Asking => {
    const address = `203.0.113.${index}`;
    return {
      headers: {
        'x-forwarded-for': address,
        forwarded: `for=${address}`,
        'x-real-ip': address,
        'x-client-ip': address,
        'cf-connecting-ip': address,
        'true-client-ip': address,
      },
    };
  };

  it('is one while no proxy is trusted, and the operator hears of the proxy that may be there', async () => {
    const { issuer, log } = await start({ registration: three });
    expect(await statuses(`${issuer}/oauth/register`, 5, registration, forged)).toEqual([201, 201, 201, 429, 429]);
    expect(log.filter(({ event }) => event === 'proxy not trusted')).toHaveLength(1);
  });

  it('is one behind a trusted proxy too, which writes down where the request came from', async () => {
    const { issuer, log } = await start({ registration: three }, { trustedProxies: ['127.0.0.1'] });
    const behind = (index: number) => ({ headers: { 'x-forwarded-for': `203.0.113.${index}, 198.51.100.7` } });
    expect(await statuses(`${issuer}/oauth/register`, 5, registration, behind)).toEqual([201, 201, 201, 429, 429]);
    const others = (index: number) => ({ headers: { 'x-forwarded-for': `198.51.100.7, 203.0.113.${index}` } });
    expect(await statuses(`${issuer}/oauth/register`, 5, registration, others)).toEqual([201, 201, 201, 201, 201]);
    expect(log.filter(({ event }) => event === 'proxy not trusted')).toEqual([]);
  });

  it('is one who goes around the proxy, and says what it would say', async () => {
    const { issuer } = await start({ registration: three }, { trustedProxies: ['127.0.0.1'] });
    const asking = { ...registration, from: '127.0.0.66' };
    expect(await statuses(`${issuer}/oauth/register`, 5, asking, forged)).toEqual([201, 201, 201, 429, 429]);
  });

  it('is one with all addresses of its IPv6 network', async () => {
    const { issuer } = await start({ registration: three }, { trustedProxies: ['loopback'] });
    const rotating = (index: number) => ({ headers: { 'x-forwarded-for': `2001:db8:1:2:${index}::${index}` } });
    expect(await statuses(`${issuer}/oauth/register`, 5, registration, rotating)).toEqual([201, 201, 201, 429, 429]);
    const neighbour = { headers: { 'x-forwarded-for': '2001:db8:1:3::1' } };
    expect(await statuses(`${issuer}/oauth/register`, 1, registration, () => neighbour)).toEqual([201]);
  });

  it('is one in IPv4 and in IPv4 that is written as IPv6', async () => {
    const { issuer } = await start({ registration: three }, { trustedProxies: ['loopback'] });
    const spelt = ['198.51.100.7', '::ffff:198.51.100.7', '::FFFF:c633:6407', '198.51.100.7:4711'];
    const varied = (index: number) => ({ headers: { 'x-forwarded-for': spelt[index] ?? '' } });
    expect(await statuses(`${issuer}/oauth/register`, 4, registration, varied)).toEqual([201, 201, 201, 429]);
  });
});

describe('a client', () => {
  const clientSecret = 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';
  const clients = [
    { clientId: 'machine', name: 'Machine', clientSecret },
    { clientId: 'other', name: 'Other', clientSecret: `${clientSecret}-of-another` },
  ];
  const asMachine = (secret = clientSecret) => ({
    headers: form,
    body: `grant_type=client_credentials&client_id=machine&client_secret=${secret}`,
  });
  const rotating = (index: number) => ({ from: `127.0.1.${index + 1}` });

  // The secret is posted, hence the method.
  const posting = clients.map((each) => ({ ...each, authenticationMethod: 'client_secret_post' as const }));

  it('that has authenticated counts as itself at the token endpoint, from wherever it asks', async () => {
    const { issuer, log } = await start({ token: three }, { clients: posting });
    const url = `${issuer}/oauth/token`;
    expect(await statuses(url, 5, asMachine(), rotating)).toEqual([200, 200, 200, 429, 429]);
    const other = { ...asMachine(), body: asMachine(`${clientSecret}-of-another`).body.replace('machine', 'other') };
    expect(await statuses(url, 1, other, rotating)).toEqual([200]);
    expect(limited(log).map(({ description }) => description)).toEqual([expect.stringContaining('of one client')]);
  });

  it('is not shut out by strangers who use its name without its secret', async () => {
    const { issuer } = await start({ token: three }, { clients: posting });
    const url = `${issuer}/oauth/token`;
    expect(new Set(await statuses(url, 10, asMachine('guessed'), rotating))).toEqual(new Set([401]));
    expect(await statuses(url, 1, { ...asMachine(), from: '127.0.2.1' })).toEqual([200]);
  });

  it('without a secret is not shut out by strangers who use its name', async () => {
    const { issuer } = await start({ token: three });
    const { client, refreshToken } = await signIn(issuer);
    const body = `grant_type=refresh_token&client_id=${client.clientId}&refresh_token=guessed`;
    expect(new Set(await statuses(`${issuer}/oauth/token`, 10, { headers: form, body }, rotating))).toEqual(
      new Set([400]),
    );
    expect((await refresh(issuer, client, refreshToken)).status).toBe(200);
  });

  it('that introspects counts as the resource that it speaks for, from wherever it asks', async () => {
    const key = 'n0tesKey/wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU+kD8=';
    const otherKey = 'f1lesKey-wQ2vB5nX7mC1zL4jH9gF3sA6pO0iUkD8';
    const resources = [
      { url: 'http://127.0.0.1:9/notes', introspection: { keys: [key] } },
      { url: 'http://127.0.0.1:9/files', introspection: { keys: [otherKey] } },
    ];
    const { issuer } = await start({ introspection: three }, { resources });
    const asking = (bearer: string) => ({ headers: { ...form, authorization: `Bearer ${bearer}` }, body: 'token=x' });
    const url = `${issuer}/oauth/introspect`;
    expect(new Set(await statuses(url, 10, asking('g'.repeat(43)), rotating))).toEqual(new Set([401]));
    const fresh = (index: number) => ({ from: `127.0.3.${index + 1}` });
    expect(await statuses(url, 5, asking(key), fresh)).toEqual([200, 200, 200, 429, 429]);
    expect(await statuses(url, 1, asking(otherKey), fresh)).toEqual([200]);
  });

  it('that was refused loses nothing: its code, its refresh token and its tokens are good afterwards', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { issuer } = await start({ token: { requests: 2, seconds: 60 }, revocation: { requests: 1, seconds: 60 } });
    const { client, refreshToken } = await signIn(issuer);
    expect((await refresh(issuer, client, refreshToken)).status).toBe(200);
    expect((await refresh(issuer, client, refreshToken)).status).toBe(429);
    vi.setSystemTime(Date.now() + 61_000);
    const { status, body } = await refresh(issuer, client, refreshToken);
    expect(status).toBe(200);
    const current = String(body['refresh_token']);
    expect((await revoke(issuer, client, 'unknown')).status).toBe(200);
    // A revocation that was not done must not look done.
    expect((await revoke(issuer, client, current)).status).toBe(429);
    expect((await refresh(issuer, client, current)).status).toBe(200);
  });
});

describe('documents that had to be fetched', () => {
  const redirectUri = 'http://127.0.0.1:8910/callback';

  async function startHost() {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const document = {
        client_id: `http://127.0.0.1:${port}${request.url ?? ''}`,
        client_name: 'Document',
        redirect_uris: [redirectUri],
      };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
    });
    const port = await listen(server, 0);
    cleanUps.push(() => stop(server));
    return { asked, url: (name: number | string) => `http://127.0.0.1:${port}/client-${name}.json` };
  }

  const authorizePath = (issuer: string, clientId: string) =>
    authorizationUrl(issuer, { clientId, redirectUri }, pkce().challenge).href;

  it('count for the address that named them; kept ones do not, and serve whoever is over the limit', async () => {
    const host = await startHost();
    const { issuer, log } = await start(
      { metadataDocuments: three },
      { clientIdMetadataDocuments: { allowLoopback: true } },
    );
    const name = (which: number, from?: string) =>
      ask(authorizePath(issuer, host.url(which)), { method: 'GET', ...(from !== undefined && { from }) });
    for (const which of [1, 2, 3]) expect((await name(which)).status).toBe(200);
    for (const which of [1, 2, 3, 1, 2, 3]) expect((await name(which)).status).toBe(200);
    const refused = await name(4);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.text).toContain('Too many requests');
    expect(host.asked).toHaveLength(3);
    expect((await name(4, '127.0.0.2')).status).toBe(200);
    expect((await name(4)).status).toBe(200);
    expect(limited(log)).toHaveLength(1);
  });

  it('count at the token endpoint too, for the address, which forged headers do not change', async () => {
    const host = await startHost();
    const { issuer } = await start(
      { metadataDocuments: three },
      { clientIdMetadataDocuments: { allowLoopback: true } },
    );
    const seen: unknown[] = [];
    for (let index = 0; index < 5; index++) {
      const answer = await postForm(
        `${issuer}/oauth/token`,
        { grant_type: 'refresh_token', refresh_token: 'unknown', client_id: host.url(index) },
        { 'x-forwarded-for': `203.0.113.${index}` },
      );
      seen.push([answer.status, answer.body['error']]);
    }
    const known = [400, 'invalid_grant'];
    const refused = [429, 'too_many_requests'];
    expect(seen).toEqual([known, known, known, refused, refused]);
  });
});

describe('gate.fetch', () => {
  const address = 'http://127.0.0.1:9';
  const request = (headers: Record<string, string> = {}) =>
    new Request(`${address}/oauth/register`, {
      method: 'POST',
      body: metadata,
      headers: { ...registration.headers, ...headers },
    });

  async function startFetching(trustedProxies: string[] = []) {
    const served = await serveGate(() => ({ issuer: address, rateLimits: { registration: three }, trustedProxies }));
    cleanUps.push(() => served.close());
    return served;
  }

  it('counts for the address that the application tells', async () => {
    const { gate } = await startFetching();
    const from = async (ip: string, headers = {}) => (await gate.fetch(request(headers), { ip })).status;
    for (let each = 0; each < 3; each++) expect(await from('198.51.100.7')).toBe(201);
    expect(await from('198.51.100.7', { 'x-forwarded-for': '203.0.113.9' })).toBe(429);
    expect(await from('203.0.113.9')).toBe(201);
  });

  it('believes trusted proxies among the peers that the application tells', async () => {
    const { gate } = await startFetching(['10.0.0.0/8']);
    const through = async (client: string) =>
      (await gate.fetch(request({ 'x-forwarded-for': client }), { ip: '10.0.0.1' })).status;
    for (let each = 0; each < 3; each++) expect(await through(`203.0.113.${each}, 198.51.100.7`)).toBe(201);
    expect(await through('198.51.100.7')).toBe(429);
    expect(await through('203.0.113.9')).toBe(201);
  });

  it('counts nobody whose address nobody knows, so that none of them shuts out the others, and warns once', async () => {
    const { gate, log } = await startFetching(['loopback']);
    for (let each = 0; each < 6; each++) {
      const answer = await gate.fetch(
        request({ 'x-forwarded-for': '203.0.113.9' }),
        each % 2 ? { ip: 'nobody' } : undefined,
      );
      expect(answer.status).toBe(201);
    }
    expect(log.filter(({ event }) => event === 'client address unknown')).toHaveLength(1);
  });

  it('takes whatever a runtime passes beside the request', async () => {
    const { gate } = await startFetching();
    const handler: (request: Request, context: { params: Promise<object> }) => Promise<Response> = gate.fetch;
    expect((await handler(request(), { params: Promise.resolve({}) })).status).toBe(201);
  });
});

describe('two servers', () => {
  async function startTwo(settings: GatehouseSettings) {
    // One issuer, as replicas have it; each has a port of its own.
    const issuer = `http://localhost/${randomUUID()}`;
    const open = async () => {
      const served = await serveGate(() => ({ store: memoryStore(), ...settings, issuer }));
      cleanUps.push(() => served.close());
      return { url: `${served.origin}${new URL(issuer).pathname}/oauth/register`, log: served.log };
    };
    return [await open(), await open()] as const;
  }

  const share = async (settings: GatehouseSettings) => {
    const [one, other] = await startTwo({ rateLimits: { registration: three }, ...settings });
    expect(await statuses(one.url, 2, registration)).toEqual([201, 201]);
    expect(await statuses(other.url, 2, registration)).toEqual([201, 429]);
    expect(await statuses(one.url, 1, registration)).toEqual([429]);
    expect(await statuses(other.url, 1, { ...registration, from: '127.0.0.2' })).toEqual([201]);
    expect([...one.log, ...other.log].map(({ event }) => event)).toEqual(['rate limited', 'rate limited']);
  };

  it('count by themselves in memory', async () => {
    const [one, other] = await startTwo({ rateLimits: { registration: three } });
    expect(await statuses(one.url, 4, registration)).toEqual([201, 201, 201, 429]);
    expect(await statuses(other.url, 3, registration)).toEqual([201, 201, 201]);
  });

  describe.skipIf(isWithoutRedis)('with Redis', () => {
    it('count together on the connection of the store, and keep no address there', async () => {
      const watcher = new Redis(redisUrl);
      cleanUps.push(() => watcher.quit());
      const before = new Set(await watcher.keys('gatehouse:rate:*'));
      await share({ store: redisUrl });
      const added = (await watcher.keys('gatehouse:rate:*')).filter((key) => !before.has(key));
      expect(added.length).toBeGreaterThan(0);
      for (const key of added) expect(key).toMatch(/^gatehouse:rate:\w{8}:\w+:[\w-]{22}$/);
      expect(added.join()).not.toContain('127.0.0');
    });

    it('count together through a client of the application', async () => {
      const client = new Redis(redisUrl);
      cleanUps.push(() => client.quit());
      await share({ rateLimits: { registration: three, store: client } });
    });

    it('count each for itself while Redis is away, and together when it is back', async () => {
      const proxy = await startStallingProxy(redisUrl, 6379);
      cleanUps.push(() => proxy.close());
      const client = new Redis(proxy.url, { maxRetriesPerRequest: 0, retryStrategy: () => 20 });
      client.on('error', () => undefined);
      cleanUps.push(() => client.disconnect());
      let offset = 0;
      const clock = () => Date.now() / 1000 + offset;
      const [one, other] = await startTwo({ rateLimits: { registration: three, store: client }, clock });
      expect(await statuses(one.url, 1, registration)).toEqual([201]);
      proxy.stall();
      expect(await statuses(one.url, 4, registration)).toEqual([201, 201, 201, 429]);
      expect(await statuses(other.url, 4, registration)).toEqual([201, 201, 201, 429]);
      proxy.release();
      proxy.drop();
      const away = one.log.filter(({ event }) => event === 'rate limits counted here');
      expect(away).toHaveLength(1);
      expect(away[0]).toMatchObject({ level: 'warn', causes: [expect.stringContaining('Error')] });
      offset += 61;
      await expect.poll(() => client.status).toBe('ready');
      const seen = [...(await statuses(one.url, 2, registration)), ...(await statuses(other.url, 2, registration))];
      expect(seen).toContain(429);
    });
  });

  describe.skipIf(isWithoutPostgres)('with PostgreSQL', () => {
    const schema = `gatehouse_${randomUUID().replaceAll('-', '')}`;
    const url = new URL(postgresUrl);
    url.searchParams.set('options', `-c search_path=${schema}`);

    async function makeSchema() {
      const administrator = new Pool({ connectionString: postgresUrl });
      await administrator.query(`CREATE SCHEMA ${schema}`);
      cleanUps.push(async () => {
        await administrator.query(`DROP SCHEMA ${schema} CASCADE`);
        await administrator.end();
      });
      return administrator;
    }

    it('count together on the connection of the store, and keep no address there', async () => {
      const administrator = await makeSchema();
      await share({ store: url.href });
      const { rows } = await administrator.query<{ key: string }>(`SELECT key FROM ${schema}.gatehouse_rates`);
      expect(rows.length).toBeGreaterThan(0);
      for (const { key } of rows) expect(key).toMatch(/^gatehouse:rate:\w{8}:\w+:[\w-]{22}$/);
    });

    it('count together through a pool of the application', async () => {
      await makeSchema();
      const pool = new Pool({ connectionString: url.href });
      cleanUps.push(() => pool.end());
      await share({ rateLimits: { registration: three, store: pool } });
    });

    it('count each for itself where the table cannot be made', async () => {
      const pool = new Pool({ connectionString: url.href });
      cleanUps.push(() => pool.end());
      const [one] = await startTwo({ rateLimits: { registration: three, store: pool } });
      expect(await statuses(one.url, 4, registration)).toEqual([201, 201, 201, 429]);
      expect(one.log.map(({ event }) => event)).toEqual(['rate limits counted here', 'rate limited']);
    });
  });
});
