import { afterEach, beforeEach, expect, it } from 'vitest';
import { locationOf, newRequest, parametersOf, redeem, SteppingBrowser } from '../support/client.js';
import { recordingStore, startGatehouse, type Gatehouse, type RecordingStore } from '../support/gatehouse.js';
import { denyAtUpstream, signInAtUpstream } from '../support/upstream-provider.js';

let gatehouse: Gatehouse;
let store: RecordingStore;
beforeEach(async () => {
  gatehouse = await startGatehouse({ wrapStore: (inner) => (store = recordingStore(inner)) });
});
afterEach(() => gatehouse.close());

const denied = () => ({
  error: 'access_denied',
  error_description: expect.any(String) as string,
  state: 'client-state',
  iss: gatehouse.issuer,
});

it('tells the client of a denial on our page, without having asked the provider for anything', async () => {
  const { client, url } = await newRequest(gatehouse.issuer);
  const browser = new SteppingBrowser();
  const answered = await browser.answer(await browser.open(url), 'deny');
  expect(answered.status).toBe(303);
  expect(locationOf(answered).href).toMatch(new RegExp(`^${client.redirectUri}\\?`));
  expect(parametersOf(locationOf(answered))).toEqual(denied());
  expect(gatehouse.upstream.requests).toEqual([]);
  expect(await store.liveKeys('grant.')).toEqual([]);
});

it('answers a form once: after a denial every button says so, also from the back button', async () => {
  const { url } = await newRequest(gatehouse.issuer);
  const browser = new SteppingBrowser();
  const page = await browser.open(url);
  await browser.answer(page, 'deny');
  for (const button of ['deny', 'approve']) {
    const again = await browser.answer(page, button);
    expect(again.status).toBe(409);
    expect(again.location).toBeUndefined();
    expect(again.html).toContain('answered already');
  }
});

it('lets a user who denied and went back change their mind, by asking anew', async () => {
  const { client, verifier, url } = await newRequest(gatehouse.issuer);
  const browser = new SteppingBrowser();
  await browser.answer(await browser.open(url), 'deny');
  const approved = await browser.answer(await browser.open(url), 'approve');
  const back = await browser.open(await signInAtUpstream(locationOf(approved)));
  const { status } = await redeem(gatehouse.issuer, client, locationOf(back).searchParams.get('code') ?? '', verifier);
  expect(status).toBe(200);
});

it('tells the client of a denial at the provider, and remembers that the form was answered', async () => {
  const { url } = await newRequest(gatehouse.issuer);
  const browser = new SteppingBrowser();
  const page = await browser.open(url);
  const toProvider = locationOf(await browser.answer(page, 'approve'));
  const back = await browser.open(await denyAtUpstream(toProvider));
  expect(parametersOf(locationOf(back))).toEqual(denied());
  expect(locationOf(back).searchParams.get('error_description')).toBe('The sign-in was cancelled or refused.');
  expect((await browser.answer(page, 'approve')).status).toBe(409);
  expect(await store.liveKeys('grant.')).toEqual([]);
  expect(await store.liveKeys('vault.')).toEqual([]);
});

it('takes an approval back while the sign-in is pending, and the provider cannot finish it any more', async () => {
  const { url } = await newRequest(gatehouse.issuer);
  const browser = new SteppingBrowser();
  const page = await browser.open(url);
  const toProvider = locationOf(await browser.answer(page, 'approve'));
  const taken = await browser.answer(page, 'deny');
  expect(parametersOf(locationOf(taken))).toEqual(denied());
  const back = await browser.open(await signInAtUpstream(toProvider));
  expect(back.status).toBe(409);
  expect(gatehouse.upstream.requests.filter(({ path }) => path === '/token')).toEqual([]);
  expect(await store.liveKeys('grant.')).toEqual([]);
});

it('sends fifty clicks on the button at once to the same sign-in, which ends with one code', async () => {
  const { client, verifier, url } = await newRequest(gatehouse.issuer);
  const browser = new SteppingBrowser();
  const page = await browser.open(url);
  store.gather('sign-in', 50);
  const clicks = await Promise.all(Array.from({ length: 50 }, () => browser.answer(page, 'approve')));
  expect(new Set(clicks.map((click) => locationOf(click).href)).size).toBe(1);
  const [first] = clicks;
  if (!first) throw new Error('There was no click.');
  expect(await store.liveKeys('sign-in')).toHaveLength(1);
  const back = locationOf(await browser.open(await signInAtUpstream(locationOf(first))));
  expect((await redeem(gatehouse.issuer, client, back.searchParams.get('code') ?? '', verifier)).status).toBe(200);
  expect(await store.liveKeys('grant.')).toHaveLength(1);
});

it('lets one of fifty denials at once through', async () => {
  const { url } = await newRequest(gatehouse.issuer);
  const browser = new SteppingBrowser();
  const page = await browser.open(url);
  store.gather('sign-in', 50);
  const clicks = await Promise.all(Array.from({ length: 50 }, () => browser.answer(page, 'deny')));
  expect(clicks.filter(({ status }) => status === 303)).toHaveLength(1);
  expect(clicks.filter(({ status }) => status === 409)).toHaveLength(49);
});

it('lets one of fifty answers at once through, where half approve and half deny: nothing is issued after a denial', async () => {
  const { url } = await newRequest(gatehouse.issuer);
  const browser = new SteppingBrowser();
  const page = await browser.open(url);
  store.gather('sign-in', 50);
  const clicks = await Promise.all(
    Array.from({ length: 50 }, (_, index) => browser.answer(page, index % 2 ? 'deny' : 'approve')),
  );
  const denials = clicks.filter(({ location }) => location?.searchParams.get('error') === 'access_denied');
  const toProvider = clicks.flatMap(({ location }) =>
    location?.href.startsWith(gatehouse.upstream.issuer) ? [location] : [],
  );
  expect(denials).toHaveLength(1);
  expect(clicks.filter(({ status }) => status === 409)).toHaveLength(49 - toProvider.length);
  for (const leftOver of toProvider.slice(0, 1)) {
    expect((await browser.open(await signInAtUpstream(leftOver))).status).toBe(409);
  }
  expect(await store.liveKeys('grant.')).toEqual([]);
});

it('refuses to take a denial back', async () => {
  const { url } = await newRequest(gatehouse.issuer);
  const browser = new SteppingBrowser();
  const page = await browser.open(url);
  await browser.answer(page, 'deny');
  const written = store.writes.length;
  expect((await browser.answer(page, 'approve')).status).toBe(409);
  expect(store.writes.length).toBe(written);
});

it('knows no third button', async () => {
  const { url } = await newRequest(gatehouse.issuer);
  const browser = new SteppingBrowser();
  const page = await browser.open(url);
  for (const button of ['yes', 'approve:', 'approve:elsewhere', 'approved', 'deny:oidc']) {
    const answered = await browser.answer(page, button);
    expect([answered.status, answered.location]).toEqual([400, undefined]);
  }
  expect(store.writes).toEqual([]);
});
