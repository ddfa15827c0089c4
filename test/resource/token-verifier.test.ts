import { requireBearerAuth as expressGate2 } from '@modelcontextprotocol/express';
import { requireBearerAuth as expressGate1 } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import * as errors1 from '@modelcontextprotocol/sdk/server/auth/errors.js';
import type { OAuthTokenVerifier as Verifier1 } from '@modelcontextprotocol/sdk/server/auth/provider.js';
import {
  OAuthError,
  requireBearerAuth as webGate2,
  type OAuthTokenVerifier as Verifier2,
} from '@modelcontextprotocol/server';
import express, { type Request, type Response } from 'express';
import {
  memoryStore,
  type OAuthAuthorizationServer,
  type OAuthAuthorizationServerOptions,
  type Store,
  type TokenVerifier,
} from 'mcp-gatehouse';
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { startHost, type Host } from '../express/host.js';
import { revoke, signIn } from '../support/client.js';

let host: Host;
let isDown = false;
let offset = 0;
const clock = () => Date.now() / 1000 + offset;

/** A store that can be taken away. */
function fragileStore(): Store {
  const inner = memoryStore({ clock });
  const through = <T>(act: () => Promise<T>) => (isDown ? Promise.reject(new Error('away')) : act());
  return {
    get: (key) => through(() => inner.get(key)),
    set: (key, value, options) => through(() => inner.set(key, value, options)),
    delete: (key, options) => through(() => inner.delete(key, options)),
    list: (partition, options) => through(() => inner.list(partition, options)),
    close: () => inner.close(),
  };
}

/** The gates of both SDK lines, each with our verifier, and the web-standard one of line 2. */
function build(gate: OAuthAuthorizationServer) {
  const resource = `${gate.getMetadata().issuer}/mcp`;
  const verifier1: Verifier1 = gate.createTokenVerifier({ errors: errors1, resource });
  const verifier2: Verifier2 = gate.createTokenVerifier({ errors: { OAuthError }, resource });
  const options = { requiredScopes: ['notes:read'], resourceMetadataUrl: 'https://mcp.example/metadata' };
  const tell = (request: Request, response: Response) => {
    response.json((request as unknown as { auth: unknown }).auth);
  };
  const web = webGate2({ verifier: verifier2, ...options });
  return express()
    .use(gate.createRouter())
    .all('/line1', expressGate1({ verifier: verifier1, ...options }), tell)
    .all('/line2', expressGate2({ verifier: verifier2, ...options }), tell)
    .all('/web2', async (request, response) => {
      const { authorization = '' } = request.headers;
      const outcome = await web(new Request('https://mcp.example/mcp', { headers: { authorization } }));
      if (!(outcome instanceof Response)) response.json(outcome);
      else
        response
          .status(outcome.status)
          .set(Object.fromEntries(outcome.headers))
          .send(await outcome.text());
    });
}

beforeAll(async () => {
  host = await startHost(
    build,
    { store: fragileStore(), clock },
    (issuer): Partial<OAuthAuthorizationServerOptions> => ({
      resources: [
        {
          url: `${issuer}/mcp`,
          scopes: {
            'notes:write': { description: 'Write notes', implies: ['notes:read'] },
            'notes:read': 'Read notes',
          },
          defaultScopes: ['notes:write'],
        },
        { url: `${issuer}/other`, scopes: { 'notes:read': 'Read notes' }, defaultScopes: ['notes:read'] },
      ],
    }),
  );
});
afterAll(() => host.close());
beforeEach(() => {
  isDown = false;
  host.log.length = 0;
});

describe.each(['line1', 'line2', 'web2'])("behind an SDK's own gate (%s)", (door) => {
  const call = async (token: string) => {
    const response = await fetch(`${host.origin}/${door}`, { headers: { authorization: `Bearer ${token}` } });
    const text = await response.text();
    const body = JSON.parse(text === '' ? '{}' : text) as Record<string, unknown>;
    return { status: response.status, challenge: response.headers.get('www-authenticate'), body };
  };

  async function expectRefused(token: string, reason: string) {
    host.log.length = 0;
    expect(await call(token), reason).toMatchObject({
      status: 401,
      challenge: expect.stringMatching(
        /^Bearer error="invalid_token", error_description="The access token is invalid, expired or revoked."/,
      ) as string,
      body: { error: 'invalid_token' },
    });
    expect(host.log).toMatchObject([
      { event: 'access refused', code: 'invalid_token', causes: [`invalid_token: ${reason}`] },
    ]);
  }

  it('a good token comes through, with the scopes that its own imply', async () => {
    const { accessToken, client } = await signIn(host.issuer, 'alice', { resource: host.mcpUrl });
    const { status, body } = await call(accessToken);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      clientId: client.clientId,
      scopes: ['notes:write', 'notes:read'],
      resource: host.mcpUrl,
      extra: { sub: 'oidc|alice' },
    });
  });

  it('a bad token is refused with 401, and only the log knows why', async () => {
    await expectRefused('nonsense', 'malformed');
    const { accessToken } = await signIn(host.issuer, 'alice', { resource: host.mcpUrl });
    await expectRefused(`${accessToken.slice(0, -8)}AAAAAAAA`, 'bad signature or claims');
  });

  it('a token for another resource is refused', async () => {
    const { accessToken } = await signIn(host.issuer, 'alice', { resource: `${host.issuer}/other` });
    await expectRefused(accessToken, 'other audience');
  });

  it('a revoked token is refused at once', async () => {
    const { accessToken, client } = await signIn(host.issuer, 'alice', { resource: host.mcpUrl });
    expect((await call(accessToken)).status).toBe(200);
    await revoke(host.issuer, client, accessToken);
    await expectRefused(accessToken, 'revoked');
  });

  it('an expired token is refused', async () => {
    const { accessToken } = await signIn(host.issuer, 'alice', { resource: host.mcpUrl });
    offset += 3700;
    await expectRefused(accessToken, 'expired');
  });

  it('a store that is away makes it 5xx, and never 401: the client must keep its token', async () => {
    const { accessToken } = await signIn(host.issuer, 'alice', { resource: host.mcpUrl });
    isDown = true;
    host.log.length = 0;
    const { status, challenge, body } = await call(accessToken);
    expect([status, challenge, body['error']]).toEqual([500, null, 'server_error']);
    expect(host.log).toMatchObject([{ level: 'error', code: 'temporarily_unavailable' }]);
    isDown = false;
    expect((await call(accessToken)).status).toBe(200);
  });
});

describe('a token verifier', () => {
  it('is what both SDK lines ask for', () => {
    expectTypeOf<TokenVerifier>().toExtend<Verifier1>();
    expectTypeOf<TokenVerifier>().toExtend<Verifier2>();
  });

  it('has to know which resource it is for', () => {
    expect(() => host.gate.createTokenVerifier({ errors: errors1 })).toThrow('say which resource it guards');
    expect(() => host.gate.createTokenVerifier({ errors: errors1, resource: 'https://a.example' })).toThrow();
  });
});
