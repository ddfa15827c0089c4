import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { callResource, postForm, refresh, revoke, signIn } from '../support/client.js';
import type { GatehouseSettings } from '../support/gatehouse.js';
import { gateway, startRemoteServer, type RemoteServer } from './remote-server.js';
import { claimsOf, es256, forge, headerOf } from './tokens.js';
import { foreignKey, issuerKey, pemOf, verifierContract } from './verifier-contract.js';

verifierContract('a verifier by published keys', async (settings) => {
  const remote = await startRemoteServer({}, settings);
  return { ...remote, issuer: remote.gatehouse.issuer, upstream: remote.gatehouse.upstream };
});

const hour = 3600;
const metadataDocument = 'GET /.well-known/oauth-authorization-server';
const keyDocument = 'GET /oauth/jwks';

let remote: RemoteServer;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(settings: GatehouseSettings = {}) {
  remote = await startRemoteServer({}, { signing: { keys: [pemOf(issuerKey)] }, stoppedClock: true, ...settings });
  closing.push(() => remote.close());
  return signIn(remote.gatehouse.issuer, 'alice', { resource: remote.url });
}

const call = (token: string) => callResource(remote.url, token);
const statusOf = async (token: string) => (await call(token)).status;
const withKid = (token: string, kid: string, key: KeyObject = foreignKey) =>
  forge({ ...headerOf(token), kid }, claimsOf(token), es256(key));
const changed = (token: string, changes: object) =>
  forge(headerOf(token), { ...claimsOf(token), ...changes }, es256(issuerKey));
/** A token that was never seen, for one that was. */
const another = (token: string) => changed(token, { jti: String(Math.random()) });

async function expectUnavailable(token: string): Promise<void> {
  const answer = await call(token);
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(answer.headers.get('www-authenticate')).toBeNull();
  expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' });
}

describe('a verifier by published keys', () => {
  it('asks nothing before the first token, then once for all, and keeps what it was told for ten minutes', async () => {
    const { accessToken } = await start();
    expect(remote.asked).toEqual([]);
    const all = await Promise.all(Array.from({ length: 20 }, () => statusOf(another(accessToken))));
    expect(new Set(all)).toEqual(new Set([200]));
    expect(remote.asked).toEqual([metadataDocument, keyDocument]);
    remote.advance(599);
    expect(await statusOf(another(accessToken))).toBe(200);
    expect(remote.asked).toHaveLength(2);
    remote.advance(1);
    expect(await statusOf(accessToken)).toBe(200);
    expect(remote.asked).toEqual([metadataDocument, keyDocument, metadataDocument, keyDocument]);
  });

  it('asks nothing for what could not count anyway', async () => {
    const { accessToken } = await start();
    const junk = [
      'x',
      'a.b.c',
      'x'.repeat(9000),
      changed(accessToken, { aud: 'https://other.example' }),
      changed(accessToken, { iss: 'https://other.example' }),
      changed(accessToken, { exp: 1 }),
      forge({ ...headerOf(accessToken), alg: 'HS256' }, claimsOf(accessToken), () => 'x'),
      forge({ ...headerOf(accessToken), typ: 'JWT' }, claimsOf(accessToken), es256(issuerKey)),
      forge({ ...headerOf(accessToken), kid: undefined }, claimsOf(accessToken), es256(issuerKey)),
    ];
    await remote.gatehouse.stopListening();
    for (const token of junk) expect(await statusOf(token)).toBe(401);
    expect(remote.asked).toEqual([]);
    await remote.gatehouse.listenAgain();
  });

  it('tells of the user, and of a client that acts for itself', async () => {
    const { accessToken } = await start();
    const { idp, grant_id } = claimsOf(accessToken);
    expect(await (await call(accessToken)).json()).toMatchObject({
      extra: { sub: 'oidc|alice', provider: idp, grantId: grant_id, claims: { email: 'alice@example.test' } },
    });
    const basic = [gateway.clientId, gateway.clientSecret].map(encodeURIComponent).join(':');
    const { body } = await postForm(
      `${remote.gatehouse.issuer}/oauth/token`,
      { grant_type: 'client_credentials', resource: remote.url, scope: 'mcp:tools' },
      { authorization: `Basic ${Buffer.from(basic).toString('base64')}` },
    );
    expect(await (await call(String(body['access_token']))).json()).toMatchObject({
      clientId: 'gateway',
      extra: { sub: 'gateway', claims: {} },
    });
  });

  it('takes tokens of others by the same standard: a list of audiences, no scope, another spelling of the type', async () => {
    const { accessToken } = await start();
    const { url, server } = remote;
    const of = (changes: object, header: object = {}) =>
      forge({ ...headerOf(accessToken), ...header }, { ...claimsOf(accessToken), ...changes }, es256(issuerKey));
    const without = { grant_id: undefined, idp: undefined, jti: undefined };
    expect(await statusOf(of({ aud: [url, 'https://other.example'], ...without }))).toBe(200);
    expect(await statusOf(of({}, { typ: 'application/at+jwt' }))).toBe(200);
    expect(await server.verifyAccessToken(of({ scope: undefined }))).toMatchObject({ scopes: [] });
    expect(await statusOf(of({ scope: undefined }))).toBe(403);
    expect(await statusOf(of({ iat: Number(claimsOf(accessToken)['iat']) + 120 }))).toBe(401);
    expect(await statusOf(of({ grant_id: 42 }))).toBe(401);
    expect(await statusOf(of({ idp: {} }))).toBe(401);
  });

  it('lets a broad scope do for what it includes, as the issuer would', async () => {
    const { accessToken } = await start();
    const broad = changed(accessToken, { scope: 'mcp:tools notes:write' });
    expect(await (await call(broad)).json()).toMatchObject({ scopes: ['mcp:tools', 'notes:write', 'notes:read'] });
    expect(await remote.server.verifyAccessToken(broad)).toMatchObject({
      scopes: ['mcp:tools', 'notes:write', 'notes:read'],
    });
  });

  it('hands each request claims of its own', async () => {
    const { accessToken } = await start();
    const first = await remote.server.verifyAccessToken(accessToken);
    first.scopes.push('notes:write');
    first.extra.claims['email'] = 'mallory@example.test';
    expect(await remote.server.verifyAccessToken(accessToken)).toMatchObject({
      scopes: ['mcp:tools'],
      extra: { claims: { email: 'alice@example.test' } },
    });
  });

  it('looks at the time of a known token every time', async () => {
    const { accessToken } = await start({ accessTokenTtl: 600 });
    expect(await statusOf(accessToken)).toBe(200);
    remote.advance(659);
    expect(await statusOf(accessToken)).toBe(200);
    remote.advance(2);
    expect(await statusOf(accessToken)).toBe(401);
    expect(remote.log.at(-1)?.causes).toEqual(['invalid_token: expired']);
  });

  it('learns of a revocation only when the token expires', async () => {
    const { client, accessToken, refreshToken } = await start({ accessTokenTtl: 600 });
    await revoke(remote.gatehouse.issuer, client, refreshToken);
    expect(await statusOf(accessToken)).toBe(200);
    remote.advance(661);
    expect(await statusOf(accessToken)).toBe(401);
  });

  it('verifies RS256 as well', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const { accessToken } = await start({ signing: { algorithm: 'RS256', keys: [pemOf(rsa)] } });
    expect(await statusOf(accessToken)).toBe(200);
    remote.restart({ algorithms: ['ES256'] });
    expect(await statusOf(accessToken)).toBe(401);
    expect(remote.log.at(-1)?.causes).toEqual(['invalid_token: wrong alg']);
  });
});

describe('keys that rotate', () => {
  it('are followed without a restart, and what they sign counts at once', async () => {
    const { client, accessToken, refreshToken } = await start({
      signing: { rotationTtl: 10 * hour, publishTtl: hour },
      refreshTokenTtl: 100 * hour,
    });
    expect(await statusOf(accessToken)).toBe(200);
    remote.advance(10 * hour + 60);
    const second = (await refresh(remote.gatehouse.issuer, client, refreshToken)).body;
    remote.advance(hour + 60);
    const third = (await refresh(remote.gatehouse.issuer, client, String(second['refresh_token']))).body;
    const token = String(third['access_token']);
    expect(headerOf(token)['kid']).not.toBe(headerOf(accessToken)['kid']);
    expect(await statusOf(token)).toBe(200);
  });

  it('are looked for at once when a token names one that is not known', async () => {
    const { accessToken, client, refreshToken } = await start();
    expect(await statusOf(accessToken)).toBe(200);
    await remote.gatehouse.restart({ signing: { keys: [pemOf(foreignKey), pemOf(issuerKey)] } });
    const { body } = await refresh(remote.gatehouse.issuer, client, refreshToken);
    remote.asked.length = 0;
    expect(await statusOf(String(body['access_token']))).toBe(200);
    expect(await statusOf(accessToken)).toBe(200);
    expect(remote.asked).toEqual([keyDocument]);
  });

  it('end what they signed when they are withdrawn, also where it was verified before', async () => {
    const { accessToken } = await start();
    expect(await statusOf(accessToken)).toBe(200);
    await remote.gatehouse.restart({ signing: { keys: [pemOf(foreignKey)] } });
    remote.advance(600);
    expect(await statusOf(accessToken)).toBe(401);
    expect(remote.log.at(-1)?.causes).toEqual(['invalid_token: unknown key']);
  });

  it('are not asked for again and again because strangers make up names', async () => {
    const { accessToken } = await start();
    expect(await statusOf(accessToken)).toBe(200);
    remote.asked.length = 0;
    const flood = async () => {
      const names = Array.from({ length: 60 }, (_, index) => `made-up-${index}`);
      const all = await Promise.all(names.map((name) => statusOf(withKid(accessToken, name))));
      expect(new Set(all)).toEqual(new Set([401]));
    };
    await flood();
    await flood();
    expect(remote.asked).toEqual([keyDocument]);
    remote.advance(29);
    await flood();
    expect(remote.asked).toHaveLength(1);
    remote.advance(1);
    await flood();
    expect(remote.asked).toHaveLength(2);
    expect(await statusOf(another(accessToken))).toBe(200);
  });
});

describe('while the issuer is away', () => {
  it('known and new tokens are still verified for a day; of unknown keys nobody can tell', async () => {
    const { accessToken } = await start({ accessTokenTtl: 24 * hour });
    expect(await statusOf(accessToken)).toBe(200);
    await remote.gatehouse.stopListening();
    remote.asked.length = 0;
    expect(await statusOf(another(accessToken))).toBe(200);
    await expectUnavailable(withKid(accessToken, 'new', issuerKey));
    expect(remote.log.at(-1)).toMatchObject({ level: 'error', code: 'temporarily_unavailable' });
    remote.advance(23 * hour);
    remote.log.length = 0;
    for (const token of [accessToken, another(accessToken)]) expect(await statusOf(token)).toBe(200);
    // Nobody else would notice before it is too late.
    expect(remote.log).toEqual([expect.objectContaining({ level: 'warn', event: 'keys not fetched' })]);
    await expectUnavailable(withKid(accessToken, 'new', issuerKey));
    // Attempts are few: for the unknown key, for what is old, and none in the pause.
    expect(remote.asked.length).toBeLessThanOrEqual(3);
    remote.advance(hour);
    await expectUnavailable(changed(accessToken, { exp: Number(claimsOf(accessToken)['exp']) + hour }));
    await remote.gatehouse.listenAgain();
    remote.advance(30);
    expect(await statusOf(withKid(accessToken, 'new', issuerKey))).toBe(401);
    expect(await statusOf(changed(accessToken, { exp: Number(claimsOf(accessToken)['exp']) + hour }))).toBe(200);
  });

  it('a server that has just started cannot tell, and then it can', async () => {
    const { accessToken } = await start();
    await remote.gatehouse.stopListening();
    for (let attempt = 0; attempt < 5; attempt++) await expectUnavailable(accessToken);
    expect(remote.asked).toEqual([metadataDocument]);
    expect(remote.log.at(-1)?.causes?.at(-1)).toMatch(/^FetchFault (?:ECONNREFUSED|UND_ERR_SOCKET|ECONNRESET)/);
    await remote.gatehouse.listenAgain();
    await expectUnavailable(accessToken);
    remote.advance(30);
    expect(await statusOf(accessToken)).toBe(200);
  });
});
