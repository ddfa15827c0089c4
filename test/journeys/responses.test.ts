import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  locationOf,
  newRequest,
  parametersOf,
  redeem,
  register,
  authorizationUrl,
  pkce,
  SteppingBrowser,
} from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { signInAtUpstream } from '../support/upstream-provider.js';

let gatehouse: Gatehouse;
beforeEach(async () => {
  gatehouse = await startGatehouse();
});
afterEach(() => gatehouse.close());

async function walkThrough(url: URL): Promise<string> {
  const browser = new SteppingBrowser();
  const toProvider = locationOf(await browser.answer(await browser.open(url), 'approve'));
  const back = await browser.open(await signInAtUpstream(toProvider));
  // As text: parsing would hide what it repairs.
  return back.headers.get('location') ?? '';
}

/** Goes through with one redirect URI, and redeems what came back. */
async function expectDelivery(registered: string, requested = registered) {
  const client = { ...(await register(gatehouse.issuer, { redirect_uris: [registered] })), redirectUri: requested };
  const { verifier, challenge } = pkce();
  const location = await walkThrough(authorizationUrl(gatehouse.issuer, client, challenge));
  expect(location.startsWith(`${requested}${requested.includes('?') ? '&' : '?'}code=`)).toBe(true);
  const parameters = new URL(location).searchParams;
  expect(parameters.get('state')).toBe('client-state');
  expect(parameters.get('iss')).toBe(gatehouse.issuer);
  expect((await redeem(gatehouse.issuer, client, parameters.get('code') ?? '', verifier)).status).toBe(200);
}

describe('an authorization response', () => {
  it('carries code, state and iss, and nothing else', async () => {
    const { url } = await newRequest(gatehouse.issuer);
    const { code, ...rest } = parametersOf(new URL(await walkThrough(url)));
    expect(code).toMatch(/^ac\./);
    expect(rest).toEqual({ state: 'client-state', iss: gatehouse.issuer });
  });

  it('carries no state when none was sent', async () => {
    const { url } = await newRequest(gatehouse.issuer, { state: undefined });
    expect(Object.keys(parametersOf(new URL(await walkThrough(url)))).sort()).toEqual(['code', 'iss']);
  });

  it('returns a state as it was sent, whatever is in it', async () => {
    const state = `a+b c&d=e#f%20"<>'\\ü€😀/?;,`;
    const { url } = await newRequest(gatehouse.issuer, { state });
    expect(new URL(await walkThrough(url)).searchParams.get('state')).toBe(state);
  });

  it('returns a state of two kilobytes, and refuses a longer one with a page', async () => {
    const longest = await newRequest(gatehouse.issuer, { state: 'x'.repeat(2048) });
    expect(new URL(await walkThrough(longest.url)).searchParams.get('state')).toHaveLength(2048);
    const { url } = await newRequest(gatehouse.issuer, { state: 'x'.repeat(2049) });
    const visit = await new SteppingBrowser().open(url);
    expect([visit.status, visit.location]).toEqual([400, undefined]);
  });
});

describe('a redirect URI', () => {
  it('keeps its own query', () => expectDelivery('https://client.example/callback?tenant=a&x=%2F'));
  it('may be a loopback address with any port', () =>
    expectDelivery('http://127.0.0.1/callback', 'http://127.0.0.1:61234/callback'));
  it('may be localhost with another port than the registered one', () =>
    expectDelivery('http://localhost:3000/callback', 'http://localhost:49152/callback'));
  it('may be an IPv6 loopback address', () => expectDelivery('http://[::1]:1/cb', 'http://[::1]:5000/cb'));
  it('may belong to an application', () => expectDelivery('cursor://anysphere.cursor-retrieval/oauth/callback'));
  it('may have the scheme of a reversed domain', () => expectDelivery('com.example.app:/oauth'));

  it.each([
    ['http://127.0.0.1/callback', 'http://localhost/callback'],
    ['http://127.0.0.1/callback', 'http://127.0.0.2/callback'],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:80@evil.example/callback'],
    ['http://127.0.0.1/callback', 'http://127.0.0.1/callback/more'],
    ['http://127.0.0.1/callback', 'http://127.0.0.1/callback?x=1'],
    ['https://client.example/cb', 'https://client.example:8443/cb'],
    ['https://client.example/cb', 'https://client.example/cb?x=1'],
    ['https://client.example/cb', 'https://CLIENT.example/cb'],
    ['https://client.example/cb', 'https://client.example.evil.example/cb'],
    ['cursor://app/cb', 'cursor://app:1/cb'],
  ])('registered as %s is not met by %s, and the user sees a page', async (registered, requested) => {
    const client = { ...(await register(gatehouse.issuer, { redirect_uris: [registered] })), redirectUri: requested };
    const visit = await new SteppingBrowser().open(authorizationUrl(gatehouse.issuer, client, pkce().challenge));
    expect([visit.status, visit.location]).toEqual([400, undefined]);
    expect(visit.html).not.toContain('name="transaction"');
  });

  it('has to be named by a client that registered two', async () => {
    const redirectUris = ['http://127.0.0.1/a', 'http://127.0.0.1/b'];
    const { url } = await newRequest(gatehouse.issuer, { redirect_uri: undefined }, { redirect_uris: redirectUris });
    const visit = await new SteppingBrowser().open(url);
    expect([visit.status, visit.location]).toEqual([400, undefined]);
  });
});

describe('an error of the authorization request', () => {
  const challenge = pkce().challenge;
  it.each([
    ['unsupported_response_type', { response_type: 'token' }],
    ['invalid_request', { response_type: undefined }],
    ['invalid_request', { response_mode: 'fragment' }],
    ['invalid_request', { code_challenge: undefined }],
    ['invalid_request', { code_challenge_method: 'plain' }],
    ['invalid_request', { code_challenge_method: undefined }],
    ['invalid_request', { code_challenge: `${challenge}=` }],
    ['invalid_target', { resource: 'https://elsewhere.example/mcp' }],
    ['consent_required', { prompt: 'none' }],
    ['request_not_supported', { request: 'x' }],
    ['request_uri_not_supported', { request_uri: 'https://x.example' }],
  ])('goes to the client as %s, with state and iss: %j', async (error, parameters) => {
    const { client, url } = await newRequest(gatehouse.issuer, { code_challenge: challenge, ...parameters });
    const visit = await new SteppingBrowser().open(url);
    expect(visit.status).toBe(303);
    expect(locationOf(visit).href.startsWith(`${client.redirectUri}?`)).toBe(true);
    expect(parametersOf(locationOf(visit))).toEqual({
      error,
      error_description: expect.any(String) as string,
      state: 'client-state',
      iss: gatehouse.issuer,
    });
  });

  it('is kept behind the query of the redirect URI', async () => {
    const redirectUri = 'https://client.example/callback?tenant=a';
    const { url } = await newRequest(gatehouse.issuer, { prompt: 'none' }, { redirect_uris: [redirectUri] });
    const visit = await new SteppingBrowser().open(url);
    expect(visit.headers.get('location')?.startsWith(`${redirectUri}&error=consent_required&`)).toBe(true);
  });

  it('is told on a page when nobody knows the client, and as JSON to a program', async () => {
    const { url } = await newRequest(gatehouse.issuer);
    url.searchParams.set('client_id', `${url.searchParams.get('client_id') ?? ''}x`);
    const visit = await new SteppingBrowser().open(url);
    expect([visit.status, visit.location]).toEqual([400, undefined]);
    expect(visit.html).toContain('not known here');
    const asked = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'manual' });
    expect([asked.status, ((await asked.json()) as { error: string }).error]).toEqual([401, 'invalid_client']);
  });

  it('is told on a page when a parameter comes twice, so that nobody chooses between the two', async () => {
    for (const name of ['client_id', 'redirect_uri', 'state']) {
      const { url } = await newRequest(gatehouse.issuer);
      url.searchParams.append(name, 'http://127.0.0.1:8910/callback');
      const visit = await new SteppingBrowser().open(url);
      expect([name, visit.status, visit.location]).toEqual([name, 400, undefined]);
    }
  });
});
