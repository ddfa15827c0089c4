import { createHash } from 'node:crypto';
import { oidcProvider } from 'mcp-gatehouse/providers';
import type { LogEntry, OAuthAuthorizationServer } from 'mcp-gatehouse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeGate } from '../http/serve.js';
import { startUpstreamProvider, signInAtUpstream, type UpstreamProviderServer } from '../support/upstream-provider.js';

const issuer = 'https://auth.example/team';
const redirectUri = 'https://client.example/callback';
const verifier = 'v'.repeat(64);
const form = { 'content-type': 'application/x-www-form-urlencoded' };

let upstream: UpstreamProviderServer;
let gate: OAuthAuthorizationServer;
const log: LogEntry[] = [];

beforeAll(async () => {
  upstream = await startUpstreamProvider({ callbackUrl: `${issuer}/oauth/callback` });
  gate = makeGate(issuer, { providers: [oidcProvider(upstream)], log: (entry) => log.push(entry) });
});
afterAll(async () => {
  await gate.close();
  await upstream.stop();
});

const send = (path: string, init?: RequestInit) => gate.fetch(new Request(`https://auth.example/team${path}`, init));

async function register(): Promise<string> {
  const answer = await send('/oauth/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }),
  });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { client_id: string }).client_id;
}

function authorizePath(clientId: string): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state: 'client-state',
  });
  return `/oauth/authorize?${query.toString()}`;
}

const cookiePairs = (answer: Response) => answer.headers.getSetCookie().map((each) => each.split(';')[0] ?? '');

describe('the fetch handler', () => {
  it('takes a user from registration to tokens, without a socket', async () => {
    const clientId = await register();
    const page = await send(authorizePath(clientId));
    expect(page.status).toBe(200);
    expect(page.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-.*; Path=\/; .*; Secure$/)]);
    const transaction = /name="transaction" value="([^"]+)"/.exec(await page.text())?.[1] ?? '';

    const approved = await send('/oauth/consent', {
      method: 'POST',
      headers: { ...form, cookie: cookiePairs(page).join('; '), origin: 'https://auth.example' },
      body: new URLSearchParams({ transaction, decision: 'approve' }).toString(),
    });
    expect(approved.status).toBe(303);
    const returned = await signInAtUpstream(approved.headers.get('location') ?? '');
    expect(returned.href).toMatch(/^https:\/\/auth\.example\/team\/oauth\/callback\?/);

    const cookie = [...cookiePairs(page), ...cookiePairs(approved)].join('; ');
    const answered = await gate.fetch(new Request(returned, { headers: { cookie } }));
    const location = new URL(answered.headers.get('location') ?? '');
    expect(location.origin + location.pathname).toBe(redirectUri);
    expect(location.searchParams.get('state')).toBe('client-state');
    expect(location.searchParams.get('iss')).toBe(issuer);

    const tokens = await send('/oauth/token', {
      method: 'POST',
      headers: form,
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: clientId,
        code: location.searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
        code_verifier: verifier,
      }).toString(),
    });
    expect(tokens.status).toBe(200);
    expect(tokens.headers.get('cache-control')).toBe('no-store');
    const body = (await tokens.json()) as { refresh_token: string };
    expect(body).toMatchObject({ token_type: 'Bearer' });

    const refreshed = await send('/oauth/token', {
      method: 'POST',
      headers: form,
      body: new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId, ...body }).toString(),
    });
    expect(refreshed.status).toBe(200);
  });

  it('sets several cookies in headers of their own', async () => {
    const page = await send(authorizePath(await register()));
    const transaction = /name="transaction" value="([^"]+)"/.exec(await page.text())?.[1] ?? '';
    const [browser = ''] = cookiePairs(page);
    const prefix = browser.slice(0, browser.indexOf('browser='));
    // More sign-ins under way than a browser may have: the oldest are taken back.
    const old = Array.from({ length: 8 }, (_, index) => `${prefix}sign-in-${index}=x`);
    const approved = await send('/oauth/consent', {
      method: 'POST',
      headers: { ...form, cookie: [browser, ...old].join('; ') },
      body: new URLSearchParams({ transaction, decision: 'approve' }).toString(),
    });
    expect(approved.headers.getSetCookie().map((each) => /Max-Age=\d+/.exec(each)?.[0])).toEqual([
      'Max-Age=0',
      'Max-Age=0',
      'Max-Age=0',
      'Max-Age=600',
    ]);
  });

  it('answers HEAD without a body', async () => {
    const answer = await gate.fetch(
      new Request('https://auth.example/.well-known/oauth-authorization-server/team', { method: 'HEAD' }),
    );
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.text()).toBe('');
  });

  it('answers a preflight', async () => {
    const answer = await send('/oauth/token', { method: 'OPTIONS' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.body).toBeNull();
  });

  it('answers paths that are nobody’s with 404 in JSON', async () => {
    for (const path of ['/nothing', '/oauth', '/oauth/token/', '/.well-known/nothing']) {
      const answer = await send(path);
      expect(answer.status, path).toBe(404);
      expect(answer.headers.get('content-type')).toBe('application/json');
      await answer.json();
    }
  });

  it('refuses a method with 405', async () => {
    const answer = await send('/oauth/token', { method: 'PUT', body: 'x' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('refuses more than 64 KB, declared or not, without reading it all', async () => {
    const declared = await send('/oauth/token', {
      method: 'POST',
      headers: { ...form, 'content-length': '65537' },
      body: 'a',
    });
    expect(declared.status).toBe(413);

    let pulled = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(16_384).fill(97));
      },
      cancel() {
        cancelled = true;
      },
    });
    const init = { method: 'POST', headers: form, body: endless, duplex: 'half' } as const;
    expect((await send('/oauth/token', init)).status).toBe(413);
    expect(pulled).toBeLessThan(10);
    expect(cancelled).toBe(true);

    const exact = await send('/oauth/token', { method: 'POST', headers: form, body: 'a'.repeat(65_536) });
    expect(exact.status).toBe(400);
  });

  it('reads bytes, and refuses those that are no text', async () => {
    const answer = await send('/oauth/token', {
      method: 'POST',
      headers: form,
      body: new Uint8Array([0x61, 0x3d, 0xff]),
    });
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_request' }]);
    const empty = await send('/oauth/token', { method: 'POST', headers: form });
    expect(empty.status).toBe(400);
  });

  it('refuses two Authorization headers, which arrive as one', async () => {
    const headers = new Headers(form);
    headers.append('authorization', 'Basic YTpi');
    headers.append('authorization', 'Basic YTpi');
    const answer = await send('/oauth/token', { method: 'POST', headers, body: 'grant_type=refresh_token' });
    expect([answer.status, await answer.json()]).toMatchObject([401, { error: 'invalid_client' }]);
  });

  it('says the same whatever host the request names', async () => {
    const path = '/.well-known/oauth-authorization-server/team';
    const headers = { 'x-forwarded-host': 'evil.example' };
    const answer = await gate.fetch(new Request(`http://evil.example${path}`, { headers }));
    expect(await answer.json()).toEqual(gate.getMetadata());
  });

  it('can be handed on without its server', async () => {
    const { fetch: handler } = gate;
    expect((await handler(new Request(`${issuer}/oauth/jwks`))).status).toBe(200);
  });
});
