import type { IncomingMessage } from 'node:http';
import express from 'express';
import { createServer, type Server } from 'node:http';
import {
  memoryStore,
  OAuthAuthorizationServer,
  type AuthenticateUser,
  type OAuthAuthorizationServerOptions,
} from 'mcp-gatehouse';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  authorizationUrl,
  locationOf,
  pkce,
  redeem,
  refresh,
  register,
  SteppingBrowser,
  type RawClient,
} from '../support/client.js';
import { recordingStore, testSecret, type RecordingStore } from '../support/gatehouse.js';
import { listen, stop } from '../support/upstream-provider.js';

let server: Server;
let issuer: string;
let gate: OAuthAuthorizationServer;
let store: RecordingStore;
let client: RawClient;
let browser: SteppingBrowser;

/** An application with a session of its own: a cookie with the name of the user. */
const bySession: AuthenticateUser = (request) => {
  const [, name] = /(?:^|; )session=(\w+)/.exec(request.headers.get('cookie') ?? '') ?? [];
  return name === undefined ? null : { id: `id-of-${name}`, email: `${name}@app.example`, email_verified: true, name };
};

beforeEach(async () => {
  server = createServer();
  issuer = `http://127.0.0.1:${await listen(server, 0)}`;
  browser = new SteppingBrowser();
});
afterEach(async () => {
  await stop(server);
  await gate.close();
});

async function start(options: Partial<OAuthAuthorizationServerOptions> = {}) {
  store = recordingStore(memoryStore());
  gate = new OAuthAuthorizationServer({
    issuer,
    secret: testSecret,
    authenticateUser: bySession,
    signInUrl: `${issuer}/login?theme=dark`,
    tokenMapper: (tokens, user) => ({ email: user.email, hasToken: tokens.access_token !== '' }),
    store,
    log: () => undefined,
    audit: false,
    ...options,
  });
  const app = express();
  app.use(gate.createRouter());
  // The application's sign-in page: whoever opens it is signed in as alice.
  app.get('/login', (request, response) => {
    const { return_to: returnTo = '/' } = request.query as Record<string, string>;
    response.cookie('session', 'alice');
    response.redirect(returnTo);
  });
  app.post('/mcp', gate.requireBearerAuth(), (request, response) => {
    response.json((request as unknown as { auth: unknown }).auth);
  });
  server.on('request', app);
  client = await register(issuer);
}

async function approve() {
  const { verifier, challenge } = pkce();
  const page = await browser.open(authorizationUrl(issuer, client, challenge));
  const answer = await browser.answer(page, 'approve');
  return { verifier, page, callback: locationOf(answer) };
}

const tokensOf = async (location: URL, verifier: string) =>
  (await redeem(issuer, client, location.searchParams.get('code') ?? '', verifier)).body;

describe('an application that signs its users in itself', () => {
  it('is asked who is there, and its user gets tokens', async () => {
    await start();
    browser.cookies.set('session', 'bob');
    const { verifier, page, callback } = await approve();
    expect(page.html).toContain('Next, you sign in with <bdi>your account</bdi>.');
    expect(callback.origin + callback.pathname).toBe(`${issuer}/oauth/callback`);
    const tokens = await tokensOf(locationOf(await browser.open(callback)), verifier);
    const headers = { authorization: `Bearer ${String(tokens['access_token'])}` };
    const me: unknown = await (await fetch(`${issuer}/mcp`, { method: 'POST', headers })).json();
    expect(me).toMatchObject({
      extra: {
        sub: 'application|id-of-bob',
        provider: 'application',
        claims: { email: 'bob@app.example', hasToken: false },
      },
    });
    expect((await refresh(issuer, client, String(tokens['refresh_token']))).status).toBe(200);
    // There are no tokens of a provider to keep.
    expect(await store.liveKeys('vault.')).toEqual([]);
  });

  it('signs in whoever is not yet, and the journey goes on where it was', async () => {
    await start();
    const { verifier, callback } = await approve();
    const login = locationOf(await browser.open(callback));
    expect(login.pathname + login.search).toContain('/login?theme=dark&return_to=');
    expect(login.searchParams.get('return_to')).toBe(callback.href);
    const back = locationOf(await browser.open(login));
    expect(back.href).toBe(callback.href);
    const tokens = await tokensOf(locationOf(await browser.open(back)), verifier);
    expect(tokens['token_type']).toBe('Bearer');
    const again = await browser.open(back);
    expect([again.status, again.location]).toEqual([400, undefined]);
  });

  it('is not asked before the user has approved, nor for another browser', async () => {
    let asked = 0;
    await start({ authenticateUser: () => ({ sub: `user-${(asked += 1)}` }) });
    const page = await browser.open(authorizationUrl(issuer, client, pkce().challenge));
    expect(asked).toBe(0);
    const callback = locationOf(await browser.answer(page, 'approve'));
    const stranger = await new SteppingBrowser().open(callback);
    expect([stranger.status, stranger.location, asked]).toEqual([400, undefined, 0]);
  });

  it('tells users who are not signed in where it has no page for that', async () => {
    await start({ signInUrl: undefined });
    const { callback } = await approve();
    const page = await browser.open(callback);
    expect([page.status, page.location]).toEqual([403, undefined]);
    expect(page.html).toContain('You are not signed in to the application.');
  });

  it('sees the framework’s own request', async () => {
    const seen: unknown[] = [];
    await start({
      authenticateUser: (request, raw) => {
        seen.push(request.url.startsWith(`${issuer}/oauth/callback?state=`), (raw as IncomingMessage).headers.host);
        return { sub: 'alice' };
      },
    });
    const { callback } = await approve();
    expect(locationOf(await browser.open(callback)).searchParams.has('code')).toBe(true);
    expect(seen.slice(0, 2)).toEqual([true, new URL(issuer).host]);
  });

  it.each<[string, AuthenticateUser]>([
    ['says nothing usable', () => ({ email: 'a@b.example' })],
    ['names nobody', () => ({ sub: '' })],
    [
      'throws',
      () => {
        throw new Error('the session store is away');
      },
    ],
  ])('that %s signs nobody in', async (_, authenticateUser) => {
    await start({ authenticateUser });
    const { callback } = await approve();
    const answer = locationOf(await browser.open(callback));
    expect([answer.searchParams.get('error'), answer.searchParams.get('code')]).toEqual(['server_error', null]);
    expect(await store.liveKeys('grant.')).toEqual([]);
  });

  it('keeps to rules of access', async () => {
    await start({ allow: { provider: 'application', emailDomains: ['other.example'] } });
    browser.cookies.set('session', 'bob');
    const { callback } = await approve();
    expect((await browser.open(callback)).status).toBe(403);
  });
});

describe('its options', () => {
  const options = { issuer: 'https://a.example', secret: testSecret, store: 'memory:' };
  const faults = (changes: object) => {
    try {
      void (gate = new OAuthAuthorizationServer({ ...options, ...changes }));
      return '';
    } catch (thrown) {
      return (thrown as Error).message;
    }
  };

  it('exclude providers, and a sign-in page needs them', async () => {
    await start();
    const provider = {
      id: 'x',
      name: 'X',
      issuer: 'https://x.example',
      clientId: 'a',
      clientSecret: 'b',
      scopes: ['openid'],
    };
    expect(faults({ authenticateUser: bySession, providers: [provider] })).toContain('exclude each other');
    expect(faults({ signInUrl: 'https://a.example/login', providers: [provider] })).toContain('authenticateUser');
    expect(faults({ authenticateUser: bySession, signInUrl: 'javascript:alert(1)' })).toContain('signInUrl');
    expect(faults({ authenticateUser: 'no function' })).toContain('authenticateUser has to be a function');
    expect(faults({})).toContain('providers is missing');
  });
});
