import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  authorizationUrl,
  locationOf,
  pkce,
  postForm,
  redeem,
  refresh,
  register,
  SteppingBrowser,
  type RawClient,
} from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { signInAtUpstream } from '../support/upstream-provider.js';

const resource = 'https://notes.example/mcp';
let gatehouse: Gatehouse;
let client: RawClient;
beforeEach(async () => {
  gatehouse = await startGatehouse();
  await gatehouse.gate.operator.resources.add({ url: resource });
  client = await register(gatehouse.issuer);
});
afterEach(() => gatehouse.close());

const remove = () => gatehouse.gate.operator.resources.remove(resource);

async function onPage() {
  const { verifier, challenge } = pkce();
  const browser = new SteppingBrowser();
  const page = await browser.open(authorizationUrl(gatehouse.issuer, client, challenge, { resource }));
  return { verifier, browser, page };
}

async function codeOf() {
  const { verifier, browser, page } = await onPage();
  const returned = await browser.open(await signInAtUpstream(locationOf(await browser.answer(page, 'approve'))));
  return { verifier, code: locationOf(returned).searchParams.get('code') ?? '' };
}

it('a page that was open leads nowhere once the MCP server is removed', async () => {
  const { browser, page } = await onPage();
  await remove();
  const answered = await browser.answer(page, 'approve');
  expect(locationOf(answered).searchParams.get('error')).toBe('invalid_target');
});

it('a sign-in that was at the provider gives no code once the MCP server is removed', async () => {
  const { browser, page } = await onPage();
  const callback = await signInAtUpstream(locationOf(await browser.answer(page, 'approve')));
  await remove();
  const returned = locationOf(await browser.open(callback));
  expect([returned.searchParams.get('error'), returned.searchParams.get('code')]).toEqual(['invalid_target', null]);
});

it('a code gives no token once the MCP server is removed, which would count where tokens are verified by keys alone', async () => {
  const { code, verifier } = await codeOf();
  await remove();
  const { status, body } = await redeem(gatehouse.issuer, client, code, verifier);
  expect([status, body['error']]).toEqual([400, 'invalid_grant']);
});

it('a refresh token gives none either, not even within the grace window', async () => {
  const { code, verifier } = await codeOf();
  const { body } = await redeem(gatehouse.issuer, client, code, verifier);
  const first = String(body['refresh_token']);
  await refresh(gatehouse.issuer, client, first);
  await remove();
  const { status, body: refused } = await refresh(gatehouse.issuer, client, first);
  expect([status, refused['error']]).toEqual([400, 'invalid_grant']);
});

it('neither does a client get any that may no longer ask for the MCP server', async () => {
  const { clients } = gatehouse.gate.operator;
  client = { clientId: 'portal', redirectUri: 'https://portal.example/cb' };
  const only = (url: string) => ({
    clientId: 'portal',
    name: 'Portal',
    redirectUris: [client.redirectUri],
    resources: [url],
  });
  await clients.add(only(resource));
  const held = await codeOf();
  const { body } = await redeem(gatehouse.issuer, client, held.code, held.verifier);
  const late = await codeOf();
  await clients.change('portal', only(gatehouse.mcpUrl));
  const redeemed = await redeem(gatehouse.issuer, client, late.code, late.verifier);
  const refreshed = await refresh(gatehouse.issuer, client, String(body['refresh_token']));
  expect([redeemed.body['error'], refreshed.body['error']]).toEqual(['invalid_grant', 'invalid_grant']);
  // As it was granted, where the operator changes that back.
  await clients.change('portal', only(resource));
  expect((await refresh(gatehouse.issuer, client, String(body['refresh_token']))).status).toBe(200);
});

it('a machine gets none', async () => {
  const { secret } = await gatehouse.gate.operator.clients.add({ clientId: 'machine', name: 'M', newSecret: true });
  await remove();
  const { body } = await postForm(
    `${gatehouse.issuer}/oauth/token`,
    { grant_type: 'client_credentials', resource },
    { authorization: `Basic ${Buffer.from(`machine:${secret}`).toString('base64')}` },
  );
  expect(body['error']).toBe('invalid_target');
});
