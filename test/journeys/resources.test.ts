import express from 'express';
import { createServer, type Server } from 'node:http';
import type { AuthenticatedRequest } from 'mcp-gatehouse';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callResource, postForm, refresh, signIn } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { listen, stop } from '../support/upstream-provider.js';

let gatehouse: Gatehouse;
let server: Server;
let origin: string;
let notes: string;
let admin: string;

beforeEach(async () => {
  server = createServer();
  origin = `http://127.0.0.1:${await listen(server, 0)}`;
  [notes, admin] = [`${origin}/notes`, `${origin}/notes/admin`];
  gatehouse = await startGatehouse({
    resources: [
      {
        url: notes,
        scopes: {
          'notes:admin': { description: 'Do everything', implies: ['notes:write'] },
          'notes:write': { description: 'Write notes', implies: ['notes:read'] },
          'notes:read': 'Read notes',
        },
        defaultScopes: ['notes:read'],
      },
      { url: admin, scopes: { users: 'See the users' }, accessTokenTtl: 60 },
    ],
  });
  const { gate } = gatehouse;
  const app = express();
  const guard = (resource: string, ...scopes: string[]) => {
    app.post(new URL(resource).pathname, gate.requireBearerAuth({ resource, scopes }), (request, response) => {
      response.json((request as unknown as AuthenticatedRequest).auth.scopes);
    });
  };
  guard(notes, 'notes:read');
  guard(admin, 'users');
  app.post('/write', gate.requireBearerAuth({ resource: notes, scopes: ['notes:write'] }), (_request, response) => {
    response.json('written');
  });
  server.on('request', app);
});
afterEach(async () => {
  await stop(server);
  await gatehouse.close();
});

describe('a broad scope', () => {
  it('opens what a narrow one opens, and tools see both', async () => {
    const { accessToken, body } = await signIn(gatehouse.issuer, 'alice', { scope: 'notes:admin' });
    expect(body['scope']).toBe('notes:admin');
    expect((await callResource(`${origin}/write`, accessToken)).status).toBe(200);
    const answer = await callResource(notes, accessToken);
    expect(await answer.json()).toEqual(['notes:admin', 'notes:write', 'notes:read']);
  });

  it('is not opened by a narrow one', async () => {
    const { accessToken } = await signIn(gatehouse.issuer, 'alice', { scope: 'notes:read' });
    const answer = await callResource(`${origin}/write`, accessToken);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    expect(answer.headers.get('www-authenticate')).toContain('scope="notes:write"');
  });

  it('can be narrowed to what it implies when a token is refreshed, and never widened', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer, 'alice', { scope: 'notes:write' });
    const narrowed = await refresh(gatehouse.issuer, client, refreshToken, { scope: 'notes:read' });
    expect(narrowed.body['scope']).toBe('notes:read');
    const token = String(narrowed.body['access_token']);
    expect((await callResource(`${origin}/write`, token)).status).toBe(403);
    const next = String(narrowed.body['refresh_token']);
    const widened = await refresh(gatehouse.issuer, client, next, { scope: 'notes:admin' });
    expect([widened.status, widened.body['error']]).toEqual([400, 'invalid_scope']);
    // Narrowing was for one token: the grant is as broad as it was.
    expect((await refresh(gatehouse.issuer, client, next)).body['scope']).toBe('notes:write');
  });
});

describe('several resources', () => {
  it('have tokens of their own, with lifetimes of their own, each useless at the other', async () => {
    const first = await signIn(gatehouse.issuer, 'alice', { resource: notes });
    const second = await signIn(gatehouse.issuer, 'alice', { resource: admin });
    expect([first.body['scope'], first.body['expires_in']]).toEqual(['notes:read', 3600]);
    expect([second.body['scope'], second.body['expires_in']]).toEqual(['users', 60]);
    expect((await callResource(notes, first.accessToken)).status).toBe(200);
    expect((await callResource(admin, second.accessToken)).status).toBe(200);
    expect((await callResource(notes, second.accessToken)).status).toBe(401);
    expect((await callResource(admin, first.accessToken)).status).toBe(401);
    // Longer than a token of the second lives, with the tolerance for clocks; not as long as one of the first.
    gatehouse.advance(125);
    expect((await callResource(admin, second.accessToken)).status).toBe(401);
    expect((await callResource(notes, first.accessToken)).status).toBe(200);
  });

  it('cannot be changed at the token endpoint', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer, 'alice', { resource: admin });
    const answer = await postForm(`${gatehouse.issuer}/oauth/token`, {
      grant_type: 'refresh_token',
      client_id: client.clientId,
      refresh_token: refreshToken,
      resource: notes,
    });
    expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_target']);
  });
});
