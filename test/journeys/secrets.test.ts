import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sqliteStore, type LogEntry } from 'mcp-gatehouse';
import {
  authorizationUrl,
  callResource,
  locationOf,
  pkce,
  postForm,
  redeem,
  refresh,
  register,
  revoke,
  signIn,
  SteppingBrowser,
  transactionOf,
} from '../support/client.js';
import { collectTelemetry } from '../support/telemetry.js';
import { assertionClaims, assertionOf, assertionType, ecKeyPair } from '../support/assertion.js';
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
const measured = collectTelemetry();
beforeEach(() => {
  measured.reset();
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
    'consent transaction': transactionOf(page),
    ...Object.fromEntries(bindings.map((cookie, index) => [`cookie ${index}`, decodeURIComponent(cookie)])),
  };
  expect(Object.keys(upstreamOnes)).toHaveLength(5);
  const metrics = JSON.stringify([await measured.metrics(), measured.spans()]);
  expect(metrics).toContain('/oauth/callback');
  expect(found(metrics, { ...upstreamOnes, ...credentials, user: 'oidc|alice', client: client.clientId })).toEqual([]);
  expect(log.length).toBeGreaterThan(5);

  expect(found(JSON.stringify([log, gatehouse.audit]), { ...upstreamOnes, ...credentials })).toEqual([]);
  expect(found(JSON.stringify(log), { user: 'alice@example.test', sub: 'oidc|alice' })).toEqual([]);
  expect(found(JSON.stringify(gatehouse.audit), { user: 'alice@example.test' })).toEqual([]);
  expect(gatehouse.audit.length).toBeGreaterThan(10);
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

it('keeps the secrets of configured clients, and their assertions, out of logs, store and answers', async () => {
  const log: LogEntry[] = [];
  const clientSecret = 'canary-secret-kD8wQ2vB5nX7mC1zL4jH9';
  const hashedSecret = 'canary-hashed-xX9wQ2vB5nX7mC1zL4jH9';
  const pair = ecKeyPair('canary-kid');
  const clientSecretHash = createHash('sha256').update(hashedSecret).digest('hex');
  gatehouse = await startGatehouse({
    store,
    log: (entry) => log.push(entry),
    clients: [
      { clientId: 'plain', name: 'Plain', clientSecret, authenticationMethod: 'client_secret_post' },
      { clientId: 'hashed', name: 'Hashed', clientSecretHash, authenticationMethod: 'client_secret_post' },
      { clientId: 'signing', name: 'Signing', jwks: { keys: [pair.jwk] } },
    ],
  });
  const { issuer, mcpUrl } = gatehouse;
  const now = Math.floor(Date.now() / 1000);
  const claims = (changes = {}) => assertionClaims('signing', issuer, now, { jti: 'canary-jti-4711', ...changes });
  const good = assertionOf(pair, claims());
  const bad = assertionOf(pair, claims({ aud: 'https://canary-audience.example' }));
  const received: string[] = [];
  const ask = async (form: Record<string, string>, headers = {}) => {
    const answer = await postForm(`${issuer}/oauth/token`, { grant_type: 'client_credentials', ...form }, headers);
    received.push(JSON.stringify(answer.body), JSON.stringify([...answer.headers]));
    return answer;
  };
  const signed = (client_assertion: string) => ask({ client_assertion_type: assertionType, client_assertion });

  const { body } = await ask({ client_id: 'plain', client_secret: clientSecret });
  expect((await ask({ client_id: 'hashed', client_secret: hashedSecret })).status).toBe(200);
  expect((await signed(good)).status).toBe(200);
  for (const refused of [
    await signed(good),
    await signed(bad),
    await signed(`${good}x`),
    await ask({ client_id: 'plain', client_secret: hashedSecret }),
    await ask({ client_id: 'hashed', client_secret: clientSecretHash }),
    await ask({}, { authorization: `Basic ${Buffer.from(`plain:${clientSecret}`).toString('base64')}` }),
  ]) {
    expect(refused.status).toBe(401);
  }
  received.push(await (await callResource(mcpUrl, `${String(body['access_token'])}x`)).text());

  const secrets = {
    'client secret': clientSecret,
    'hashed client secret': hashedSecret,
    'hash of a client secret': clientSecretHash,
    'jti of an assertion': 'canary-jti-4711',
    'audience of an assertion': 'canary-audience',
    'name of a key': 'canary-kid',
    'assertion, its claims': good.split('.')[1] ?? '',
    'assertion, its signature': good.split('.')[2] ?? '',
    'refused assertion, its claims': bad.split('.')[1] ?? '',
    'private key': pair.privateKey.export({ format: 'jwk' }).d ?? '',
  };
  expect(log.filter(({ event }) => event === 'request refused')).toHaveLength(6);
  expect(
    found(JSON.stringify([log, gatehouse.audit]), { ...secrets, 'access token': String(body['access_token']) }),
  ).toEqual([]);
  expect(store.writes.filter(({ key }) => key.partition.endsWith('/assertion'))).toHaveLength(2);
  expect(found(JSON.stringify(store.writes), secrets)).toEqual([]);
  expect(found(received.join('\n'), secrets)).toEqual([]);
  expect(found(inspect(gatehouse.gate, { depth: 20, showHidden: true }), secrets)).toEqual([]);
});

it('keeps keys of resource servers, and what is said at their door, out of logs, store and answers', async () => {
  const log: LogEntry[] = [];
  const key = 'canary-key-kD8wQ2vB5nX7mC1zL4jH9gF3sA6';
  const hashedKey = 'canary-hashed-key-wQ2vB5nX7mC1zL4jH9gF';
  const hash = createHash('sha256').update(hashedKey).digest('hex');
  gatehouse = await startGatehouse({ store, log: (entry) => log.push(entry) });
  const { issuer, mcpUrl } = gatehouse;
  const introspection = { keys: [key, `sha256:${hash}`] };
  await gatehouse.restart({ resources: [{ url: mcpUrl, scopes: { 'mcp:tools': 'Use the tools' }, introspection }] });
  const { client, accessToken, refreshToken } = await signIn(issuer, 'alice', { scope: 'openid profile email' });
  const received: string[] = [];
  const ask = async (token: string, authorization: string) => {
    const answer = await postForm(`${issuer}/oauth/introspect`, { token }, { authorization });
    received.push(JSON.stringify(answer.body), JSON.stringify([...answer.headers]));
    return answer.status;
  };
  expect(await ask(accessToken, `Bearer ${key}`)).toBe(200);
  expect(await ask(refreshToken, `Bearer ${hashedKey}`)).toBe(200);
  for (const wrong of [`${key}x`, hash, `sha256:${hash}`, accessToken]) {
    expect(await ask(accessToken, `Bearer ${wrong}`)).toBe(401);
    expect(await ask(accessToken, `Basic ${Buffer.from(`any:${wrong}`).toString('base64')}`)).toBe(401);
  }
  const told = await fetch(`${issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } });
  expect(await told.json()).toMatchObject({ email: 'alice@example.test' });
  await revoke(issuer, { clientId: 'nobody' }, refreshToken);
  await revoke(issuer, client, accessToken);
  await revoke(issuer, client, refreshToken);

  const secrets = {
    key,
    'hashed key': hashedKey,
    'hash of a key': hash,
    'access token': accessToken,
    'access token, its signature': accessToken.split('.')[2] ?? '',
    'refresh token': refreshToken,
    'refresh token, its proof': refreshToken.split('.').at(-1) ?? '',
    user: 'alice@example.test',
  };
  expect(log.filter(({ event }) => event === 'request refused').length).toBeGreaterThan(8);
  expect(found(JSON.stringify([log, gatehouse.audit]), secrets)).toEqual([]);
  expect(found(JSON.stringify(store.writes), secrets)).toEqual([]);
  expect(found(received.join('\n'), { key, 'hashed key': hashedKey, hash, 'refresh token': refreshToken })).toEqual([]);
  expect(found(inspect(gatehouse.gate, { depth: 20, showHidden: true }), { key, 'hashed key': hashedKey })).toEqual([]);
});
