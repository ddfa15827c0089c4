import { createServer } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import express4 from 'express4';
import type { OAuthAuthorizationServer } from 'mcp-gatehouse';
import { afterEach, describe, expect, it } from 'vitest';
import { authorizationUrl, pkce, refresh, register, signIn } from '../support/client.js';
import { startHost, type Host } from './host.js';

let host: Host;
afterEach(() => host.close());

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const json = { 'content-type': 'application/json' };

/** The ways in which applications carry the router. */
const hosts: Record<
  string,
  {
    path?: string;
    build: (gate: OAuthAuthorizationServer) => Express | ReturnType<OAuthAuthorizationServer['createRouter']>;
  }
> = {
  'app.use': { build: (gate) => express().use(gate.createRouter()) },
  'app.use of Express 4': { build: (gate) => express4().use(gate.createRouter()) },
  'app.use of Express 4 that has parsed JSON and forms': {
    build: (gate) =>
      express4()
        .use(express4.json(), express4.urlencoded({ extended: true }))
        .use(gate.createRouter()),
  },
  'http.createServer': { build: (gate) => gate.createRouter() },
  'app.use, by its other name': { build: (gate) => express().use(gate.getRouter()) },
  'an app that has parsed JSON and forms': {
    build: (gate) =>
      express()
        .use(express.json({ limit: '50mb' }), express.urlencoded({ extended: true, limit: '50mb' }))
        .use(gate.createRouter()),
  },
  'an app that reads every body as text': {
    build: (gate) =>
      express()
        .use(express.text({ type: '*/*', limit: '50mb' }))
        .use(gate.createRouter()),
  },
  'an app that reads every body as bytes': {
    build: (gate) =>
      express()
        .use(express.raw({ type: '*/*', limit: '50mb' }))
        .use(gate.createRouter()),
  },
  'an app with the extended query parser that trusts proxies': {
    build: (gate) => express().set('query parser', 'extended').set('trust proxy', true).use(gate.createRouter()),
  },
  'app.use below the path of its issuer': {
    path: '/team',
    build: (gate) => express().use('/team', gate.createRouter()),
  },
  'app.use at the root, with an issuer that has a path': {
    path: '/team',
    build: (gate) => express().use(gate.createRouter()),
  },
};

describe.each(Object.entries(hosts))('the router under %s', (_, { path, build }) => {
  const start = async () => (host = await startHost(build, path === undefined ? {} : { path }));

  it('takes a user all the way, and refreshes', async () => {
    const { issuer } = await start();
    const { client, body, refreshToken } = await signIn(issuer);
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'mcp:tools' });
    expect((await refresh(issuer, client, refreshToken)).status).toBe(200);
  });

  it.each([
    ['a repeated parameter', 'grant_type=refresh_token&grant_type=refresh_token&client_id=x', 400, 'invalid_request'],
    ['NUL', 'grant_type=authorization_code%00&client_id=x', 400, 'invalid_request'],
    ['a prototype', '__proto__[grant_type]=authorization_code&client_id=x', 400, 'invalid_request'],
    ['an unknown client', 'grant_type=authorization_code&client_id=x', 401, 'invalid_client'],
    ['nothing', '', 400, 'invalid_request'],
  ])('refuses %s in a form just the same', async (_, body, status, error) => {
    const { issuer } = await start();
    const answer = await fetch(`${issuer}/oauth/token`, { method: 'POST', headers: form, body });
    expect([answer.status, await answer.json()]).toMatchObject([status, { error }]);
  });

  it.each(['client_id[a]=x&client_id[b]=y', 'client_id[]=x', 'client_id[__proto__]=x'])(
    'takes %s for no client at all',
    async (parameter) => {
      const { issuer } = await start();
      const body = `grant_type=authorization_code&${parameter}`;
      const answer = await fetch(`${issuer}/oauth/token`, { method: 'POST', headers: form, body });
      // Parsed by the application it is malformed, parsed here it is a parameter that nobody knows.
      const { error } = (await answer.json()) as { error: string };
      expect([400, 401]).toContain(answer.status);
      expect(error).toBe(answer.status === 400 ? 'invalid_request' : 'invalid_client');
    },
  );

  it('refuses wrong JSON and large bodies just the same', async () => {
    const { issuer } = await start();
    const post = (body: string) => fetch(`${issuer}/oauth/register`, { method: 'POST', headers: json, body });
    const wrong = await post('{"redirect_uris":[{"a":1}]}');
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { error: 'invalid_redirect_uri' }]);
    const large = await post(JSON.stringify({ redirect_uris: ['https://a.example/cb'], x: 'x'.repeat(70_000) }));
    expect(large.status).toBe(413);
    const list = await post('[]');
    expect([list.status, await list.json()]).toMatchObject([400, { error: 'invalid_client_metadata' }]);
  });

  it('reads the query as it was sent', async () => {
    const { issuer } = await start();
    const client = await register(issuer);
    const url = authorizationUrl(issuer, client, pkce().challenge);
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(`${url.href}&client_id=other`)).status).toBe(400);
    expect((await fetch(`${url.href}&state[a]=b&__proto__[x]=y`)).status).toBe(200);
  });
});

describe('the router', () => {
  it('leaves paths that are called as its aliases to the application, where it is mounted below a path', async () => {
    host = await startHost((gate) =>
      express()
        .use('/api', gate.createRouter())
        .post('/api/register', (_, response) => void response.json({ from: 'the application' })),
    );
    const answer = await fetch(`${host.issuer}/api/register`, { method: 'POST', headers: json, body: '{}' });
    expect(await answer.json()).toEqual({ from: 'the application' });
  });

  it('warns, once, when it is mounted below a path, and serves what reaches it', async () => {
    host = await startHost((gate) => express().use('/team', gate.createRouter()), { path: '/team' });
    const appended = await fetch(`${host.issuer}/.well-known/oauth-authorization-server`);
    expect(await appended.json()).toMatchObject({ issuer: host.issuer });
    expect((await fetch(`${host.origin}/.well-known/oauth-authorization-server/team`)).status).toBe(404);
    await fetch(`${host.issuer}/oauth/jwks`);
    expect(host.log.filter(({ event }) => event === 'mounted below a path')).toEqual([
      expect.objectContaining({ level: 'warn', description: expect.stringContaining('at the root') as string }),
    ]);
  });

  it('does not warn when it is mounted at the root', async () => {
    host = await startHost((gate) => express().use(gate.createRouter()));
    await fetch(`${host.issuer}/oauth/jwks`);
    expect(host.log).toEqual([]);
  });

  it('serves an issuer without a path below a mount too, for proxies that add one', async () => {
    host = await startHost((gate) => express().use('/inner', gate.createRouter()));
    for (const path of ['/oauth/jwks', '/.well-known/oauth-authorization-server']) {
      expect((await fetch(`${host.origin}/inner${path}`)).status, path).toBe(200);
    }
  });

  it("leaves the application's own routes alone, and the bodies that belong to them", async () => {
    host = await startHost((gate) =>
      express()
        .use(gate.createRouter())
        .get('/', (_request, response) => void response.send('home'))
        .post('/notes', express.json(), (request: Request, response: Response) => void response.json(request.body))
        .get('/oauth/other', (_request, response) => void response.send('other'))
        .get('/a/.well-known/thing', (_request, response) => void response.send('theirs')),
    );
    expect(await (await fetch(`${host.origin}/`)).text()).toBe('home');
    const note = { note: 'x'.repeat(50_000) };
    const posted = await fetch(`${host.origin}/notes`, { method: 'POST', headers: json, body: JSON.stringify(note) });
    expect(await posted.json()).toEqual(note);
    expect(posted.headers.get('access-control-allow-origin')).toBeNull();
    expect(await (await fetch(`${host.origin}/oauth/other`)).text()).toBe('other');
    expect(await (await fetch(`${host.origin}/a/.well-known/thing`)).text()).toBe('theirs');
    expect((await fetch(`${host.origin}/OAuth/Token`, { method: 'POST' })).status).toBe(404);
  });

  it('answers paths that are nobody’s with 404 where there is no application', async () => {
    host = await startHost((gate) => gate.createRouter());
    for (const method of ['GET', 'POST']) {
      const response = await fetch(`${host.origin}/nothing`, { method });
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(await response.json()).toMatchObject({ error: 'not_found' });
    }
  });

  it('can be served by two servers at once', async () => {
    host = await startHost((gate) => gate.createRouter());
    const router = host.gate.createRouter();
    const second = createServer(router).listen(0, '127.0.0.1');
    await new Promise((resolve) => second.once('listening', resolve));
    const { port } = second.address() as { port: number };
    expect((await fetch(`http://127.0.0.1:${port}/oauth/jwks`)).status).toBe(200);
    await new Promise((resolve) => {
      second.close(resolve);
      second.closeAllConnections();
    });
  });

  it('keeps its faults from the error handler of the application, and shows no stack', async () => {
    const caught: unknown[] = [];
    let broken = false;
    host = await startHost(
      (gate) =>
        express()
          .use(gate.createRouter())
          .use((error: unknown, _request: Request, _response: Response, next: NextFunction) => {
            caught.push(error);
            next(error);
          }),
      {
        clock: () => {
          if (broken) throw new Error('secret-canary');
          return Date.now() / 1000;
        },
        consentPage: () => {
          throw new Error('secret-canary');
        },
      },
    );
    const client = await register(host.issuer);
    broken = true;
    const registered = await fetch(`${host.issuer}/oauth/register`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ redirect_uris: ['https://a.example/cb'] }),
    });
    expect(registered.status).toBe(500);
    expect(await registered.json()).toEqual({ error: 'server_error', error_description: expect.any(String) as string });
    broken = false;
    const asked = await fetch(authorizationUrl(host.issuer, client, pkce().challenge), { redirect: 'manual' });
    expect(asked.status).toBe(303);
    expect(asked.headers.get('location')).toMatch(/^http:\/\/127\.0\.0\.1:8910\/callback\?error=server_error&/);
    expect(await asked.text()).toBe('');
    expect(caught).toEqual([]);
    expect(JSON.stringify(host.log)).not.toContain('secret-canary');
    expect(host.log).toHaveLength(2);
  });

  it("takes an application's own CORS off its pages, and its credentials off everything", async () => {
    const cors = (request: Request, response: Response, next: NextFunction) => {
      response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
      response.setHeader('access-control-allow-credentials', 'true');
      next();
    };
    host = await startHost((gate) => express().use(cors).use(gate.createRouter()));
    const client = await register(host.issuer);
    const headers = { origin: 'https://evil.example' };
    const pages: [URL | string, RequestInit][] = [
      [authorizationUrl(host.issuer, client, pkce().challenge), {}],
      [authorizationUrl(host.issuer, client, 'no challenge'), {}],
      [`${host.issuer}/oauth/authorize`, {}],
      [`${host.issuer}/oauth/authorize`, { method: 'OPTIONS' }],
      [`${host.issuer}/oauth/consent`, { method: 'POST', body: new URLSearchParams({ decision: 'approve' }) }],
      [`${host.issuer}/oauth/callback?state=x`, {}],
    ];
    for (const [url, init] of pages) {
      const answer = await fetch(url, { ...init, headers, redirect: 'manual' });
      expect(answer.headers.get('access-control-allow-origin'), String(url)).toBeNull();
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    }
    for (const path of ['/.well-known/oauth-authorization-server', '/oauth/jwks', '/oauth/token']) {
      const answer = await fetch(host.issuer + path, { headers });
      expect(answer.headers.get('access-control-allow-origin'), path).toBe('*');
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  it('sends redirects without a body, which would keep the code in caches and logs', async () => {
    host = await startHost((gate) => express().use(gate.createRouter()));
    const client = await register(host.issuer);
    const answer = await fetch(authorizationUrl(host.issuer, client, 'x'), { redirect: 'manual' });
    expect(answer.status).toBe(303);
    expect(await answer.text()).toBe('');
    expect(answer.headers.get('content-length')).toBe('0');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('keeps the connection of a client that behaves', async () => {
    host = await startHost((gate) => gate.createRouter());
    const answer = await fetch(`${host.issuer}/oauth/token`, { method: 'POST', headers: form, body: 'grant_type=x' });
    expect(answer.headers.get('connection')).toBe('keep-alive');
  });
});
