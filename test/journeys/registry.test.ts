import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authorizationUrl, callResource, pkce, postForm, redeem, refresh, signIn, walk } from '../support/client.js';
import { startGatehouse, temporaryFolder, type Gatehouse } from '../support/gatehouse.js';

let gatehouse: Gatehouse;
beforeEach(async () => {
  gatehouse = await startGatehouse();
});
afterEach(() => gatehouse.close());

const redirectUri = 'https://portal.example/callback';
const portal = {
  clientId: 'portal',
  name: 'Portal',
  redirectUris: [redirectUri],
  authenticationMethod: 'client_secret_post',
  newSecret: true,
};

async function signInAtPortal(clientSecret: string) {
  const client = { clientId: 'portal', clientSecret, redirectUri };
  const { verifier, challenge } = pkce();
  const returned = await walk(authorizationUrl(gatehouse.issuer, client, challenge), client);
  const code = returned.searchParams.get('code') ?? '';
  const { status, body } = await redeem(gatehouse.issuer, client, code, verifier, { client_secret: clientSecret });
  return { client, status, accessToken: String(body['access_token']), refreshToken: String(body['refresh_token']) };
}

const tokenFor = (clientId: string, secret: string, form: Record<string, string> = {}) =>
  postForm(
    `${gatehouse.issuer}/oauth/token`,
    { grant_type: 'client_credentials', ...form },
    { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` },
  );

async function documentAt(path: string) {
  const response = await fetch(new URL(path, gatehouse.issuer));
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('a client that was added while the server runs', () => {
  it('signs its users in, and is gone with all it had once it is removed', async () => {
    const { clients } = gatehouse.gate.operator;
    const { secret = '', client } = await clients.add(portal);
    expect(client).toMatchObject({ clientId: 'portal', origin: 'registry', secrets: 1 });
    const held = await signInAtPortal(secret);
    expect(held.status).toBe(200);
    expect((await callResource(gatehouse.mcpUrl, held.accessToken)).status).toBe(200);
    const wrong = await refresh(gatehouse.issuer, held.client, held.refreshToken, { client_secret: `${secret}x` });
    expect([wrong.status, wrong.body['error']]).toEqual([401, 'invalid_client']);

    await clients.remove('portal');
    expect((await callResource(gatehouse.mcpUrl, held.accessToken)).status).toBe(401);
    const refused = await refresh(gatehouse.issuer, held.client, held.refreshToken, { client_secret: secret });
    expect([refused.status, refused.body['error']]).toEqual([401, 'invalid_client']);
    const page = await fetch(authorizationUrl(gatehouse.issuer, held.client, pkce().challenge), { redirect: 'manual' });
    expect(page.status).toBe(400);

    // Another one of that id has nothing of the first one's.
    gatehouse.advance(2);
    const again = await clients.add(portal);
    const late = await refresh(gatehouse.issuer, held.client, held.refreshToken, { client_secret: again.secret });
    expect([late.status, late.body['error']]).toEqual([400, 'invalid_grant']);
    expect((await callResource(gatehouse.mcpUrl, held.accessToken)).status).toBe(401);
    expect((await signInAtPortal(again.secret ?? '')).status).toBe(200);
  });

  it('gets tokens for itself, and the metadata says that this can be had', async () => {
    const { clients } = gatehouse.gate.operator;
    const before = await documentAt('/.well-known/oauth-authorization-server');
    expect(before.body['grant_types_supported']).not.toContain('client_credentials');
    const { secret = '' } = await clients.add({ clientId: 'machine', name: 'Machine', newSecret: true });
    const { status, body } = await tokenFor('machine', secret);
    expect(status).toBe(200);
    expect((await callResource(gatehouse.mcpUrl, String(body['access_token']))).status).toBe(200);
    const after = await documentAt('/.well-known/oauth-authorization-server');
    expect(after.body['grant_types_supported']).toContain('client_credentials');
    await clients.remove('machine');
    expect((await callResource(gatehouse.mcpUrl, String(body['access_token']))).status).toBe(401);
    expect((await tokenFor('machine', secret)).body['error']).toBe('invalid_client');
  });

  it('has two secrets while one is replaced by the other, and then one', async () => {
    const { clients } = gatehouse.gate.operator;
    const { secret: first = '' } = await clients.add({ clientId: 'machine', name: 'Machine', newSecret: true });
    const { secret: second = '', client } = await clients.change('machine', { newSecret: true });
    expect(client.secrets).toBe(2);
    expect((await tokenFor('machine', first)).status).toBe(200);
    expect((await tokenFor('machine', second)).status).toBe(200);
    expect((await clients.change('machine', { dropOldSecrets: true })).client.secrets).toBe(1);
    expect((await tokenFor('machine', first)).status).toBe(401);
    expect((await tokenFor('machine', second)).status).toBe(200);
    const third = await clients.change('machine', { newSecret: true, dropOldSecrets: true });
    expect((await tokenFor('machine', second)).status).toBe(401);
    expect((await tokenFor('machine', third.secret ?? '')).status).toBe(200);
  });

  it('is what it was after a restart', async () => {
    const folder = temporaryFolder();
    const other = await startGatehouse({ store: `sqlite:${folder.path}/gatehouse.sqlite` });
    try {
      const { secret = '' } = await other.gate.operator.clients.add({
        clientId: 'machine',
        name: 'M',
        newSecret: true,
      });
      await other.restart();
      const answer = await postForm(
        `${other.issuer}/oauth/token`,
        { grant_type: 'client_credentials' },
        { authorization: `Basic ${Buffer.from(`machine:${secret}`).toString('base64')}` },
      );
      expect(answer.status).toBe(200);
      expect((await other.gate.operator.clients.list()).items.map(({ clientId }) => clientId)).toEqual(['machine']);
    } finally {
      await other.close();
      folder.remove();
    }
  });
});

describe('a resource that was added while the server runs', () => {
  it('is found, gets tokens, asks about them with its key, and is gone once it is removed', async () => {
    const { resources } = gatehouse.gate.operator;
    const url = 'https://notes.example/mcp/notes';
    const scopes = { 'notes:all': { description: 'Everything', implies: ['notes:read'] }, 'notes:read': 'Read notes' };
    const document = '/.well-known/oauth-protected-resource/mcp/notes';
    expect((await documentAt(document)).status).toBe(404);
    const none = await fetch(`${gatehouse.issuer}/oauth/introspect`, { method: 'POST' });
    expect(none.status).toBe(404);

    const { key = '', resource } = await resources.add({
      url: `${url}/`,
      name: 'Notes',
      scopes,
      defaultScopes: ['notes:all'],
      accessTokenTtl: 300,
      newKey: true,
    });
    expect(resource).toMatchObject({ url, introspection: { keys: 1, clients: [] }, origin: 'registry' });
    expect(await documentAt(document)).toMatchObject({
      status: 200,
      body: { resource: url, resource_name: 'Notes', scopes_supported: ['notes:all'] },
    });
    const metadata = (await documentAt('/.well-known/oauth-authorization-server')).body;
    expect(metadata['protected_resources']).toEqual([gatehouse.mcpUrl, url]);
    expect(metadata['scopes_supported']).toContain('notes:read');
    expect(metadata['introspection_endpoint']).toBe(`${gatehouse.issuer}/oauth/introspect`);

    const held = await signIn(gatehouse.issuer, 'alice', { resource: url });
    expect([held.body['scope'], held.body['expires_in']]).toEqual(['notes:all', 300]);
    const introspect = (presented: string) =>
      postForm(
        `${gatehouse.issuer}/oauth/introspect`,
        { token: held.accessToken },
        { authorization: `Bearer ${presented}` },
      );
    expect((await introspect(key)).body).toMatchObject({ active: true, aud: url, scope: 'notes:all notes:read' });
    expect((await introspect(`${key}x`)).status).toBe(401);

    const guarded = gatehouse.gate.withBearerAuth((_request, { auth }) => Response.json(auth.scopes), {
      resource: url,
    });
    const call = () => guarded(new Request(url, { headers: { authorization: `Bearer ${held.accessToken}` } }));
    expect(await (await call()).json()).toEqual(['notes:all', 'notes:read']);
    await resources.change(url, { scopes: { 'notes:all': 'Everything', 'notes:read': 'Read notes' } });
    expect(await (await call()).json()).toEqual(['notes:all']);

    const { key: second = '' } = await resources.change(url, { newKey: true });
    expect((await introspect(key)).body['active']).toBe(true);
    expect((await introspect(second)).body['active']).toBe(true);
    await resources.change(url, { dropOldKeys: true });
    expect((await introspect(key)).status).toBe(401);

    await resources.remove(url);
    expect((await call()).status).toBe(401);
    expect((await documentAt(document)).status).toBe(404);
    const refused = await refresh(gatehouse.issuer, held.client, held.refreshToken);
    expect([refused.status, refused.body['error']]).toEqual([400, 'invalid_grant']);
    const gone = authorizationUrl(gatehouse.issuer, held.client, pkce().challenge, { resource: url });
    expect((await fetch(gone, { redirect: 'manual' })).headers.get('location')).toContain('error=invalid_target');
    expect(await gatehouse.gate.operator.resources.find(url)).toBeUndefined();
  });

  it('is not what a gate guards that names none, so that a program that starts today starts tomorrow', async () => {
    await gatehouse.gate.operator.resources.add({ url: 'https://other.example/mcp' });
    expect(() => gatehouse.gate.requireBearerAuth()).not.toThrow();
    expect(() => gatehouse.gate.requireBearerAuth({ resource: 'https://other.example/mcp' })).not.toThrow();
    expect(() => gatehouse.gate.requireBearerAuth({ resource: 'https://nobody.example/mcp' })).toThrow();
  });
});

describe('the configuration', () => {
  const configured = {
    clientId: 'machine',
    name: 'Of the configuration',
    clientSecret: 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU',
  };

  it('cannot be changed at run time, and its names cannot be taken', async () => {
    await gatehouse.restart({ clients: [configured] });
    const { clients, resources } = gatehouse.gate.operator;
    for (const attempt of [
      clients.add({ clientId: 'machine', name: 'Another', newSecret: true }),
      clients.change('machine', { name: 'Another' }),
      clients.remove('machine'),
      resources.add({ url: gatehouse.mcpUrl }),
      resources.remove(gatehouse.mcpUrl),
    ]) {
      await expect(attempt).rejects.toMatchObject({
        code: 'conflict',
        faults: [expect.stringContaining('configuration')],
      });
    }
    expect((await clients.find('machine'))?.origin).toBe('configuration');
  });

  it('wins over what was added before under its name, and says so once', async () => {
    const { secret = '' } = await gatehouse.gate.operator.clients.add({
      clientId: 'machine',
      name: 'M',
      newSecret: true,
    });
    expect((await tokenFor('machine', secret)).status).toBe(200);
    await gatehouse.restart({ clients: [configured] });
    expect((await tokenFor('machine', secret)).status).toBe(401);
    expect((await tokenFor('machine', configured.clientSecret)).status).toBe(200);
    const warnings = gatehouse.log.filter(({ event }) => event === 'registry entry not used');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.description).toContain('machine is in the registry and in the configuration');
  });
});

describe('what does not fit', () => {
  it('is refused with all its faults at once', async () => {
    const { clients, resources } = gatehouse.gate.operator;
    const faultsOf = (attempt: Promise<unknown>) =>
      attempt.then(
        () => [],
        (error: unknown) => (error as { faults?: readonly string[] }).faults ?? ['something else'],
      );
    const client = await faultsOf(clients.add({ clientId: 'a b', redirectUris: ['http://x.example/cb'], wrong: 1 }));
    expect(client.join('\n')).toMatch(/clientId has to be/);
    expect(client.join('\n')).toMatch(/name is missing/);
    expect(client.join('\n')).toMatch(/redirectUris\.0 cannot be registered/);
    expect(client.join('\n')).toMatch(/wrong is not an option/);
    expect(
      await faultsOf(
        clients.add({ name: 'A', newSecret: true, scopes: ['nothing'], resources: ['https://x.example'] }),
      ),
    ).toEqual([
      expect.stringContaining('has scopes that no resource has: nothing'),
      expect.stringContaining('has resources that are not configured: https://x.example'),
    ]);
    expect(await faultsOf(clients.add({ name: 'A', clientSecret: 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU' }))).toEqual([
      expect.stringContaining('clientSecret is not taken'),
    ]);
    const resource = await faultsOf(
      resources.add({ url: 'http://x.example', scopes: { 'a b': 'A' }, accessTokenTtl: 1 }),
    );
    expect(resource).toHaveLength(3);
    // Keys and grants are kept for as long as the configuration's longest token lives.
    expect(await faultsOf(resources.add({ url: 'https://x.example', accessTokenTtl: 7200 }))).toEqual([
      expect.stringContaining('at most 3600'),
    ]);
    expect((await clients.list()).items).toEqual([]);
  });

  it('a resource that a client is limited to is not removed before the client is changed', async () => {
    const { clients, resources } = gatehouse.gate.operator;
    const url = 'https://notes.example/mcp';
    await resources.add({ url });
    await clients.add({ clientId: 'machine', name: 'M', newSecret: true, resources: [url] });
    await expect(resources.remove(url)).rejects.toMatchObject({ code: 'conflict' });
    await clients.change('machine', { resources: null });
    await resources.remove(url);
  });

  it('no secret is kept in the store or told a second time', async () => {
    const { clients, resources } = gatehouse.gate.operator;
    const { secret = '' } = await clients.add({ clientId: 'machine', name: 'M', newSecret: true });
    const { key = '' } = await resources.add({ url: 'https://notes.example/mcp', newKey: true });
    const told = JSON.stringify([
      await clients.list(),
      await clients.show('machine'),
      await resources.list(),
      gatehouse.log,
    ]);
    for (const each of [secret, key]) {
      expect(each.length).toBeGreaterThan(40);
      expect(told).not.toContain(each);
    }
    expect(told).not.toMatch(/[0-9a-f]{64}/);
  });
});
