import type { RequestListener } from 'node:http';
import {
  ConfigurationError,
  memoryStore,
  type AuthInfo,
  type OAuthAuthorizationServer,
  type Store,
} from 'mcp-gatehouse';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startHost, type Host } from '../express/host.js';
import { requestText, sendRaw } from '../http/raw.js';
import { signIn } from '../support/client.js';

/** Who may read an application's answers: it has not said so, or it has set these headers by itself. */
export type OwnCors = Readonly<Record<string, string>>;

/**
 * An application of one adapter, with gates of these scopes at these paths. Behind each of them it calls `tell` with
 * who was let in, answers with what that returns, and sets the headers of `ownCors` on all of its answers.
 */
export type GuardedApplication = (
  gate: OAuthAuthorizationServer,
  scopesByPath: ReadonlyMap<string, string[] | undefined>,
  tell: (auth: AuthInfo) => string,
  ownCors: OwnCors,
) => RequestListener;

const scopesByPath = new Map([
  ['/mcp', ['mcp:tools']],
  ['/write', ['mcp:tools', 'notes:write']],
  ['/any', undefined],
]);

const malformed = [
  'Bearer',
  'Bearer ',
  'Bearer x',
  'Bearer a.b.c',
  'Bearer x y',
  'Bearer eyJhbGciOiJub25lIn0.e30.',
  `Bearer ${'x'.repeat(9000)}`,
  'BEARER "x"',
  'Bearer é',
];

/** A store that can be taken away. */
function fragileStore(isDown: () => boolean): Store {
  const inner = memoryStore({ clock: () => Date.now() / 1000 });
  const through = <T>(act: () => Promise<T>) => (isDown() ? Promise.reject(new Error('away')) : act());
  return {
    get: (key) => through(() => inner.get(key)),
    set: (key, value, options) => through(() => inner.set(key, value, options)),
    delete: (key, options) => through(() => inner.delete(key, options)),
    list: (partition, options) => through(() => inner.list(partition, options)),
    close: () => inner.close(),
  };
}

const challengeOf = (answer: Response) => answer.headers.get('www-authenticate') ?? '';

/** What every gate does with a request, whatever the application is made of. */
export function describeBearerGate(name: string, application: GuardedApplication): void {
  describe(name, () => {
    let host: Host;
    let isDown: boolean;
    let calls: number;

    beforeEach(() => {
      isDown = false;
      calls = 0;
    });
    afterEach(() => host.close());

    async function start(ownCors: OwnCors = {}): Promise<void> {
      const tell = (auth: AuthInfo) => {
        calls++;
        return JSON.stringify(auth);
      };
      host = await startHost((gate) => application(gate, scopesByPath, tell, ownCors), {
        store: fragileStore(() => isDown),
      });
    }

    const call = (path: string, headers: Record<string, string> = {}, method = 'POST') =>
      fetch(host.origin + path, { method, headers });

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

    it.each(malformed)('says what is wrong with "%s"', async (authorization) => {
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
        [good, 'Authorization: Basic eDp5'],
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
      expect(JSON.stringify(host.log)).not.toContain(accessToken);
      expect(calls).toBe(0);
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
      const ownCors = {
        'access-control-allow-origin': 'https://app.example',
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'X-Own',
      };
      await start(ownCors);
      const { accessToken } = await signIn(host.issuer);
      const statuses = { '': 401, 'Bearer x': 401, [`Bearer ${accessToken}`]: 200 };
      for (const [authorization, status] of Object.entries(statuses)) {
        const answer = await call('/mcp', authorization === '' ? {} : { authorization });
        expect(answer.status).toBe(status);
        expect(Object.fromEntries(answer.headers)).toMatchObject(ownCors);
      }
    });

    it('writes the path of what it refused to the log, and never the query', async () => {
      await start();
      await call('/mcp?secret=query');
      const entry = host.log.find(({ event }) => event === 'access refused');
      expect(entry).toMatchObject({ level: 'info', path: '/mcp', code: 'invalid_token' });
      expect(JSON.stringify(host.log)).not.toContain('query');
    });

    it('is not made for scopes, resources or options that nobody knows', async () => {
      await start();
      const handler = () => new Response();
      const make = [
        (options: object) => host.gate.requireBearerAuth(options),
        (options: object) => host.gate.withBearerAuth(handler, options),
      ];
      for (const gateFor of make) {
        expect(() => gateFor({ scopes: ['mcp:tool'] })).toThrow(ConfigurationError);
        expect(() => gateFor({ scopes: ['mcp:tool'] })).toThrow('has no scope mcp:tool');
        expect(() => gateFor({ resource: 'https://other.example/mcp' })).toThrow(host.mcpUrl);
        expect(() => gateFor({ resource: 'no url' })).toThrow(ConfigurationError);
        expect(() => gateFor({ requiredScopes: ['mcp:tools'] })).toThrow(ConfigurationError);
        expect(() => gateFor({ requiredScopes: ['mcp:tools'] })).toThrow('requiredScopes is no option');
        expect(() => gateFor({ resource: `${host.mcpUrl}/` })).not.toThrow();
      }
    });
  });
}
