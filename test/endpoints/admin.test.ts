import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseOptions } from '../../src/config.js';
import { optionsFromEnvironment } from '../../src/index.js';
import { oidcProvider } from '../../providers/oidc.js';
import { refresh, signIn } from '../support/client.js';
import { startGatehouse, testSecret, type Gatehouse } from '../support/gatehouse.js';

const token = 'an-admin-token-of-the-tests-0123456789';
const hashedToken = 'another-admin-token-of-the-tests-9876543210';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const tokens = [
  { name: 'alice', token },
  { name: 'bob', token: `sha256:${sha256(hashedToken)}` },
];

let gatehouse: Gatehouse;
beforeEach(async () => {
  gatehouse = await startGatehouse({ admin: { tokens }, path: '/team' });
});
afterEach(() => gatehouse.close());

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const response = await fetch(`${gatehouse.issuer}/oauth/admin/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: !response.headers.get('content-type')?.includes('json') ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

describe('the admin API', () => {
  it('adds, shows, lists, changes and removes a client', async () => {
    const added = await ask('POST', 'clients', { clientId: 'machine', name: 'Machine', newSecret: true });
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({
      client: { clientId: 'machine' },
      secret: expect.stringMatching(/^\S{43}$/) as string,
    });
    expect(added.headers.get('cache-control')).toBe('no-store');
    const location = added.headers.get('location') ?? '';
    expect(location).toBe(`${gatehouse.issuer}/oauth/admin/clients?id=machine`);
    const shown = await (await fetch(location, { headers: { authorization: `Bearer ${token}` } })).json();
    expect(shown).toMatchObject({ name: 'Machine', secrets: 1 });
    expect(JSON.stringify(shown)).not.toContain(String(added.body['secret']));
    expect((await ask('POST', 'clients', { clientId: 'machine', name: 'Machine', newSecret: true })).status).toBe(409);
    const changed = await ask('PATCH', 'clients?id=machine', { name: 'New name' });
    expect([changed.status, (changed.body['client'] as { name: string }).name]).toEqual([200, 'New name']);
    expect((await ask('DELETE', 'clients?id=machine')).status).toBe(204);
    expect((await ask('DELETE', 'clients?id=machine')).status).toBe(404);
    expect((await ask('GET', 'clients?id=machine')).status).toBe(404);
  });

  it('changes only what the operator has seen, where it says what that was', async () => {
    const added = await ask('POST', 'clients', { clientId: 'machine', name: 'Machine', newSecret: true });
    const etag = added.headers.get('etag') ?? '';
    const first = await ask('PATCH', 'clients?id=machine', { name: 'First' }, { 'if-match': etag });
    expect(first.status).toBe(200);
    const second = await ask('PATCH', 'clients?id=machine', { name: 'Second' }, { 'if-match': etag });
    expect([second.status, second.body['error']]).toEqual([409, 'conflict']);
    expect((await ask('DELETE', 'clients?id=machine', undefined, { 'if-match': etag })).status).toBe(409);
  });

  it('takes resources and ids that are URLs, whatever is in them', async () => {
    const url = 'https://notes.example/mcp/notes';
    expect((await ask('POST', 'resources', { url, newKey: true })).status).toBe(201);
    const named = `resources?url=${encodeURIComponent(url)}`;
    expect((await ask('GET', named)).body).toMatchObject({ url, introspection: { keys: 1 } });
    expect((await ask('PATCH', named, { name: 'Notes' })).body).toMatchObject({ resource: { name: 'Notes' } });
    expect((await ask('DELETE', named)).status).toBe(204);
    const clientId = 'https://app.example/client?a=b&c=%2f..%2f';
    const block = await ask('POST', 'blocks', { clientId, reason: 'Spam' });
    expect([block.status, block.body['clientId']]).toEqual([201, clientId]);
    expect((await ask('POST', 'blocks', { clientId })).status).toBe(200);
    const one = await fetch(block.headers.get('location') ?? '', { headers: { authorization: `Bearer ${token}` } });
    expect(await one.json()).toMatchObject({ clientId, reason: 'Spam' });
    expect((await ask('GET', `client-id?id=${encodeURIComponent(clientId)}`)).body).toMatchObject({ isBlocked: true });
    expect((await ask('DELETE', `blocks?clientId=${encodeURIComponent(clientId)}`)).status).toBe(204);
    expect((await ask('POST', 'blocks', { host: 'evil.example' })).status).toBe(201);
    expect((await ask('GET', 'blocks')).body['items']).toEqual([expect.objectContaining({ host: 'evil.example' })]);
  });

  it('answers lists in parts', async () => {
    for (const id of ['a', 'b', 'c']) await ask('POST', 'clients', { clientId: id, name: id, newSecret: true });
    const first = await ask('GET', 'clients?limit=2');
    expect([(first.body['items'] as unknown[]).length, first.body['next']]).toEqual([2, 'b']);
    const rest = await ask('GET', 'clients?limit=2&after=b');
    expect([(rest.body['items'] as unknown[]).length, rest.body['next']]).toEqual([1, undefined]);
    expect((await ask('GET', 'clients?limit=0')).status).toBe(400);
  });

  it('shows what users have granted, by user and by client, in parts, and ends it', async () => {
    const { issuer } = gatehouse;
    const { client, refreshToken } = await signIn(issuer, 'alice');
    for (const user of ['bob', 'carol']) await signIn(issuer, user);
    const itemsOf = async (query: string) =>
      (await ask('GET', `grants?${query}`)).body['items'] as { grantId: string }[];
    const all = await itemsOf('');
    expect(all).toHaveLength(3);
    expect(await itemsOf('user=oidc%7Cnobody')).toEqual([]);
    const [one, ...others] = await itemsOf(`client=${encodeURIComponent(client.clientId)}&user=oidc%7Calice`);
    expect([others, one]).toEqual([[], expect.objectContaining({ subject: 'oidc|alice', state: 'active' })]);
    expect(await itemsOf('client=nobody')).toEqual([]);
    const first = await ask('GET', 'grants?limit=1');
    expect(first.body).toEqual({ items: all.slice(0, 1), next: all[0]?.grantId });
    expect(await itemsOf(`limit=500&after=${all[0]?.grantId}`)).toEqual(all.slice(1));

    const named = `grants?id=${one?.grantId}`;
    expect((await ask('GET', named)).body).toMatchObject(one ?? {});
    expect((await ask('DELETE', named)).status).toBe(204);
    expect((await ask('DELETE', named)).status).toBe(204);
    expect((await ask('GET', named)).body).toMatchObject({ state: 'ended', ended: { because: 'revoked by operator' } });
    expect((await refresh(issuer, client, refreshToken)).body['error']).toBe('invalid_grant');
    const ended = gatehouse.audit.filter(({ event }) => event === 'grant.ended');
    expect(ended).toMatchObject([{ operator: 'alice', address: '127.0.0.1', reason: 'revoked by operator' }]);
    expect((await itemsOf('user=oidc%7Cbob'))[0]).toMatchObject({ state: 'active' });
  });

  it('ends no grants but the one that is named', async () => {
    await signIn(gatehouse.issuer, 'alice');
    for (const query of [
      '',
      '?user=oidc%7Calice',
      '?id=',
      '?id=nobody',
      '?id=%00',
      `?id=${'x'.repeat(3000)}`,
      '?id=a&id=b',
    ]) {
      expect([400, 404], query.slice(0, 20)).toContain((await ask('DELETE', `grants${query}`)).status);
    }
    expect((await ask('GET', 'grants')).body['items']).toMatchObject([{ state: 'active' }]);
  });

  it('names every fault of an entry', async () => {
    const { status, body } = await ask('POST', 'clients', { redirectUris: ['http://x.example'], clientSecretHash: 1 });
    expect([status, body['error']]).toEqual([400, 'invalid_request']);
    expect((body['faults'] as string[]).length).toBeGreaterThanOrEqual(3);
  });
});

describe('nobody else comes in', () => {
  it('whatever is sent in place of a credential', async () => {
    for (const authorization of [
      '',
      'Bearer ',
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      `Bearer ${testSecret}`,
      `Bearer sha256:${sha256(hashedToken)}`,
      `Bearer ${sha256(hashedToken)}`,
      `Basic ${Buffer.from(`alice:${token}`).toString('base64')}`,
      `Bearer x, Bearer ${token}`,
    ]) {
      for (const [method, path] of [
        ['GET', 'clients'],
        ['POST', 'clients'],
        ['PATCH', 'clients?id=a'],
        ['DELETE', 'blocks?host=a.example'],
        ['GET', 'resources'],
        ['GET', 'client-id?id=a'],
        ['GET', 'grants'],
        ['DELETE', 'grants?id=a'],
      ] as const) {
        const answer = await ask(method, path, undefined, { authorization });
        expect([authorization, answer.status, answer.body['error']]).toEqual([authorization, 401, 'invalid_token']);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
        expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      }
    }
    const inQuery = await fetch(`${gatehouse.issuer}/oauth/admin/clients?access_token=${token}`);
    expect(inQuery.status).toBe(401);
    expect((await ask('GET', 'clients', undefined, { authorization: `Bearer ${hashedToken}` })).status).toBe(200);
  });

  it('no page of another origin: there is no CORS, and a form is no JSON', async () => {
    const preflight = await ask('OPTIONS', 'clients', undefined, {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    expect(preflight.headers.get('access-control-allow-headers')).toBeNull();
    const form = await ask('POST', 'blocks', 'host=evil.example', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(form.status).toBe(400);
    const text = await ask('POST', 'blocks', '{"host":"evil.example"}', { 'content-type': 'text/plain' });
    expect(text.status).toBe(400);
    expect((await ask('GET', 'blocks')).body['items']).toEqual([]);
  });

  it('where no credential is configured there is no admin API', async () => {
    const plain = await startGatehouse();
    try {
      for (const path of ['clients', 'resources', 'blocks', 'grants', 'client-id?id=a']) {
        const answer = await fetch(`${plain.issuer}/oauth/admin/${path}`, {
          headers: { authorization: `Bearer ${token}` },
        });
        const unknown = await fetch(`${plain.issuer}/oauth/adminx/${path}`);
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([unknown.status, null]);
      }
    } finally {
      await plain.close();
    }
  });

  it('and who tries too often waits, whether the credential is right or not', async () => {
    await gatehouse.restart({ rateLimits: { admin: { requests: 3, seconds: 60 } } });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      statuses.push((await ask('GET', 'clients', undefined, { authorization: `Bearer wrong-${i}` })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    expect((await ask('GET', 'clients')).headers.get('retry-after')).toMatch(/^\d+$/);
  });
});

describe('hostile input', () => {
  it('is refused, and changes nothing', async () => {
    const huge = JSON.stringify({ name: 'x'.repeat(70_000) });
    expect((await ask('POST', 'clients', huge)).status).toBe(413);
    expect((await ask('PATCH', 'clients?id=a', huge)).status).toBe(413);
    for (const body of [
      '',
      'null',
      '[]',
      '"text"',
      '{',
      '{"__proto__":{"isAdmin":true}}',
      '{"constructor":{}}',
      '{"newSecret":"yes"}',
    ]) {
      expect((await ask('POST', 'clients', body)).status, body).toBe(400);
      expect((await ask('POST', 'resources', body)).status, body).toBe(400);
      expect((await ask('POST', 'blocks', body)).status, body).toBe(400);
    }
    const long = Array.from({ length: 1000 }, (_, index) => `https://app.example/callback/${index}`);
    expect((await ask('POST', 'clients', { name: 'A', redirectUris: long })).status).toBe(400);
    for (const id of ['..%2f..%2foauth', '__proto__', 'constructor', 'toString', '%00', 'a%0d%0ab']) {
      expect([400, 404]).toContain((await ask('GET', `clients?id=${id}`)).status);
      expect([400, 404]).toContain((await ask('DELETE', `clients?id=${id}`)).status);
      expect([400, 404]).toContain((await ask('PATCH', `clients?id=${id}`, { name: 'A' })).status);
    }
    for (const path of ['clients%2fa', 'clients/a', 'nothing', 'clients%2f..%2fclients']) {
      expect((await ask('GET', path)).status).toBe(404);
    }
    expect((await ask('PUT', 'clients')).status).toBe(405);
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
    expect((await ask('GET', 'clients')).body['items']).toEqual([]);
  });

  it('scopes with the names of what every object has are scopes like others', async () => {
    const url = 'https://notes.example/mcp';
    const added = await ask(
      'POST',
      'resources',
      `{"url":"${url}","scopes":{"constructor":"Build","toString":"Write"}}`,
    );
    expect(added.status).toBe(201);
    expect(Object.keys((added.body['resource'] as { scopes: object }).scopes)).toEqual(['constructor', 'toString']);
    const odd = await ask('POST', 'resources', `{"url":"${url}/2","scopes":{"__proto__":"Odd"}}`);
    expect([201, 400]).toContain(odd.status);
    expect(({} as Record<string, unknown>)['Odd']).toBeUndefined();
  });

  it('a registry that is full says so', async () => {
    const { blocks } = gatehouse.gate.operator;
    for (let i = 0; i < 1000; i += 1) await blocks.add({ clientId: `client-${i}` });
    const answer = await ask('POST', 'blocks', { clientId: 'one-more' });
    expect([answer.status, answer.body['faults']]).toEqual([409, [expect.stringContaining('full')]]);
    await blocks.remove({ clientId: 'client-7' });
    expect((await ask('POST', 'blocks', { clientId: 'one-more' })).status).toBe(201);
  });
});

describe('the option admin', () => {
  const provider = oidcProvider({
    issuer: 'https://id.example',
    clientId: 'a',
    clientSecret: 'upstream-secret-of-a-provider-0123456',
  });
  const parse = (options: object) =>
    parseOptions({ issuer: 'https://auth.example', secret: testSecret, providers: [provider], ...options }, false);

  it('keeps hashes and names', () => {
    expect(parse({ admin: { tokens: [token] } }).admin).toEqual([{ name: 'admin', hash: sha256(token) }]);
    expect(parse({ admin: { tokens } }).admin).toEqual([
      { name: 'alice', hash: sha256(token) },
      { name: 'bob', hash: sha256(hashedToken) },
    ]);
    const { admin } = optionsFromEnvironment({ GATEHOUSE_ADMIN_TOKEN: `${token},${hashedToken}` });
    expect(admin).toEqual({ tokens: [token, hashedToken] });
  });

  it('refuses what is short, empty, there twice, or used for something else', () => {
    const clientSecret = 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';
    for (const options of [
      { admin: {} },
      { admin: { tokens: [] } },
      { admin: { tokens: ['short'] } },
      { admin: { tokens: [`sha256:${sha256('')}`] } },
      { admin: { tokens: ['sha256:abc'] } },
      { admin: { tokens: [token, token] } },
      {
        admin: {
          tokens: [
            { name: 'a', token },
            { name: 'a', token: hashedToken },
          ],
        },
      },
      { admin: { tokens: [testSecret] } },
      { admin: { tokens: [`sha256:${sha256(testSecret)}`] } },
      { admin: { tokens: ['upstream-secret-of-a-provider-0123456'] } },
      { admin: { tokens: [clientSecret] }, clients: [{ clientId: 'm', name: 'M', clientSecret }] },
      { admin: { tokens: [token] }, resources: [{ url: 'https://a.example', introspection: { keys: [token] } }] },
    ]) {
      expect(() => parse(options), JSON.stringify(options)).toThrow('cannot start');
    }
  });
});
