import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  AuthError,
  memoryStore,
  OAuthAuthorizationServer,
  UpstreamTokenError,
  type AuthInfo,
  type UpstreamTokenOptions,
} from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { callResource, refresh, revoke, signIn } from '../support/client.js';
import { startGatehouse, testSecret, type Gatehouse, type GatehouseSettings } from '../support/gatehouse.js';

let gatehouse: Gatehouse;
const start = async (settings: GatehouseSettings = {}) => (gatehouse = await startGatehouse(settings));
beforeEach(() => start());
afterEach(() => gatehouse.close());

const tokenRequests = () => gatehouse.upstream.requests.filter(({ path }) => path === '/token').length;

/** What the gate says of a token's owner: what a tool is told of its caller. */
async function callerOf(accessToken: string): Promise<AuthInfo> {
  const answer = await callResource(gatehouse.mcpUrl, accessToken);
  expect(answer.status).toBe(200);
  return (await answer.json()) as AuthInfo;
}

/** Why there is no token. */
async function faultOf(
  auth: Parameters<OAuthAuthorizationServer['getUpstreamToken']>[0],
  options?: UpstreamTokenOptions,
) {
  const thrown: unknown = await gatehouse.gate.getUpstreamToken(auth, options).catch((error: unknown) => error);
  if (!(thrown instanceof UpstreamTokenError)) throw new Error(`It did not fail as it should: ${String(thrown)}`);
  expect(thrown).toBeInstanceOf(AuthError);
  return { reason: thrown.reason, code: thrown.code, message: thrown.message };
}

/** Asks the provider who the owner of one of its tokens is. */
async function ownerAtProvider(accessToken: string): Promise<unknown> {
  const answer = await fetch(`${gatehouse.upstream.issuer}/me`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  return answer.status === 200 ? ((await answer.json()) as { sub: string }).sub : answer.status;
}

it('gives a tool a token that the provider takes for the very user who called it', async () => {
  const callers = await Promise.all(['alice', 'bob'].map(async (user) => signIn(gatehouse.issuer, user)));
  for (const [index, user] of ['alice', 'bob'].entries()) {
    const auth = await callerOf(callers[index]?.accessToken ?? '');
    const before = tokenRequests();
    const token = await gatehouse.gate.getUpstreamToken(auth, { provider: 'oidc' });
    expect(token).toMatchObject({ provider: 'oidc', scopes: expect.arrayContaining(['openid', 'email']) as unknown });
    expect(token.expiresAt).toBeGreaterThan(Date.now() / 1000 + 60);
    expect(Number.isInteger(token.expiresAt)).toBe(true);
    expect(await ownerAtProvider(token.accessToken)).toBe(user);
    expect(tokenRequests()).toBe(before);
  }
});

it('renews it once for forty tools of two processes that ask at the same time', async () => {
  await gatehouse.close();
  let offset = 0;
  const clock = () => Date.now() / 1000 + offset;
  const store = memoryStore({ clock });
  await start({ store, clock });
  const second = new OAuthAuthorizationServer({
    issuer: gatehouse.issuer,
    secret: testSecret,
    store,
    clock,
    providers: [oidcProvider({ ...gatehouse.upstream, name: 'Test provider' })],
    resources: [{ url: gatehouse.mcpUrl, scopes: { 'mcp:tools': 'Use the tools' } }],
    log: () => undefined,
  });
  const { accessToken, client, refreshToken } = await signIn(gatehouse.issuer);
  const auth = await callerOf(accessToken);
  const first = await gatehouse.gate.getUpstreamToken(auth);
  const before = tokenRequests();
  offset = 3595;
  const tokens = await Promise.all(
    Array.from({ length: 40 }, (_, tool) => (tool % 2 ? gatehouse.gate : second).getUpstreamToken(auth)),
  );
  expect(tokenRequests()).toBe(before + 1);
  expect(new Set(tokens.map((token) => token.accessToken)).size).toBe(1);
  expect(tokens[0]?.accessToken).not.toBe(first.accessToken);
  expect(await ownerAtProvider(tokens[0]?.accessToken ?? '')).toBe('alice');
  expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(200);
  await second.close();
});

it('renews it as early as a tool needs it', async () => {
  const auth = await callerOf((await signIn(gatehouse.issuer)).accessToken);
  const first = await gatehouse.gate.getUpstreamToken(auth);
  gatehouse.advance(3000);
  expect((await gatehouse.gate.getUpstreamToken(auth, { minimumTtl: 500 })).accessToken).toBe(first.accessToken);
  const longer = await gatehouse.gate.getUpstreamToken(auth, { minimumTtl: 900 });
  expect(longer.accessToken).not.toBe(first.accessToken);
  expect(longer.expiresAt).toBeGreaterThan((first.expiresAt ?? 0) + 2900);
});

it.each([-1, Number.NaN, Infinity])('does not take %s for a number of seconds', async (minimumTtl) => {
  const asked = gatehouse.gate.getUpstreamToken({ extra: { grantId: 'a.b.c' } }, { minimumTtl });
  await expect(asked).rejects.toThrow(RangeError);
});

it('says that there is no vault: for nobody, a client of its own, an unknown grant, another provider', async () => {
  const auth = await callerOf((await signIn(gatehouse.issuer)).accessToken);
  const noVault = { reason: 'no vault', code: 'invalid_grant' };
  expect(await faultOf(undefined)).toMatchObject({ ...noVault, message: 'There is no signed-in user.' });
  expect(await faultOf({ extra: { sub: 'machine' } })).toMatchObject(noVault);
  expect(await faultOf({ extra: { grantId: 'no.such.grant' } })).toMatchObject(noVault);
  expect(await faultOf({ extra: { grantId: 7 } })).toMatchObject(noVault);
  expect(await faultOf(auth, { provider: 'github' })).toMatchObject({
    ...noVault,
    message: 'The user signed in at another identity provider.',
  });
});

it('gives out nothing of a grant that has ended', async () => {
  const { accessToken, client, refreshToken } = await signIn(gatehouse.issuer);
  const auth = await callerOf(accessToken);
  expect((await revoke(gatehouse.issuer, client, refreshToken)).status).toBe(200);
  expect(await faultOf(auth)).toMatchObject({ reason: 'no vault' });
});

it('gives out nothing of a grant that has ended, though its vault could not be deleted', async () => {
  await gatehouse.close();
  const inner = memoryStore({ clock: () => Date.now() / 1000 });
  const refusesToDelete = { ...inner, delete: () => Promise.reject(new Error('away')) };
  await start({ store: refusesToDelete });
  const { accessToken, client, refreshToken } = await signIn(gatehouse.issuer);
  const auth = await callerOf(accessToken);
  expect((await revoke(gatehouse.issuer, client, refreshToken)).status).toBe(503);
  expect(await faultOf(auth)).toMatchObject({ reason: 'no vault' });
});

it('gives out nothing of a grant that idled too long, though its record is still there', async () => {
  await gatehouse.close();
  let passed = 0;
  const store = memoryStore({ clock: () => Date.now() / 1000 + passed });
  await start({ store, accessTokenTtl: 600, refreshTokenTtl: 6000 });
  const auth = await callerOf((await signIn(gatehouse.issuer)).accessToken);
  passed = 6050;
  gatehouse.advance(passed);
  const scanned = await store.scan?.();
  expect(scanned?.entries.filter(({ id }) => id.startsWith('grant.'))).toHaveLength(1);
  expect(await faultOf(auth)).toMatchObject({ reason: 'no vault' });
});

it('says that the user is signed out upstream, and ends the grant', async () => {
  const { accessToken } = await signIn(gatehouse.issuer);
  const auth = await callerOf(accessToken);
  gatehouse.upstream.misbehave('token', { reply: { status: 400, body: '{"error":"invalid_grant"}' } });
  expect((await gatehouse.gate.getUpstreamToken(auth)).provider).toBe('oidc');
  gatehouse.advance(3550);
  expect(await faultOf(auth)).toMatchObject({ reason: 'signed out upstream', code: 'invalid_grant' });
  expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(401);
});

it('says to try again while the provider is away, and loses nothing', async () => {
  const { accessToken } = await signIn(gatehouse.issuer);
  const auth = await callerOf(accessToken);
  gatehouse.advance(3550);
  gatehouse.upstream.misbehave('token', { reply: { status: 502, body: '<html>canary</html>' } });
  const fault = await faultOf(auth);
  expect(fault).toMatchObject({ reason: 'try again', code: 'temporarily_unavailable' });
  expect(fault.message).not.toContain('canary');
  gatehouse.upstream.misbehave('token');
  gatehouse.advance(5);
  expect(await ownerAtProvider((await gatehouse.gate.getUpstreamToken(auth)).accessToken)).toBe('alice');
});
