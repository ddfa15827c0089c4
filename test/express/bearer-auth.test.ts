import express, { type Request, type Response } from 'express';
import { getAuth, type AuthenticatedRequest } from 'mcp-gatehouse';
import { createResourceServer } from 'mcp-gatehouse/resource';
import { afterEach, describe, expect, it } from 'vitest';
import { serve } from '../http/serve.js';
import { describeBearerGate } from '../resource/bearer-gate-cases.js';
import { signIn } from '../support/client.js';
import { startHost, type Host } from './host.js';

describeBearerGate('the bearer middleware', (gate, scopesByPath, tell, ownCors) => {
  const app = express()
    .use(gate.createRouter())
    .use((_request, response, next) => {
      response.set(ownCors);
      next();
    });
  for (const [path, scopes] of scopesByPath) {
    app.all(path, gate.requireBearerAuth({ scopes }), (request, response) => {
      response.type('json').send(tell((request as unknown as AuthenticatedRequest).auth));
    });
  }
  return app;
});

describe('the bearer middleware in an application', () => {
  let host: Host;
  afterEach(() => host.close());

  const call = (path: string, authorization?: string, method = 'POST') =>
    fetch(host.origin + path, { method, headers: authorization === undefined ? {} : { authorization } });

  it('answers the full path where it is mounted below one', async () => {
    host = await startHost((gate) => {
      const inner = express
        .Router()
        .use(gate.requireBearerAuth({ scopes: ['mcp:tools'] }), (_request, response) => void response.send('in'));
      return express().use(gate.createRouter()).use('/mcp', inner);
    });
    const { accessToken } = await signIn(host.issuer);
    expect(await (await call('/mcp/below', `Bearer ${accessToken}`)).text()).toBe('in');
    await call('/mcp/below?secret=query');
    const entry = host.log.find(({ event }) => event === 'access refused');
    expect(entry).toMatchObject({ level: 'info', path: '/mcp/below', code: 'invalid_token' });
  });

  it('stays quiet when the application has answered before it could', async () => {
    host = await startHost((gate) => gate.createRouter());
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

  it('tells getAuth what it tells the request, and the stricter of two gates the same', async () => {
    const told: unknown[] = [];
    host = await startHost((gate) =>
      express()
        .use(gate.createRouter())
        .use('/open', (request, response) => {
          told.push(thrownBy(() => getAuth(request)));
          response.send();
        })
        .use('/mcp', gate.requireBearerAuth(), gate.requireBearerAuth({ scopes: ['mcp:tools'] }))
        .use((request: Request, response: Response) => {
          told.push(getAuth(request), (request as unknown as AuthenticatedRequest).auth);
          response.send();
        }),
    );
    const { accessToken } = await signIn(host.issuer);
    await call('/open', `Bearer ${accessToken}`);
    await call('/mcp', `Bearer ${accessToken}`);
    expect(told).toEqual([
      expect.stringContaining('no bearer gate has let this request through') as unknown,
      expect.objectContaining({ token: accessToken }) as unknown,
      told[1],
    ]);
    expect(told[2]).toBe(told[1]);
  });

  it('serves under http.createServer, where a refused request never comes to have an auth', async () => {
    const told: unknown[] = [];
    host = await startHost((gate) => {
      const [router, guard] = [gate.createRouter(), gate.requireBearerAuth()];
      return (request, response) =>
        router(request, response, () => {
          guard(request, response, () => {
            told.push(getAuth(request).extra.sub);
            response.end();
          });
          response.once('close', () => told.push(thrownBy(() => getAuth(request))));
        });
    });
    await call('/mcp', 'Bearer x');
    const { accessToken } = await signIn(host.issuer);
    await call('/mcp', `Bearer ${accessToken}`);
    expect(told.slice(0, 2)).toEqual([expect.stringContaining('no bearer gate') as unknown, 'oidc|alice']);
  });
});

describe('a bearer middleware that breaks', () => {
  it('lets nobody through, though the handler behind it looks at no error', async () => {
    const resource = 'https://notes.example/mcp';
    const log = () => {
      throw new Error('The disk is full: /var/log/secret.');
    };
    const guard = createResourceServer({ issuer: 'https://issuer.example', resource, log }).requireBearerAuth();
    const served = await serve(() => (request, response) => {
      guard(request, response, () => response.end('in'));
    });
    const answer = await fetch(served.origin, { method: 'POST' });
    await served.close();
    expect([answer.status, await answer.json()]).toMatchObject([500, { error: 'server_error' }]);
  });
});

function thrownBy(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof Error ? error.message : 'no error';
  }
  return 'nothing';
}

describe('bearer middlewares of several resources on one host', () => {
  it('each take the tokens of their own resource only', async () => {
    const paths = ['/mcp', '/mcp-v2', '/mcp/admin', ''];
    const host = await startHost(
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
    try {
      for (const [mine, path] of paths.entries()) {
        const { accessToken } = await signIn(host.issuer, 'alice', { resource: host.issuer + path });
        for (const other of paths.keys()) {
          const headers = { authorization: `Bearer ${accessToken}` };
          const answer = await fetch(`${host.origin}/number-${other}`, { headers });
          expect(answer.status, `${path} at ${paths[other] ?? ''}`).toBe(other === mine ? 200 : 401);
        }
      }
    } finally {
      await host.close();
    }
  });
});
