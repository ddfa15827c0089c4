import { getAuth } from 'mcp-gatehouse';
import { afterEach, describe, expect, it } from 'vitest';
import { startHost, type Host } from '../express/host.js';
import { webListener } from '../http/web-listener.js';
import { describeBearerGate } from '../resource/bearer-gate-cases.js';
import { signIn } from '../support/client.js';

describeBearerGate('the web-standard bearer gate', (gate, scopesByPath, tell, ownCors) => {
  const headers = { 'content-type': 'application/json', ...ownCors };
  const handlers = new Map(
    [...scopesByPath].map(([path, scopes]) => [
      path,
      gate.withBearerAuth((_request, { auth }) => new Response(tell(auth), { headers }), { scopes }),
    ]),
  );
  return webListener(async (request) => {
    const guarded = handlers.get(new URL(request.url).pathname);
    if (!guarded) return gate.fetch(request);
    const answer = await guarded(request);
    // The CORS middleware of a web-standard framework has its say once the answer is there.
    for (const [name, value] of Object.entries(ownCors)) answer.headers.set(name, value);
    return answer;
  });
});

describe('a handler behind the web-standard bearer gate', () => {
  let host: Host;
  afterEach(() => host.close());

  /** Starts an application whose every path but those of the server is one guarded handler. */
  async function start(handler: (request: Request) => Response | Promise<Response>): Promise<Record<string, string>> {
    host = await startHost((gate) => {
      const guarded = gate.withBearerAuth((request) => handler(request));
      // As Next.js calls an exported handler, with arguments of its own behind the request.
      return webListener((request, ...more) =>
        new URL(request.url).pathname === '/mcp'
          ? (guarded as (...all: unknown[]) => Promise<Response>)(request, ...more)
          : gate.fetch(request),
      );
    });
    return { authorization: `Bearer ${(await signIn(host.issuer)).accessToken}` };
  }

  it('reads the body, and knows whose request it is', async () => {
    const headers = await start(
      async (request) => new Response(`${getAuth(request).extra.sub}: ${await request.text()}`),
    );
    const answer = await fetch(`${host.origin}/mcp`, { method: 'POST', headers, body: 'hello' });
    expect(await answer.text()).toBe('oidc|alice: hello');
  });

  it('keeps its status, its headers and its stream', async () => {
    const headers = await start(() => {
      const body = new Blob(['data: 1\n\n', 'data: 2\n\n']).stream();
      return new Response(body, {
        status: 202,
        statusText: 'Taken',
        headers: { 'content-type': 'text/event-stream', 'mcp-session-id': 'one' },
      });
    });
    const answer = await fetch(`${host.origin}/mcp`, { headers });
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('mcp-session-id')]).toEqual([
      202,
      'text/event-stream',
      'one',
    ]);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.text()).toBe('data: 1\n\ndata: 2\n\n');
  });

  it('may hand on an answer that it fetched, whose headers cannot be changed', async () => {
    const headers = await start(() => fetch(`${host.origin}/oauth/jwks`, { method: 'HEAD' }));
    const answer = await fetch(`${host.origin}/mcp`, { headers });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
  });

  it('may answer without a body', async () => {
    const headers = await start(() => new Response(null, { status: 204 }));
    expect((await fetch(`${host.origin}/mcp`, { headers })).status).toBe(204);
  });

  it('keeps what it says of CORS as a whole, with nothing of ours mixed in', async () => {
    const headers = await start(
      () => new Response('', { headers: { 'access-control-allow-origin': 'https://app.example' } }),
    );
    const answer = await fetch(`${host.origin}/mcp`, { headers });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(answer.headers.get('access-control-expose-headers')).toBeNull();
  });

  it('has its own faults reach the framework, and not be taken for the gate’s', async () => {
    const headers = await start(() => new Response());
    const handler = host.gate.withBearerAuth(() => Promise.reject(new Error('a fault of the handler')));
    await expect(handler(new Request(host.mcpUrl, { headers }))).rejects.toThrow('a fault of the handler');
    expect(() => getAuth(new Request(host.mcpUrl))).toThrow('no bearer gate has let this request through');
  });
});
