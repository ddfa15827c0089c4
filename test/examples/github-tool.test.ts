import { createServer, type Server } from 'node:http';
import { githubProvider } from 'mcp-gatehouse/providers';
import nock from 'nock';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Example } from '../../examples/example.js';
import { createExample } from '../../examples/express-sdk2/app.js';
import { locationOf, newRequest, redeem, SteppingBrowser } from '../support/client.js';
import { testSecret } from '../support/gatehouse.js';
import { listen, stop } from '../support/upstream-provider.js';

/** Seconds; shorter than at GitHub, so that our own access token outlives it. */
const tokenTtl = 3000;

let server: Server;
let example: Example;
let issuer: string;
let now: number;

beforeEach(async () => {
  nock.disableNetConnect();
  nock.enableNetConnect('127.0.0.1');
  server = createServer();
  issuer = `http://127.0.0.1:${await listen(server, 0)}`;
  now = Date.now() / 1000;
  example = createExample({
    issuer,
    secret: testSecret,
    store: 'memory:',
    clock: () => now,
    providers: [githubProvider({ clientId: 'app', clientSecret: 'app-secret', scopes: ['repo'] })],
    log: () => undefined,
  });
  server.on('request', example.handler);
});
afterEach(async () => {
  await stop(server);
  await example.close();
  nock.cleanAll();
  nock.enableNetConnect();
});

/** What GitHub answers who asks for tokens; `sent` is checked by nock. */
function tokensFor(sent: Record<string, string>, generation: number): void {
  nock('https://github.com')
    .post('/login/oauth/access_token', (body: Record<string, string>) =>
      Object.entries(sent).every(([name, value]) => body[name] === value),
    )
    .reply(200, {
      access_token: `ghu_${generation}`,
      token_type: 'bearer',
      scope: 'repo',
      expires_in: tokenTtl,
      refresh_token: `ghr_${generation}`,
      refresh_token_expires_in: 15_897_600,
    });
  nock('https://api.github.com').get('/user').reply(200, { id: 7, login: 'octocat', name: 'Octo Cat' });
  nock('https://api.github.com').get('/user/emails?per_page=100').reply(200, []);
}

function repositoriesFor(token: string, names: readonly string[]): void {
  nock('https://api.github.com', { reqheaders: { authorization: `Bearer ${token}` } })
    .get('/user/repos?per_page=20')
    .reply(
      200,
      names.map((full_name) => ({ full_name })),
    );
}

async function signInWithGithub(): Promise<string> {
  const { client, verifier, url } = await newRequest(issuer);
  const browser = new SteppingBrowser();
  const atGithub = locationOf(await browser.answer(await browser.open(url), 'approve'));
  expect(atGithub.href).toContain('https://github.com/login/oauth/authorize?');
  tokensFor({ code: 'github-code' }, 1);
  const callback = new URL(atGithub.searchParams.get('redirect_uri') ?? '');
  callback.search = String(
    new URLSearchParams({
      code: 'github-code',
      state: atGithub.searchParams.get('state') ?? '',
      iss: 'https://github.com/login/oauth',
    }),
  );
  const code = locationOf(await browser.open(callback)).searchParams.get('code') ?? '';
  return String((await redeem(issuer, client, code, verifier)).body['access_token']);
}

async function listRepositories(accessToken: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${issuer}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${accessToken}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_repositories' } }),
  });
  return { status: answer.status, text: await answer.text() };
}

it('calls the API of GitHub as its user, with tokens that the client never sees', async () => {
  const accessToken = await signInWithGithub();
  expect(accessToken).not.toContain('ghu_');
  repositoriesFor('ghu_1', ['octocat/hello-world']);
  const listed = await listRepositories(accessToken);
  expect(listed.text).toContain('octocat/hello-world');
  expect(listed.text).not.toContain('ghu_1');
});

it('renews the token once, for three tools that ask at the same time when it is about to expire', async () => {
  const accessToken = await signInWithGithub();
  now += tokenTtl - 30;
  tokensFor({ grant_type: 'refresh_token', refresh_token: 'ghr_1' }, 2);
  for (let tool = 1; tool <= 3; tool++) repositoriesFor('ghu_2', ['octocat/hello-world']);
  for (const { text } of await Promise.all([1, 2, 3].map(() => listRepositories(accessToken)))) {
    expect(text).toContain('octocat/hello-world');
  }
  expect(nock.pendingMocks()).toEqual([]);
});

it('tells the user in words that GitHub is away, and goes on afterwards', async () => {
  const accessToken = await signInWithGithub();
  now += tokenTtl - 30;
  nock('https://github.com').post('/login/oauth/access_token').reply(502, '<html>Unicorn!</html>');
  const { status, text } = await listRepositories(accessToken);
  expect([status, text]).toEqual([200, expect.stringMatching(/"isError":true/)]);
  expect(text).toContain('Try again in a moment.');
  expect(text).not.toContain('Unicorn');

  now += 5;
  tokensFor({ refresh_token: 'ghr_1' }, 2);
  repositoriesFor('ghu_2', ['octocat/hello-world']);
  expect((await listRepositories(accessToken)).text).toContain('octocat/hello-world');
});
