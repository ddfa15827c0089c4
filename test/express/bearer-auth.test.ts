import express, { type NextFunction, type Request, type Response } from 'express';
import { ConfigurationError, memoryStore, type Store } from 'mcp-gatehouse';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requestText, sendRaw } from '../http/raw.js';
import { serve } from '../http/serve.js';
import { signIn } from '../support/client.js';
import { startHost, type Host } from './host.js';

let host: Host;
let store: Store;
let isDown: boolean;
let calls: number;
const cors = {
  none: (_request: Request, _response: Response, next: NextFunction) => next(),
  own: (_request: Request, response: Response, next: NextFunction) => {
    response.setHeader('access-control-allow-origin', 'https://app.example');
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('access-control-expose-headers', 'X-Own');
    next();
  },
};

/** A store that can be taken away. */
function fragileStore(): Store {
  const inner = memoryStore({ clock: () => Date.now() / 1000 });
  const through = <T>(act: () => Promise<T>) => (isDown ? Promise.reject(new Error('away')) : act());
  return {
    get: (key) => through(() => inner.get(key)),
    set: (key, value, options) => through(() => inner.set(key, value, options)),
    delete: (key, options) => through(() => inner.delete(key, options)),
    list: (partition, options) => through(() => inner.list(partition, options)),
    close: () => inner.close(),
  };
}

async function start(ownCors: keyof typeof cors = 'none') {
  host = await startHost(
    (gate) => {
      const app = express().use(gate.createRouter()).use(cors[ownCors]);
      const tell = (request: Request, response: Response) => {
        calls++;
        response.json((request as unknown as { auth: unknown }).auth);
      };
      app.all('/mcp', gate.requireBearerAuth({ scopes: ['mcp:tools'] }), tell);
      app.all('/write', gate.requireBearerAuth({ scopes: ['mcp:tools', 'notes:write'] }), tell);
      app.all('/any', gate.requireBearerAuth(), tell);
      return app;
    },
    { store },
  );
  return host;
}

beforeEach(() => {
  isDown = false;
  calls = 0;
  store = fragileStore();
});
afterEach(() => host.close());

const call = (path: string, headers: Record<string, string> = {}, method = 'POST') =>
  fetch(host.origin + path, { method, headers });

const challengeOf = (answer: globalThis.Response) => answer.headers.get('www-authenticate') ?? '';

describe('the bearer middleware', () => {
  it('lets a good token through, and says whose it is', async () => {
    await start();
    const { accessToken, client } = await signIn(host.issuer);
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await call('/mcp', { authorization: `Bearer ${accessToken}` }, method);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({
        token: accessToken,
        clientId: client.clientId,
        scopes: ['mcp:tools'],
        resource: host.mcpUrl,
        extra: { sub: 'oidc|alice', provider: 'oidc' },
      });
    }
    expect((await call('/mcp', { authorization: `bearer   ${accessToken}` })).status).toBe(200);
  });

  it.each(['GET', 'POST', 'DELETE', 'PUT'])('challenges %s without a token, and names no error', async (method) => {
    await start();
    const answer = await call('/mcp', {}, method);
    expect(answer.status).toBe(401);
    expect(challengeOf(answer)).toBe(
      `Bearer scope="mcp:tools", resource_metadata="${host.origin}/.well-known/oauth-protected-resource/mcp"`,
    );
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(calls).toBe(0);
  });

  it('tells a client to ask for the scopes of the operation, or for the defaults', async () => {
    await start();
    expect(challengeOf(await call('/write'))).toContain('scope="mcp:tools notes:write"');
    expect(challengeOf(await call('/any'))).toContain('scope="mcp:tools"');
  });

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer x',
    'Bearer a.b.c',
    'Bearer x y',
    'Bearer eyJhbGciOiJub25lIn0.e30.',
    `Bearer ${'x'.repeat(9000)}`,
    'BEARER "x"',
    'Bearer é',
  ])('says what is wrong with "%s"', async (authorization) => {
    await start();
    const answer = await call('/mcp', { authorization });
    expect(answer.status).toBe(401);
    expect(challengeOf(answer)).toMatch(
      /^Bearer error="invalid_token", error_description="[\w ,.]+", scope="mcp:tools", resource_metadata="http[^"]+"$/,
    );
    expect(await answer.json()).toMatchObject({ error: 'invalid_token' });
    expect(calls).toBe(0);
  });

  it.each(['Basic eDp5', 'Digest x', 'DPoP x', 'Negotiate', 'x'])(
    'takes "%s" for no token at all',
    async (authorization) => {
      await start();
      const answer = await call('/mcp', { authorization });
      expect(answer.status).toBe(401);
      expect(challengeOf(answer)).toMatch(/^Bearer scope=/);
    },
  );

  it('refuses two Authorization headers, also when one of them is good', async () => {
    await start();
    const { accessToken } = await signIn(host.issuer);
    const good = `Authorization: Bearer ${accessToken}`;
    for (const lines of [
      [good, good],
      [good, 'Authorization: Bearer x'],
      ['Authorization: Basic eDp5', good],
    ]) {
      const answer = await sendRaw(
        host.origin,
        requestText('POST', '/mcp', ['Connection: close', 'Content-Length: 0', ...lines]),
      );
      expect(answer?.status).toBe(401);
      expect(answer?.headers.get('www-authenticate')?.[0]).toContain('error="invalid_token"');
    }
    expect(calls).toBe(0);
  });

  it('does not look for tokens in the query, in a form or in a cookie', async () => {
    await start();
    const { accessToken } = await signIn(host.issuer);
    const answers = [
      await call(`/mcp?access_token=${accessToken}`, {}, 'GET'),
      await call('/mcp', { cookie: `access_token=${accessToken}` }),
      await fetch(`${host.origin}/mcp`, { method: 'POST', body: new URLSearchParams({ access_token: accessToken }) }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(challengeOf(answer)).not.toContain('error=');
    }
  });

  it('answers a token without the scope with 403, and names all scopes of the operation', async () => {
    await start();
    const { accessToken } = await signIn(host.issuer);
    const answer = await call('/write', { authorization: `Bearer ${accessToken}` });
    expect(answer.status).toBe(403);
    expect(challengeOf(answer)).toMatch(
      /^Bearer error="insufficient_scope", .*scope="mcp:tools notes:write", resource_metadata=/,
    );
    expect(calls).toBe(0);
  });

  it('closes when the store is away: 503, and when to try again', async () => {
    await start();
    const { accessToken } = await signIn(host.issuer);
    expect((await call('/mcp', { authorization: `Bearer ${accessToken}` })).status).toBe(200);
    isDown = true;
    const answer = await call('/mcp', { authorization: `Bearer ${accessToken}` });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.headers.get('www-authenticate')).toBeNull();
    expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' });
    expect(calls).toBe(1);
    isDown = false;
    expect((await call('/mcp', { authorization: `Bearer ${accessToken}` })).status).toBe(200);
  });

  it('answers a preflight, which carries no token', async () => {
    await start();
    const answer = await call(
      '/mcp',
      { origin: 'https://inspector.example', 'access-control-request-method': 'POST' },
      'OPTIONS',
    );
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-methods')).toBe('GET, POST, DELETE');
    expect(answer.headers.get('access-control-allow-headers')).toContain('Mcp-Session-Id');
    expect(calls).toBe(0);
  });

  it('lets scripts of every origin read the answers, and the challenge', async () => {
    await start();
    const { accessToken } = await signIn(host.issuer);
    const withAndWithout: Record<string, string>[] = [{}, { authorization: `Bearer ${accessToken}` }];
    for (const headers of withAndWithout) {
      const answer = await call('/mcp', headers);
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      expect(answer.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  it('leaves it to the application which origins may read, where it has said so', async () => {
    await start('own');
    const { accessToken } = await signIn(host.issuer);
    const statuses = { '': 401, 'Bearer x': 401, [`Bearer ${accessToken}`]: 200 };
    for (const [authorization, status] of Object.entries(statuses)) {
      const answer = await call('/mcp', authorization === '' ? {} : { authorization });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example');
      expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
      expect(answer.headers.get('access-control-expose-headers')).toBe('X-Own');
    }
  });

  it('answers the full path of a middleware that is mounted below one', async () => {
    host = await startHost((gate) => {
      const inner = express
        .Router()
        .use(gate.requireBearerAuth({ scopes: ['mcp:tools'] }), (_request, response) => void response.send('in'));
      return express().use(gate.createRouter()).use('/mcp', inner);
    });
    const { accessToken } = await signIn(host.issuer);
    expect(await (await call('/mcp/below', { authorization: `Bearer ${accessToken}` })).text()).toBe('in');
    await call('/mcp/below?secret=query');
    const entry = host.log.find(({ event }) => event === 'access refused');
    expect(entry).toMatchObject({ level: 'info', path: '/mcp/below', code: 'invalid_token' });
    expect(JSON.stringify(host.log)).not.toContain('query');
  });

  it('stays quiet when the application has answered before it could', async () => {
    await start();
    const gate = host.gate.requireBearerAuth();
    const next: unknown[] = [];
    const served = await serve(() => (request, response) => {
      gate(request, response, (error) => next.push(error));
      response.writeHead(408).end('too late');
    });
    expect((await fetch(served.origin, { headers: { authorization: 'Bearer x' } })).status).toBe(408);
    expect((await fetch(served.origin)).status).toBe(408);
    await served.close();
    expect(next).toEqual([]);
  });

  it('is not made for scopes or resources that nobody knows', async () => {
    await start();
    const { gate } = host;
    expect(() => gate.requireBearerAuth({ scopes: ['mcp:tool'] })).toThrow(ConfigurationError);
    expect(() => gate.requireBearerAuth({ scopes: ['mcp:tool'] })).toThrow('has no scope mcp:tool');
    expect(() => gate.requireBearerAuth({ resource: 'https://other.example/mcp' })).toThrow(host.mcpUrl);
    expect(() => gate.requireBearerAuth({ resource: 'no url' })).toThrow(ConfigurationError);
    expect(() => gate.requireBearerAuth({ resource: `${host.mcpUrl}/` })).not.toThrow();
  });
});

describe('bearer middlewares of several resources on one host', () => {
  it('each take the tokens of their own resource only', async () => {
    const paths = ['/mcp', '/mcp-v2', '/mcp/admin', ''];
    host = await startHost(
      (gate) => {
        const app = express().use(gate.createRouter());
        paths.forEach((path, index) => {
          const guard = gate.requireBearerAuth({ resource: `${gate.getMetadata().issuer}${path}` });
          app.get(`/number-${index}`, guard, (_request, response) => void response.send('in'));
        });
        return app;
      },
      {},
      (issuer) => ({ resources: paths.map((path) => ({ url: issuer + path, scopes: { a: 'A' } })) }),
    );
    for (const [mine, path] of paths.entries()) {
      const { accessToken } = await signIn(host.issuer, 'alice', { resource: host.issuer + path });
      for (const other of paths.keys()) {
        const answer = await call(`/number-${other}`, { authorization: `Bearer ${accessToken}` }, 'GET');
        expect(answer.status, `${path} at ${paths[other] ?? ''}`).toBe(other === mine ? 200 : 401);
      }
    }
  });
});
