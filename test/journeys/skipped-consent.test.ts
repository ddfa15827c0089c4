import { memoryStore } from 'mcp-gatehouse';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  authorizationUrl,
  locationOf,
  pkce,
  redeem,
  register,
  SteppingBrowser,
  transactionOf,
  type RawClient,
} from '../support/client.js';
import { recordingStore, startGatehouse, type Gatehouse, type RecordingStore } from '../support/gatehouse.js';
import { signInAtUpstream } from '../support/upstream-provider.js';

const own: RawClient = { clientId: 'own-app', redirectUri: 'https://app.example/cb' };
const asked: RawClient = { clientId: 'other-app', redirectUri: 'https://other.example/cb' };

let gatehouse: Gatehouse;
let store: RecordingStore;
beforeEach(async () => {
  store = recordingStore(memoryStore());
  gatehouse = await startGatehouse({
    store,
    clients: [
      { clientId: own.clientId, name: 'Own app', redirectUris: [own.redirectUri], consent: 'skip' },
      { clientId: asked.clientId, name: 'Other app', redirectUris: [asked.redirectUri] },
    ],
  });
});
afterEach(() => gatehouse.close());

const requestOf = (client: RawClient, challenge = pkce().challenge, parameters = {}) =>
  authorizationUrl(gatehouse.issuer, client, challenge, parameters);
const signIns = () => store.writes.filter(({ key }) => key.id === 'sign-in');

it('goes from the application to the provider and back without a page', async () => {
  const { verifier, challenge } = pkce();
  const browser = new SteppingBrowser();
  const toProvider = await browser.open(requestOf(own, challenge));
  expect(toProvider.status).toBe(303);
  expect(toProvider.html).toBe('');
  const location = locationOf(toProvider);
  expect(location.origin).toBe(new URL(gatehouse.upstream.issuer).origin);
  expect(signIns()).toHaveLength(1);
  const back = locationOf(await browser.open(await signInAtUpstream(location)));
  expect(back.href).toMatch(/^https:\/\/app\.example\/cb\?/);
  expect(back.searchParams.get('state')).toBe('client-state');
  const { body } = await redeem(gatehouse.issuer, own, back.searchParams.get('code') ?? '', verifier);
  expect(body).toMatchObject({ scope: 'mcp:tools' });
});

it('comes back to the browser that left, and to no other', async () => {
  const toProvider = locationOf(await new SteppingBrowser().open(requestOf(own)));
  const callback = await signInAtUpstream(toProvider);
  const stolen = await new SteppingBrowser().open(callback);
  expect([stolen.status, stolen.location]).toEqual([400, undefined]);
  const neighbour = new SteppingBrowser();
  await neighbour.open(requestOf(own));
  expect((await neighbour.open(callback)).status).toBe(400);
});

it('comes back once', async () => {
  const browser = new SteppingBrowser();
  const callback = await signInAtUpstream(locationOf(await browser.open(requestOf(own))));
  expect((await browser.open(callback)).location).toBeDefined();
  expect((await browser.open(callback)).location).toBeUndefined();
});

it('takes each request by itself, however often the same one comes', async () => {
  const browser = new SteppingBrowser();
  const url = requestOf(own);
  const [first, second] = [locationOf(await browser.open(url)), locationOf(await browser.open(url))];
  expect(first.searchParams.get('state')).not.toBe(second.searchParams.get('state'));
  for (const each of [first, second]) {
    expect(locationOf(await browser.open(await signInAtUpstream(each))).searchParams.has('code')).toBe(true);
  }
});

it('is for the client that the operator vouches for, and no other', async () => {
  for (const client of [asked, await register(gatehouse.issuer, { client_name: 'Own app' })]) {
    const page = await new SteppingBrowser().open(requestOf(client));
    expect(page.status).toBe(200);
    expect(transactionOf(page)).not.toBe('');
  }
  expect(signIns()).toEqual([]);
});

it('is no way around the checks of a request', async () => {
  for (const parameters of [
    { redirect_uri: 'https://evil.example/cb' },
    { redirect_uri: `${own.redirectUri}/more` },
    { redirect_uri: `${own.redirectUri}?a=b` },
  ]) {
    const { status, location } = await new SteppingBrowser().open(requestOf(own, undefined, parameters));
    expect([status, location]).toEqual([400, undefined]);
  }
  for (const [parameters, error] of [
    [{ code_challenge: 'short' }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ resource: 'https://evil.example/mcp' }, 'invalid_target'],
    [{ prompt: 'none' }, 'consent_required'],
  ] as const) {
    const { location } = await new SteppingBrowser().open(requestOf(own, undefined, parameters));
    expect([location?.origin, location?.searchParams.get('error')]).toEqual(['https://app.example', error]);
  }
  expect(signIns()).toEqual([]);
});

it.each([
  { 'sec-fetch-dest': 'iframe' },
  { 'sec-fetch-dest': 'image' },
  { 'sec-fetch-dest': 'empty' },
  { 'sec-fetch-dest': 'document', 'sec-purpose': 'prefetch' },
])('shows the page, and stores nothing, where nobody goes: %j', async (headers) => {
  const answer = await fetch(requestOf(own), { headers: headers as Record<string, string>, redirect: 'manual' });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(signIns()).toEqual([]);
});

it('goes on without a page where the browser says that somebody goes there', async () => {
  const headers = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' };
  expect((await fetch(requestOf(own), { headers, redirect: 'manual' })).status).toBe(303);
});

it('tells the application when the store is away', async () => {
  await gatehouse.restart({ store: { ...store, set: () => Promise.reject(new Error('away')) } });
  const { location } = await new SteppingBrowser().open(requestOf(own));
  expect(location?.searchParams.get('error')).toBe('temporarily_unavailable');
});

it('writes nothing for a HEAD, which only looks what is there', async () => {
  const answer = await fetch(requestOf(own), { method: 'HEAD', redirect: 'manual' });
  expect([answer.status, signIns()]).toEqual([200, []]);
});
