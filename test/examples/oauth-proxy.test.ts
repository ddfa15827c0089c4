import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { LogEntry } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../examples/oauth-proxy/app.js';
import { HeadlessBrowser } from '../../examples/quick-start/headless-browser.js';
import { postForm } from '../support/client.js';
import { testSecret } from '../support/gatehouse.js';
import { listen, startUpstreamProvider, stop, type UpstreamProviderServer } from '../support/upstream-provider.js';

const jwtSecret = 'what-the-application-signs-its-own-tokens-with';

let server: Server;
let url: string;
let upstreams: UpstreamProviderServer[];
let log: LogEntry[];
let close: () => Promise<void>;

beforeEach(async () => {
  server = createServer();
  url = `http://127.0.0.1:${await listen(server, 0)}`;
  const callbackUrl = `${url}/auth/callback`;
  upstreams = await Promise.all([startUpstreamProvider({ callbackUrl }), startUpstreamProvider({ callbackUrl })]);
  log = [];
  const { app, proxy } = createApp({
    url,
    sessionSecret: testSecret,
    jwtSecret,
    providers: upstreams.map((each, index) => oidcProvider({ ...each, id: `idp-${index}`, name: `Provider ${index}` })),
    store: 'memory:',
    log: (entry) => log.push(entry),
  });
  server.on('request', app);
  close = () => proxy.close();
});
afterEach(async () => {
  await stop(server);
  for (const each of upstreams) await each.stop();
  await close();
});

const browser = () => new HeadlessBrowser(() => false);

/** Goes from the application's front page to the page that asks. */
async function start(visitor: HeadlessBrowser, changes: Record<string, string | undefined> = {}) {
  const front = await visitor.open(new URL(url));
  const link = new URL(/href="([^"]+)"/.exec(front.html)?.[1] ?? '', url);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) link.searchParams.delete(name);
    else link.searchParams.set(name, value);
  }
  return visitor.open(link);
}

async function signIn(visitor: HeadlessBrowser, provider: string, user = 'alice') {
  const login = await visitor.submit(await start(visitor), {}, `approve:${provider}`);
  const page = await visitor.submit(login, { username: user, password: 'any' });
  return JSON.parse(page.html) as { access_token: string; user_id: string };
}

const whoAmI = async (token: string) => {
  const answer = await fetch(`${url}/api/me`, { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, body: (await answer.json()) as { user?: Record<string, unknown> } };
};

describe('the application in front of two providers', () => {
  it('signs a user in with the one that the user chooses, through one callback, and knows them again', async () => {
    const tokens = await signIn(browser(), 'idp-1');
    expect(tokens).toEqual({
      access_token: expect.any(String) as string,
      token_type: 'Bearer',
      expires_in: 3600,
      user_id: expect.any(String) as string,
    });
    expect(await whoAmI(tokens.access_token)).toMatchObject({
      status: 200,
      body: { user: { sub: tokens.user_id, email: 'alice@example.test', name: 'Alice' } },
    });
    expect((await signIn(browser(), 'idp-1')).user_id).toBe(tokens.user_id);
    // The same name at another provider is another person.
    expect((await signIn(browser(), 'idp-0')).user_id).not.toBe(tokens.user_id);
  });

  it('shows the providers without their secrets', async () => {
    const answer = await (await fetch(`${url}/auth/providers`)).text();
    expect(JSON.parse(answer)).toEqual({
      providers: [
        { id: 'idp-0', name: 'Provider 0' },
        { id: 'idp-1', name: 'Provider 1' },
      ],
    });
  });

  it('lets a front end name the provider, so that there is nothing to choose', async () => {
    const page = await start(browser(), { provider: 'idp-0' });
    expect(page.html).toContain('Next, you sign in with <bdi>Provider 0</bdi>.');
    expect(page.html).not.toContain('Provider 1');
  });

  it('asks before anything is sent to a provider, and tells where the user goes', async () => {
    const page = await start(browser());
    expect(page.status).toBe(200);
    expect(page.html).toContain('The example application');
    expect(upstreams.flatMap(({ requests }) => requests)).toEqual([]);
  });

  it('tells the application of a denial', async () => {
    const visitor = new HeadlessBrowser(({ pathname }) => pathname === '/signed-in');
    const { url: answer } = await visitor.submit(await start(visitor), {}, 'deny');
    expect(answer.searchParams.get('error')).toBe('access_denied');
    expect(answer.searchParams.get('iss')).toBe(`${url}/auth`);
  });

  it('sends nobody to an address that is not on its list', async () => {
    const page = await start(browser(), { redirect_uri: 'https://evil.example/signed-in' });
    expect(page.status).toBe(400);
    expect(page.html).not.toContain('<form');
  });

  it('refuses a request without PKCE', async () => {
    const visitor = new HeadlessBrowser(({ pathname }) => pathname === '/signed-in');
    const { url: answer } = await start(visitor, { code_challenge: undefined });
    expect(answer.searchParams.get('error')).toBe('invalid_request');
  });

  it('hands the tokens out once, and only to who has the verifier', async () => {
    const visitor = new HeadlessBrowser(({ pathname }) => pathname === '/signed-in');
    const login = await visitor.submit(await start(visitor), {}, 'approve:idp-0');
    const returned = await visitor.submit(login, { username: 'alice', password: 'any' });
    const code = returned.url.searchParams.get('code') ?? '';
    const stolen = await postForm(`${url}/auth/token`, {
      grant_type: 'authorization_code',
      client_id: 'whoever',
      code,
      redirect_uri: `${url}/signed-in`,
      code_verifier: 'a'.repeat(43),
    });
    expect([stolen.status, stolen.body['error']]).toEqual([400, 'invalid_grant']);
  });

  it.each(['no issuer', 'the issuer of the other one'])('refuses a callback that names %s', async (which) => {
    const visitor = new HeadlessBrowser(({ pathname }) => pathname === '/auth/callback' || pathname === '/signed-in');
    const login = await visitor.submit(await start(visitor), {}, 'approve:idp-0');
    const callback = (await visitor.submit(login, { username: 'alice', password: 'any' })).url;
    expect(callback.searchParams.get('iss')).toBe(upstreams[0]?.issuer);
    if (which === 'no issuer') callback.searchParams.delete('iss');
    else callback.searchParams.set('iss', upstreams[1]?.issuer ?? '');
    // The same browser goes on, past the callback this time.
    const headers = { cookie: visitor.cookiesFor(callback), accept: 'text/html' };
    const answer = await fetch(callback, { redirect: 'manual', headers });
    const { searchParams } = new URL(answer.headers.get('location') ?? '', url);
    expect([searchParams.get('error'), searchParams.get('code')]).toEqual(['access_denied', null]);
    expect(upstreams.flatMap(({ requests }) => requests).filter(({ path }) => path === '/token')).toEqual([]);
  });

  it('says nothing of its secrets or anybody’s tokens in its log', async () => {
    await signIn(browser(), 'idp-0');
    await start(browser(), { redirect_uri: 'https://evil.example/' });
    const text = JSON.stringify(log);
    expect(log.length).toBeGreaterThan(0);
    for (const secret of [testSecret, jwtSecret, upstreams[0]?.clientSecret ?? '']) expect(text).not.toContain(secret);
  });
});

describe('the example as it is started', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  /** Starts it with variables; gives its address, and what it says first. */
  async function startMain(variables: Record<string, string> = {}) {
    const main = fileURLToPath(new URL('../../examples/oauth-proxy/main.ts', import.meta.url));
    const probe = createServer();
    const port = await listen(probe, 0);
    await stop(probe);
    const env = { PATH: process.env['PATH'], PORT: String(port), ...variables };
    child = spawn(process.execPath, ['--import', 'tsx', '--conditions=mcp-gatehouse-source', main], { env });
    const errors: Buffer[] = [];
    child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk));
    const printed = once(child.stdout as NodeJS.ReadableStream, 'data').then(([chunk]) => String(chunk));
    const said = await Promise.race([printed, once(child, 'close').then(() => Buffer.concat(errors).toString())]);
    return { address: `http://localhost:${port}`, said };
  }

  async function askingPage(visitor: HeadlessBrowser, address: string) {
    const front = await visitor.open(new URL(address));
    return visitor.open(new URL(/href="([^"]+)"/.exec(front.html)?.[1] ?? '', front.url));
  }

  it('runs without anything configured', async () => {
    const { address, said } = await startMain();
    expect(said).toContain(address);
    const visitor = browser();
    const login = await visitor.submit(await askingPage(visitor, address), {}, 'approve');
    const done = await visitor.submit(login, { username: 'bob', password: 'any' });
    expect(JSON.parse(done.html)).toMatchObject({ token_type: 'Bearer' });
  });

  const github = { GITHUB_CLIENT_ID: 'a', GITHUB_CLIENT_SECRET: 'b' };
  const slack = { SLACK_CLIENT_ID: 'a', SLACK_CLIENT_SECRET: 'b' };

  it('keeps to the variables that say who may sign in', async () => {
    const { address } = await startMain({ ...github, GITHUB_ALLOWED_ORGS: 'acme' });
    const visitor = new HeadlessBrowser(({ hostname }) => hostname === 'github.com');
    const { url: away } = await visitor.submit(await askingPage(visitor, address), {}, 'approve');
    expect(away.searchParams.get('scope')).toBe('read:user user:email read:org');
  });

  it.each([
    ['the one', github, 'approve', '/auth/callback'],
    [
      'each of several, where one does not name itself',
      { ...github, ...slack },
      'approve:github',
      '/auth/callback/github',
    ],
  ])('has a redirect URI for %s', async (_, variables, decision, path) => {
    const { address } = await startMain(variables);
    const visitor = new HeadlessBrowser(({ hostname }) => hostname === 'github.com');
    const { url: away } = await visitor.submit(await askingPage(visitor, address), {}, decision);
    expect(away.searchParams.get('redirect_uri')).toBe(address + path);
    expect((await fetch(address + path)).status).toBe(400);
  });

  it.each([
    [{ GITHUB_CLIENT_ID: 'a' }, 'GITHUB_CLIENT_SECRET'],
    [{ ...github, GITHUB_ALLOWED_ORG: 'acme' }, 'GITHUB_ALLOWED_ORG is not known'],
  ])('says what is wrong with %j, and nothing else', async (variables, words) => {
    const { said } = await startMain(variables);
    expect(said).toContain(words);
    expect(said).not.toMatch(/\n\s+at /);
  });
});
