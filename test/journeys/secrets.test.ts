import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sqliteStore, type LogEntry } from 'mcp-gatehouse';
import {
  authorizationUrl,
  callResource,
  locationOf,
  pkce,
  redeem,
  refresh,
  register,
  SteppingBrowser,
} from '../support/client.js';
import {
  recordingStore,
  startGatehouse,
  temporaryFolder,
  testSecret,
  type Gatehouse,
  type RecordingStore,
} from '../support/gatehouse.js';
import { signInAtUpstream } from '../support/upstream-provider.js';

let folder: ReturnType<typeof temporaryFolder>;
let gatehouse: Gatehouse;
let store: RecordingStore;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = `${folder.path}/gatehouse.sqlite`;
  store = recordingStore(sqliteStore({ path, clock: () => Date.now() / 1000 }));
});
afterEach(async () => {
  await gatehouse.close();
  await store.close();
  folder.remove();
});

/** What was found where it must not be. */
function found(haystack: string, needles: Readonly<Record<string, string>>): string[] {
  return Object.entries(needles)
    .filter(([, needle]) => {
      if (needle.length < 6) throw new Error('A canary this short proves nothing.');
      const spellings = [needle, encodeURIComponent(needle), Buffer.from(needle).toString('base64').replace(/=+$/, '')];
      return spellings.some((spelling) => haystack.includes(spelling));
    })
    .map(([name]) => name);
}

it('keeps every secret of a journey out of logs, store and answers', async () => {
  const log: LogEntry[] = [];
  const seen: Record<string, string> = {};
  gatehouse = await startGatehouse({
    store,
    log: (entry) => log.push(entry),
    tokenMapper(tokens, user) {
      seen['upstream access token'] = tokens.access_token;
      seen['upstream refresh token'] = tokens.refresh_token ?? '';
      seen['upstream ID token'] = tokens.id_token ?? '';
      return { email: user.email };
    },
  });
  const { issuer, mcpUrl, upstream } = gatehouse;
  const received: string[] = [];
  const receive = <T extends { body: unknown }>(answer: T): T => {
    received.push(JSON.stringify(answer.body));
    return answer;
  };

  const client = await register(issuer, { token_endpoint_auth_method: 'client_secret_post' });
  const { verifier, challenge } = pkce();
  const state = 'canary-client-state-4711';
  const browser = new SteppingBrowser();
  const page = await browser.open(authorizationUrl(issuer, client, challenge, { state }));
  const toProvider = locationOf(await browser.answer(page, 'approve'));
  const bindings = [...browser.cookies.values()];
  const callback = await signInAtUpstream(toProvider);
  const back = await browser.open(callback);
  const code = locationOf(back).searchParams.get('code') ?? '';
  const secret = { client_secret: client.clientSecret };
  received.push(back.headers.get('location') ?? '', back.html);
  const { body } = receive(await redeem(issuer, client, code, verifier, secret));
  const refreshed = receive(await refresh(issuer, client, String(body['refresh_token']), secret)).body;
  received.push(await (await callResource(mcpUrl, String(body['access_token']))).text());
  // Faults are what gets logged: each credential once where it is refused.
  await browser.open(callback);
  await new SteppingBrowser().open(callback);
  await browser.answer(page, 'approve');
  await browser.answer(page, 'approve', {}, { transaction: `${seen['upstream access token'] ?? ''}x` });
  receive(await redeem(issuer, client, code, `${verifier.slice(1)}x`, secret));
  receive(await redeem(issuer, client, `${code}x`, verifier, secret));
  receive(await refresh(issuer, client, `${String(refreshed['refresh_token'])}x`, secret));
  receive(await refresh(issuer, client, 'x', { client_secret: 'canary-wrong-client-secret' }));
  received.push(await (await callResource(mcpUrl, `${String(body['access_token'])}x`)).text());
  upstream.misbehave('token', { reply: { status: 401, body: '{"error":"invalid_client"}' } });
  const failing = await browser.open(authorizationUrl(issuer, client, challenge, { state }));
  await browser.open(await signInAtUpstream(locationOf(await browser.answer(failing, 'approve'))));
  receive(await redeem(issuer, client, code, verifier, secret)); // a replay: the grant ends

  const upstreamOnes = {
    ...seen,
    'upstream client secret': upstream.clientSecret,
    'upstream code': callback.searchParams.get('code') ?? '',
  };
  const credentials = {
    'authorization code': code,
    'authorization code, its proof': code.split('.').at(-1) ?? '',
    'code verifier': verifier,
    'client secret': client.clientSecret ?? '',
    'wrong client secret': 'canary-wrong-client-secret',
    'access token': String(body['access_token']),
    'access token, its signature': String(body['access_token']).split('.')[2] ?? '',
    'refresh token': String(body['refresh_token']),
    'refresh token, its proof': String(body['refresh_token']).split('.').at(-1) ?? '',
    'refreshed token': String(refreshed['refresh_token']),
    'refreshed token, its proof': String(refreshed['refresh_token']).split('.').at(-1) ?? '',
    'server secret': testSecret,
    'client state': state,
    ...Object.fromEntries(bindings.map((cookie, index) => [`cookie ${index}`, decodeURIComponent(cookie)])),
  };
  expect(Object.keys(upstreamOnes)).toHaveLength(5);
  expect(log.length).toBeGreaterThan(5);

  expect(found(JSON.stringify(log), { ...upstreamOnes, ...credentials })).toEqual([]);
  expect(found(JSON.stringify(log), { user: 'alice@example.test', sub: 'oidc|alice' })).toEqual([]);
  expect(found(JSON.stringify(store.writes), { ...upstreamOnes, ...credentials })).toEqual([]);
  expect(found(JSON.stringify(store.writes), { user: 'alice@example.test', sub: 'oidc|alice' })).toEqual([]);
  expect(found(received.join('\n'), { ...upstreamOnes, verifier, 'server secret': testSecret })).toEqual([]);

  expect(store.writes.some(({ key }) => key.id.startsWith('vault.'))).toBe(true);
  const files = [path, `${path}-wal`].filter(existsSync).map((file) => readFileSync(file, 'latin1'));
  expect(files.join('').length).toBeGreaterThan(4096);
  expect(files.join('')).toContain('vault.');
  expect(found(files.join('\n'), { ...upstreamOnes, ...credentials, user: 'alice@example.test' })).toEqual([]);
});

it('shows the provider nothing of the client, and the client nothing of the provider', async () => {
  gatehouse = await startGatehouse({ store });
  const client = await register(gatehouse.issuer);
  const { challenge } = pkce();
  const browser = new SteppingBrowser();
  const page = await browser.open(
    authorizationUrl(gatehouse.issuer, client, challenge, { state: 'canary-state', resource: gatehouse.mcpUrl }),
  );
  const toProvider = locationOf(await browser.answer(page, 'approve'));
  const shown = decodeURIComponent(toProvider.href);
  for (const text of [client.clientId, client.redirectUri, challenge, 'canary-state', gatehouse.mcpUrl, 'mcp:tools']) {
    expect(shown).not.toContain(text);
  }
  expect(page.html).not.toContain(gatehouse.upstream.clientId);
  const { searchParams } = toProvider;
  expect(searchParams.get('code_challenge_method')).toBe('S256');
  expect(searchParams.get('nonce')).toMatch(/^[\w-]{22,}$/);
  expect(new Set([searchParams.get('state'), searchParams.get('nonce'), searchParams.get('code_challenge')]).size).toBe(
    3,
  );
});
