import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  authorizationUrl,
  browserFor,
  callResource,
  pkce,
  postForm,
  redeem,
  refresh,
  register,
  revoke,
  signIn,
  walk,
  type RawClient,
} from '../support/client.js';
import { startGatehouse, testSecret, type Gatehouse } from '../support/gatehouse.js';
import { serve } from '../http/serve.js';

const redirectUri = 'https://app.evil.example/callback';
const introspectionKey = 'introspection-key-of-the-test-server-0123456789';
let gatehouse: Gatehouse;
beforeEach(async () => {
  gatehouse = await startGatehouse({
    clients: [{ clientId: 'portal', name: 'Portal', redirectUris: ['https://portal.example/cb'] }],
    clientIdMetadataDocuments: { allowLoopback: true },
  });
  await gatehouse.gate.operator.resources.add({
    url: 'https://notes.example/mcp',
    introspection: { keys: [introspectionKey] },
  });
});
afterEach(() => gatehouse.close());

async function hold(client: RawClient, parameters: Record<string, string> = {}) {
  const { verifier, challenge } = pkce();
  const returned = await walk(authorizationUrl(gatehouse.issuer, client, challenge, parameters), client);
  const code = returned.searchParams.get('code') ?? '';
  const { body } = await redeem(gatehouse.issuer, client, code, verifier);
  return { accessToken: String(body['access_token']), refreshToken: String(body['refresh_token']) };
}

const open = (client: RawClient) =>
  fetch(authorizationUrl(gatehouse.issuer, client, pkce().challenge), {
    redirect: 'manual',
    headers: { accept: 'text/html' },
  });

/** Looks at every door, first open, then blocked, then open again with all that the client had. */
async function expectBlocking(client: RawClient, block: { clientId?: string; host?: string }) {
  const { blocks, clients } = gatehouse.gate.operator;
  const held = await hold(client);
  const abroad = await hold(client, { resource: 'https://notes.example/mcp' });
  const introspect = () =>
    postForm(
      `${gatehouse.issuer}/oauth/introspect`,
      { token: abroad.accessToken },
      { authorization: `Bearer ${introspectionKey}` },
    );
  const { extra } = (await (await callResource(gatehouse.mcpUrl, held.accessToken)).json()) as {
    extra: Record<string, unknown>;
  };
  expect((await introspect()).body['active']).toBe(true);

  await blocks.add({ ...block, reason: 'It sends spam' });
  const page = await open(client);
  expect([page.status, page.headers.get('location')]).toEqual([403, null]);
  const text = await page.text();
  expect(text).toContain('has been blocked');
  expect(text).not.toContain('spam');
  // Neither invalid_client nor invalid_grant: the client is to keep what it has.
  const refused = await refresh(gatehouse.issuer, client, held.refreshToken);
  expect([refused.status, refused.body['error']]).toEqual([403, 'access_denied']);
  expect((await callResource(gatehouse.mcpUrl, held.accessToken)).status).toBe(401);
  expect((await introspect()).body).toEqual({ active: false });
  await expect(gatehouse.gate.getUpstreamToken({ extra })).rejects.toMatchObject({ reason: 'no vault' });
  expect(await clients.show(client.clientId)).toMatchObject({ isBlocked: true });

  await blocks.remove(block);
  expect((await open(client)).status).toBe(200);
  expect((await callResource(gatehouse.mcpUrl, held.accessToken)).status).toBe(200);
  expect((await introspect()).body['active']).toBe(true);
  expect(await gatehouse.gate.getUpstreamToken({ extra })).toMatchObject({ provider: expect.any(String) as string });
  expect((await refresh(gatehouse.issuer, client, held.refreshToken)).status).toBe(200);
  expect(await clients.show(client.clientId)).toMatchObject({ isBlocked: false });
}

it('a client that registered itself is blocked by its id', async () => {
  const client = await register(gatehouse.issuer);
  await expectBlocking(client, { clientId: client.clientId });
});

it('a client of the configuration is blocked by its id', async () => {
  await expectBlocking({ clientId: 'portal', redirectUri: 'https://portal.example/cb' }, { clientId: 'portal' });
});

it('a client that registered itself is blocked by the host of a redirect URI, or a domain above it', async () => {
  const client = await register(gatehouse.issuer, { redirect_uris: [redirectUri] });
  await expectBlocking(client, { host: 'app.evil.example' });
  await expectBlocking(client, { host: 'EVIL.example' });
});

it('a client of the configuration is blocked by the host of a redirect URI', async () => {
  await expectBlocking({ clientId: 'portal', redirectUri: 'https://portal.example/cb' }, { host: 'portal.example' });
});

it('a client is blocked by its document: by the URL, or by the host, from which nothing is fetched then', async () => {
  let fetched = 0;
  const host = await serve(() => (request, response) => {
    fetched += 1;
    const client_id = `${host.origin}${request.url ?? ''}`;
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ client_id, client_name: 'Documented', redirect_uris: [redirectUri] }));
  });
  try {
    const client = { clientId: `${host.origin}/client`, redirectUri };
    await expectBlocking(client, { clientId: client.clientId });
    await expectBlocking(client, { host: new URL(host.origin).hostname });
    await expectBlocking(client, { host: 'evil.example' });
    await gatehouse.gate.operator.blocks.add({ host: new URL(host.origin).hostname });
    const before = fetched;
    expect((await open({ clientId: `${host.origin}/another`, redirectUri })).status).toBe(403);
    expect(fetched).toBe(before);
  } finally {
    await host.close();
  }
});

it('nobody else is touched', async () => {
  const { blocks } = gatehouse.gate.operator;
  await blocks.add({ host: 'evil.example' });
  await blocks.add({ clientId: 'portal' });
  for (const uri of ['https://notevil.example/cb', 'https://evil.example.org/cb', 'com.evil.example:/cb']) {
    expect((await open(await register(gatehouse.issuer, { redirect_uris: [uri] }))).status).toBe(200);
  }
  const { accessToken } = await signIn(gatehouse.issuer);
  expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(200);
});

it('a client is still blocked when it registers the same under a new secret of the server', async () => {
  const client = await register(gatehouse.issuer);
  await gatehouse.gate.operator.blocks.add({ clientId: client.clientId });
  const again = await startGatehouse({ secret: ['another-secret-of-this-server-0123456789', testSecret] });
  try {
    const first = await register(again.issuer);
    await again.gate.operator.blocks.add({ clientId: client.clientId });
    // The part that says what was registered is the same; the key and the MAC are not.
    expect(first.clientId.split('.')[1]).toBe(client.clientId.split('.')[1]);
    expect(first.clientId).not.toBe(client.clientId);
    const page = await fetch(authorizationUrl(again.issuer, first, pkce().challenge), { redirect: 'manual' });
    expect(page.status).toBe(403);
  } finally {
    await again.close();
  }
});

it('a sign-in that is under way comes to an end at a page', async () => {
  const client = await register(gatehouse.issuer);
  const browser = browserFor(client);
  const page = await browser.open(authorizationUrl(gatehouse.issuer, client, pkce().challenge));
  await gatehouse.gate.operator.blocks.add({ clientId: client.clientId });
  const answered = await browser.submit(page, {}, 'approve').catch((error: unknown) => error);
  expect(JSON.stringify(answered)).not.toContain('code=');
});

it('whoever is blocked can still end a token', async () => {
  const { client, refreshToken, accessToken } = await signIn(gatehouse.issuer);
  await gatehouse.gate.operator.blocks.add({ clientId: client.clientId });
  expect((await revoke(gatehouse.issuer, client, refreshToken)).status).toBe(200);
  await gatehouse.gate.operator.blocks.remove({ clientId: client.clientId });
  expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(401);
});

it('what cannot be blocked is refused, and a block may be repeated', async () => {
  const { blocks } = gatehouse.gate.operator;
  for (const host of [
    'com',
    'https://evil.example',
    'evil.example:443',
    'evil.example/path',
    '*.evil.example',
    'a@b.example',
    '',
  ]) {
    await expect(blocks.add({ host }), host).rejects.toMatchObject({ code: 'invalid_request' });
  }
  await expect(blocks.add({})).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(blocks.add({ clientId: 'a', host: 'b.example' })).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(blocks.remove({ host: 'evil.example' })).rejects.toMatchObject({ code: 'not_found' });
  expect(await blocks.add({ host: 'evil.example' })).toMatchObject({ isNew: true });
  expect(await blocks.add({ host: 'evil.example' })).toMatchObject({ isNew: false });
  expect((await blocks.list()).items).toHaveLength(1);
});

it('an id says what it is', async () => {
  const { clients } = gatehouse.gate.operator;
  const { clientId } = await register(gatehouse.issuer);
  const [kid = ''] = clientId.split('.');
  expect(await clients.show(clientId)).toMatchObject({
    kind: 'registered itself',
    key: { name: kid, isCurrent: true },
    metadata: { client_name: 'Raw client' },
  });
  expect(await clients.show('portal')).toMatchObject({ kind: 'configuration', client: { name: 'Portal' } });
  const says = async (id: string) => (await clients.show(id)).says;
  expect(await says(`${clientId.slice(0, -1)}${clientId.endsWith('A') ? 'Q' : 'A'}`)).toMatch(/altered/);
  expect(await says(`abcd${clientId.slice(kid.length)}`)).toMatch(/key abcd, which is not of this server/);
  expect(await says('nobody')).toMatch(/no id of this server/);
  expect(await says('https://127.0.0.1:1/nothing')).toMatch(/document/);
});
