import { createServer, type Server } from 'node:http';
import { createResourceServer, type IntrospectingOptions, type LogEntry } from 'mcp-gatehouse';
import { afterEach, describe, expect, it } from 'vitest';
import { callResource, revoke, signIn } from '../support/client.js';
import type { GatehouseSettings } from '../support/gatehouse.js';
import { listen, stop } from '../support/upstream-provider.js';
import { gateway, introspectionKey, startRemoteServer, type RemoteServer } from './remote-server.js';
import { claimsOf, encode, es256, forge, headerOf } from './tokens.js';
import { foreignKey, issuerKey, pemOf, verifierContract } from './verifier-contract.js';

verifierContract('a verifier by introspection', async (settings) => {
  const remote = await startRemoteServer({ introspection: { key: introspectionKey } }, settings);
  return { ...remote, issuer: remote.gatehouse.issuer, upstream: remote.gatehouse.upstream };
});

let remote: RemoteServer;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(introspection: IntrospectingOptions = {}, settings: GatehouseSettings = {}) {
  remote = await startRemoteServer(
    { introspection: 'clientId' in introspection ? introspection : { key: introspectionKey, ...introspection } },
    { signing: { keys: [pemOf(issuerKey)] }, stoppedClock: true, ...settings },
  );
  closing.push(() => remote.close());
  return signIn(remote.gatehouse.issuer, 'alice', { resource: remote.url });
}

const question = 'POST /oauth/introspect';
const questions = () => remote.asked.filter((each) => each === question).length;
const call = (token: string) => callResource(remote.url, token);
const statusOf = async (token: string) => (await call(token)).status;
const signedBy = (key: typeof issuerKey, token: string, changes: object) =>
  forge(headerOf(token), { ...claimsOf(token), ...changes }, es256(key));

async function expectUnavailable(answer: Response): Promise<void> {
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(answer.headers.get('www-authenticate')).toBeNull();
  expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' });
}

describe('a verifier by introspection', () => {
  it('asks with a key, or as a client whose secret needs encoding', async () => {
    const { accessToken } = await start();
    expect(await statusOf(accessToken)).toBe(200);
    const { clientId, clientSecret } = gateway;
    remote.restart({ introspection: { clientId, clientSecret } });
    expect(await statusOf(accessToken)).toBe(200);
    expect(questions()).toBe(2);
  });

  it('encodes both parts of a client before they become one (RFC 6749 §2.3.1)', async () => {
    const issuer = 'https://auth.example';
    const sent: unknown[] = [];
    const server = createResourceServer({
      issuer,
      resource: 'https://notes.example/mcp',
      introspection: { clientId: 'https://a:b', clientSecret: 'ü %+' },
      fetch: (_url, { headers }) => {
        sent.push((headers as Record<string, string>)['authorization']);
        return Promise.resolve(Response.json({ issuer, introspection_endpoint: `${issuer}/introspect` }));
      },
    });
    const claims = { iss: issuer, aud: 'https://notes.example/mcp', exp: Date.now() / 1000 + 60 };
    await expect(server.verifyAccessToken(`${encode({})}.${encode(claims)}.x`)).rejects.toThrow();
    const basic = Buffer.from('https%3A%2F%2Fa%3Ab:%C3%BC+%25%2B').toString('base64');
    expect(sent).toEqual([undefined, `Basic ${basic}`]);
  });

  it('tells what the issuer said, with what broad scopes include', async () => {
    const { accessToken } = await start();
    const broad = signedBy(issuerKey, accessToken, { scope: 'mcp:tools notes:write' });
    const auth = await remote.server.verifyAccessToken(broad);
    expect(auth.scopes).toEqual(['mcp:tools', 'notes:write', 'notes:read']);
    expect(auth.extra).toEqual({
      sub: 'oidc|alice',
      provider: 'oidc',
      grantId: claimsOf(accessToken)['grant_id'],
      claims: { email: 'alice@example.test', name: 'Alice' },
    });
    auth.extra.claims['email'] = 'mallory@example.test';
    expect((await remote.server.verifyAccessToken(broad)).extra.claims['email']).toBe('alice@example.test');
  });

  it('learns of a revocation at once when it keeps nothing', async () => {
    const { client, accessToken, refreshToken } = await start({ cacheTtl: 0 });
    expect(await statusOf(accessToken)).toBe(200);
    await revoke(remote.gatehouse.issuer, client, refreshToken);
    expect(await statusOf(accessToken)).toBe(401);
    expect(remote.log.at(-1)?.causes).toEqual(['invalid_token: inactive']);
  });

  it('learns of a revocation when what it keeps is too old', async () => {
    const { client, accessToken, refreshToken } = await start();
    expect(await statusOf(accessToken)).toBe(200);
    await revoke(remote.gatehouse.issuer, client, refreshToken);
    remote.advance(9);
    expect(await statusOf(accessToken)).toBe(200);
    expect(questions()).toBe(1);
    remote.advance(1);
    expect(await statusOf(accessToken)).toBe(401);
    expect(await statusOf(accessToken)).toBe(401);
    expect(questions()).toBe(2);
  });

  it('keeps no answer for longer than the token lives', async () => {
    const { accessToken } = await start({ cacheTtl: 300 }, { accessTokenTtl: 60 });
    expect(await statusOf(accessToken)).toBe(200);
    // The clocks run on meanwhile, on a busy machine for some seconds.
    remote.advance(90);
    expect(await statusOf(accessToken)).toBe(200);
    remote.advance(31);
    expect(await statusOf(accessToken)).toBe(401);
    expect(remote.log.at(-1)?.causes).toEqual(['invalid_token: expired']);
    expect(questions()).toBe(1);
  });

  it('asks once for all who ask at the same time', async () => {
    const { accessToken } = await start({ cacheTtl: 0 });
    const all = await Promise.all(Array.from({ length: 50 }, () => remote.server.verifyAccessToken(accessToken)));
    expect(new Set(all).size).toBe(50);
    expect(questions()).toBe(1);
    await remote.server.verifyAccessToken(accessToken);
    expect(questions()).toBe(2);
  });

  it('asks nothing about what could not count', async () => {
    const { accessToken, refreshToken } = await start();
    const [first = '', , third = ''] = accessToken.split('.');
    const junk = [
      'x',
      refreshToken,
      'x'.repeat(9000),
      `${first}.${encode({ ...claimsOf(accessToken), exp: 1 })}.${third}`,
      `${first}.${encode({ ...claimsOf(accessToken), iss: 'https://other.example' })}.${third}`,
      `${first}.${encode({ ...claimsOf(accessToken), aud: 'https://other.example' })}.${third}`,
    ];
    for (const token of junk) expect(await statusOf(token)).toBe(401);
    expect(remote.asked).toEqual([]);
  });

  it('does not let the junk of strangers push out what it keeps', async () => {
    const { accessToken } = await start({ cacheTtl: 300 });
    expect(await statusOf(accessToken)).toBe(200);
    const junk = Array.from({ length: 5100 }, (_, index) => signedBy(foreignKey, accessToken, { jti: String(index) }));
    while (junk.length > 0) {
      await Promise.all(
        junk.splice(0, 50).map((each) => expect(remote.server.verifyAccessToken(each)).rejects.toThrow()),
      );
    }
    const before = questions();
    expect(await statusOf(accessToken)).toBe(200);
    expect(questions()).toBe(before);
  });

  it('is 503, and tells the operator why, when the issuer does not know its key', async () => {
    const { accessToken } = await start();
    for (const introspection of [{ key: introspectionKey.slice(1) }, { clientId: 'gateway', clientSecret: 'x' }]) {
      remote.restart({ introspection });
      await expectUnavailable(await call(accessToken));
      const entry = remote.log.at(-1);
      expect(entry?.level).toBe('error');
      expect(entry?.causes?.[0]).toContain('does not accept what this resource server asks with: check introspection');
      expect(JSON.stringify(remote.log)).not.toContain(introspectionKey.slice(1));
    }
  });

  it('is 503 where the issuer has no such endpoint', async () => {
    const { accessToken } = await start();
    await remote.gatehouse.restart({ resources: [{ url: remote.url, scopes: { 'mcp:tools': 'Use' } }], clients: [] });
    await expectUnavailable(await call(accessToken));
    expect(remote.log.at(-1)?.causes?.[0]).toContain('The metadata has no introspection_endpoint.');
  });

  it('is 503 while the issuer is away, for known tokens too once they are too old, and then works again', async () => {
    const { accessToken } = await start();
    expect(await statusOf(accessToken)).toBe(200);
    await remote.gatehouse.stopListening();
    expect(await statusOf(accessToken)).toBe(200);
    remote.advance(10);
    await expectUnavailable(await call(accessToken));
    await remote.gatehouse.listenAgain();
    expect(await statusOf(accessToken)).toBe(200);
    await remote.gatehouse.stopListening();
    remote.restart();
    await expectUnavailable(await call(accessToken));
    await remote.gatehouse.listenAgain();
    remote.advance(30);
    expect(await statusOf(accessToken)).toBe(200);
  });
});

describe('the answer to an introspection', () => {
  const resource = 'https://notes.example/mcp';
  const now = 1_800_000_000;
  const good = { active: true, client_id: 'client', sub: 'alice', aud: resource, exp: now + 300 };
  let answering: (reply: (status: number, body: string, headers?: Record<string, string>) => void) => void;
  let server: Server;
  let asked: number;

  async function issuerThatAnswers(answer: unknown, status = 200, headers: Record<string, string> = {}) {
    asked = 0;
    answering = (reply) => reply(status, typeof answer === 'string' ? answer : JSON.stringify(answer), headers);
    server = createServer((request, response) => {
      if (request.method === 'GET') {
        response.end(JSON.stringify({ issuer, introspection_endpoint: `${issuer}/introspect` }));
        return;
      }
      asked += 1;
      request.resume();
      answering((code, body, more) => response.writeHead(code, more).end(body));
    });
    const issuer = `http://127.0.0.1:${await listen(server, 0)}`;
    closing.push(() => stop(server));
    const log: LogEntry[] = [];
    const introspection = { key: introspectionKey };
    const remoteServer = createResourceServer({
      issuer,
      resource,
      introspection,
      clock: () => now,
      log: (entry) => log.push(entry),
    });
    const token = `${encode({ alg: 'RS256' })}.${encode({ iss: issuer, aud: resource, exp: now + 300 })}.x`;
    return { verify: (each = token) => remoteServer.verifyAccessToken(each), issuer, token };
  }

  it('counts with nothing more than it needs', async () => {
    const { verify, token } = await issuerThatAnswers(good);
    expect(await verify()).toMatchObject({
      token,
      clientId: 'client',
      scopes: [],
      extra: { sub: 'alice', claims: {} },
    });
  });

  it.each<[string, object]>([
    ['inactive', { active: false, sub: 'alice' }],
    ['of another issuer', { ...good, iss: 'https://other.example' }],
    ['of an issuer that is null', { ...good, iss: null }],
    ['for another resource', { ...good, aud: 'https://other.example' }],
    ['for nobody', { ...good, aud: undefined }],
    ['for others', { ...good, aud: [`${resource}/`] }],
    ['expired', { ...good, exp: now - 61 }],
    ['without an end', { ...good, exp: undefined }],
    ['with an end in words', { ...good, exp: 'never' }],
    ['not yet valid', { ...good, nbf: now + 61 }],
    ['without a user', { ...good, sub: undefined }],
    ['with a list of users', { ...good, sub: ['alice'] }],
    ['without a client', { ...good, client_id: undefined }],
    ['with a list of scopes', { ...good, scope: ['mcp:tools'] }],
  ])('refuses the token when it is %s', async (_, answer) => {
    const { verify } = await issuerThatAnswers(answer);
    await expect(verify()).rejects.toMatchObject({ code: 'invalid_token' });
  });

  it.each<[string, unknown, number, Record<string, string>]>([
    ['no JSON', '<html>', 200, {}],
    ['nothing', '', 200, {}],
    ['a list', [good], 200, {}],
    ['without the one member that it must have', { ...good, active: undefined }, 200, {}],
    ['almost active', { ...good, active: 'true' }, 200, {}],
    ['huge', JSON.stringify({ ...good, padding: 'x'.repeat(300_000) }), 200, {}],
    ['an error', good, 500, {}],
    ['an error about the request', { error: 'invalid_request' }, 400, {}],
    ['not found', good, 404, {}],
    ['a refusal of the key', good, 401, {}],
    ['another success', good, 201, {}],
    ['a redirect', good, 307, { location: '/elsewhere' }],
  ])('tells nothing about the token when it is %s', async (_, answer, status, headers) => {
    const { verify } = await issuerThatAnswers(answer, status, headers);
    await expect(verify()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    // And follows no redirect with its key.
    expect(asked).toBe(1);
  });

  it('is waited for by so many and no more', async () => {
    const { verify, issuer } = await issuerThatAnswers(good);
    const held: (() => void)[] = [];
    let release: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => (release = resolve));
    answering = (reply) => {
      held.push(() => reply(200, JSON.stringify(good)));
      if (held.length === 64) release();
    };
    const token = (jti: number) =>
      `${encode({ alg: 'RS256' })}.${encode({ iss: issuer, aud: resource, exp: now + 300, jti })}.x`;
    const waiting = Promise.all(Array.from({ length: 64 }, (_, index) => verify(token(index))));
    await expect(verify(token(64))).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    await arrived;
    for (const answer of held) answer();
    expect(await waiting).toHaveLength(64);
    answering = (reply) => reply(200, JSON.stringify(good));
    expect(await verify(token(64))).toMatchObject({ clientId: 'client' });
  });
});
