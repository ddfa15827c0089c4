import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  callResource,
  locationOf,
  newRequest,
  redeem,
  SteppingBrowser,
  transactionOf,
  type RawClient,
  type Visit,
} from '../support/client.js';
import { recordingStore, startGatehouse, type Gatehouse, type RecordingStore } from '../support/gatehouse.js';
import { signInAtUpstream } from '../support/upstream-provider.js';

let gatehouse: Gatehouse;
let store: RecordingStore;
beforeEach(async () => {
  gatehouse = await startGatehouse({ wrapStore: (inner) => (store = recordingStore(inner)) });
});
afterEach(() => gatehouse.close());

/** From the provider's sign-in page to tokens. */
async function finish(browser: SteppingBrowser, toProvider: URL, client: RawClient, verifier: string, user = 'alice') {
  const back = await browser.open(await signInAtUpstream(toProvider, { user }));
  return redeem(gatehouse.issuer, client, locationOf(back).searchParams.get('code') ?? '', verifier);
}

const reaches = (toProvider: URL) => `${toProvider.origin}/` === `${gatehouse.upstream.issuer}/`;

it('whoever only looks, a prefetch, a preview robot, a HEAD or a reload, changes nothing for the user who comes after', async () => {
  const { client, verifier, url } = await newRequest(gatehouse.issuer);
  await gatehouse.gate.ready();
  const browser = new SteppingBrowser();
  const page = await browser.open(url);
  store.writes.length = 0;
  const looks = [
    await browser.open(url, { 'sec-purpose': 'prefetch', 'sec-fetch-dest': 'document' }),
    await new SteppingBrowser().open(url, {
      'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
    }),
    await browser.open(url),
  ];
  expect(looks.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
  expect(store.writes).toEqual([]);
  const toProvider = locationOf(await browser.answer(page, 'approve'));
  expect((await finish(browser, toProvider, client, verifier)).status).toBe(200);
});

describe('two tabs of one browser', () => {
  it('finish independently, when both show the same request', async () => {
    const { client, verifier, url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const [one, two] = [await browser.open(url), await browser.open(url)];
    expect(transactionOf(one)).not.toBe(transactionOf(two));
    const first = locationOf(await browser.answer(one, 'approve'));
    const second = locationOf(await browser.answer(two, 'approve'));
    expect((await finish(browser, second, client, verifier)).status).toBe(200);
    expect((await finish(browser, first, client, verifier)).status).toBe(200);
  });

  it('finish independently, for two clients and two users, and nothing gets mixed up', async () => {
    const one = await newRequest(gatehouse.issuer, { state: 'one' });
    const two = await newRequest(gatehouse.issuer, { state: 'two' }, { client_name: 'Another client' });
    const browser = new SteppingBrowser();
    const [pageOne, pageTwo] = [await browser.open(one.url), await browser.open(two.url)];
    const toOne = locationOf(await browser.answer(pageOne, 'approve'));
    const toTwo = locationOf(await browser.answer(pageTwo, 'approve'));
    const backOne = locationOf(await browser.open(await signInAtUpstream(toOne, { user: 'alice' })));
    const backTwo = locationOf(await browser.open(await signInAtUpstream(toTwo, { user: 'bob' })));
    expect([backOne.searchParams.get('state'), backTwo.searchParams.get('state')]).toEqual(['one', 'two']);
    const codes = [backOne, backTwo].map((back) => back.searchParams.get('code') ?? '');
    expect((await redeem(gatehouse.issuer, one.client, codes[1] ?? '', two.verifier)).status).toBe(400);
    expect((await redeem(gatehouse.issuer, one.client, codes[0] ?? '', one.verifier)).status).toBe(200);
    expect((await redeem(gatehouse.issuer, two.client, codes[1] ?? '', two.verifier)).status).toBe(200);
  });

  it('open the first page at the same moment, each with a cookie of its own, and lead through all the same', async () => {
    const { client, verifier, url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const pages = await Promise.all([browser.open(url), browser.open(url)]);
    // The cookie of the later answer won; the other tab asks once more, and then goes through.
    for (const page of pages) {
      let answered = await browser.answer(page, 'approve');
      if (!answered.location) answered = await browser.answer(answered, 'approve');
      expect((await finish(browser, locationOf(answered), client, verifier)).status).toBe(200);
    }
  });

  it('can have a dozen sign-ins begun, while the cookies stay few and the youngest ones work', async () => {
    const { client, verifier, url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    let toProvider = url;
    for (let tab = 0; tab < 12; tab++) {
      toProvider = locationOf(await browser.answer(await browser.open(url), 'approve'));
    }
    expect(browser.cookies.size).toBeLessThanOrEqual(7);
    expect((await finish(browser, toProvider, client, verifier)).status).toBe(200);
  });
});

it('writes nothing for a page that is only looked at, however often', async () => {
  const { url } = await newRequest(gatehouse.issuer);
  const browser = new SteppingBrowser();
  await browser.open(url);
  await browser.open(url);
  await new SteppingBrowser().open(url);
  expect(store.writes).toEqual([]);
  expect(gatehouse.upstream.requests).toEqual([]);
});

it('names a browser once, and knows it again', async () => {
  const { url } = await newRequest(gatehouse.issuer);
  const browser = new SteppingBrowser();
  expect((await browser.open(url)).headers.getSetCookie()).toHaveLength(1);
  expect((await browser.open(url)).headers.getSetCookie()).toEqual([]);
});

describe('a form that is posted by somebody else', () => {
  /** The page again, and nothing approved. */
  function expectThePageAgain(answered: Visit) {
    expect(answered.status).toBe(200);
    expect(answered.location).toBeUndefined();
    expect(transactionOf(answered)).not.toBe('');
    expect(answered.html).toContain('Please confirm once more');
    expect(store.writes).toEqual([]);
    expect(gatehouse.upstream.requests).toEqual([]);
    expect(answered.headers.getSetCookie().filter((cookie) => cookie.includes('sign-in'))).toEqual([]);
  }

  it.each(['approve', 'deny'])('shows a browser without a cookie the page again (%s)', async (button) => {
    const { url } = await newRequest(gatehouse.issuer);
    const page = await new SteppingBrowser().open(url);
    expectThePageAgain(await new SteppingBrowser().answer(page, button));
  });

  it.each(['approve', 'deny'])('shows a browser with another cookie the page again (%s)', async (button) => {
    const { url } = await newRequest(gatehouse.issuer);
    const page = await new SteppingBrowser().open(url);
    const other = new SteppingBrowser();
    await other.open(url);
    expectThePageAgain(await other.answer(page, button));
  });

  it.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['another port of this host', { origin: 'http://127.0.0.1:1' }],
    ['an origin that only begins like ours', { origin: 'http://127.0.0.1.evil.example' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['a cross-site page', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling domain', { 'sec-fetch-site': 'same-site' }],
  ])('shows the right browser the page again when it comes from %s', async (_, headers) => {
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const page = await browser.open(url);
    expectThePageAgain(await browser.answer(page, 'approve', headers));
    // Not lost either: the user confirms, or finds the first page still open.
    expect(reaches(locationOf(await browser.answer(page, 'approve')))).toBe(true);
  });

  it('lets through what says that it is of the same origin', async () => {
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const answered = await browser.answer(await browser.open(url), 'approve', { 'sec-fetch-site': 'same-origin' });
    expect(reaches(locationOf(answered))).toBe(true);
  });

  it('takes no cookie that was tampered with for a name', async () => {
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const page = await browser.open(url);
    for (const [name, value] of browser.cookies)
      browser.cookies.set(name, (value.startsWith('x') ? 'y' : 'x') + value.slice(1));
    expectThePageAgain(await browser.answer(page, 'approve'));
  });
});

describe('a transaction', () => {
  it('is refused when it was tampered with, is truncated, or comes from elsewhere', async () => {
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const page = await browser.open(url);
    const sealed = transactionOf(page);
    const flipped = sealed.slice(0, 40) + (sealed[40] === 'A' ? 'B' : 'A') + sealed.slice(41);
    for (const transaction of [flipped, sealed.slice(0, -8), sealed.slice(5), 'x', `AAAA${sealed.slice(4)}`]) {
      const answered = await browser.answer(page, 'approve', {}, { transaction });
      expect([answered.status, answered.location]).toEqual([400, undefined]);
    }
    expect(store.writes).toEqual([]);
  });

  it('expires with its page, and the user is told to start again', async () => {
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const page = await browser.open(url);
    gatehouse.advance(602);
    const answered = await browser.answer(page, 'approve');
    expect([answered.status, answered.location]).toEqual([400, undefined]);
    expect(answered.html).toContain('start again');
    expect(store.writes).toEqual([]);
  });

  it('can be answered until just before', async () => {
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const page = await browser.open(url);
    gatehouse.advance(595);
    expect(reaches(locationOf(await browser.answer(page, 'approve')))).toBe(true);
  });
});

describe('the way back from the provider', () => {
  async function approved() {
    const { client, verifier, url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const page = await browser.open(url);
    const toProvider = locationOf(await browser.answer(page, 'approve'));
    return { client, verifier, browser, page, callback: await signInAtUpstream(toProvider) };
  }
  const exchanges = () => gatehouse.upstream.requests.filter(({ path }) => path === '/token').length;

  it('ends with a page in another browser, and the right one can still finish', async () => {
    const { client, verifier, browser, callback } = await approved();
    const stranger = new SteppingBrowser();
    const other = await newRequest(gatehouse.issuer);
    await stranger.answer(await stranger.open(other.url), 'approve'); // has cookies, of a sign-in of its own
    for (const each of [new SteppingBrowser(), stranger]) {
      const refused = await each.open(callback);
      expect([refused.status, refused.location]).toEqual([400, undefined]);
      expect(refused.html).toContain('another browser');
    }
    expect(exchanges()).toBe(0);
    const back = await browser.open(callback);
    const code = locationOf(back).searchParams.get('code') ?? '';
    expect((await redeem(gatehouse.issuer, client, code, verifier)).status).toBe(200);
  });

  it('takes nobody’s word for who the user is but the provider’s: neither the form’s nor the query’s', async () => {
    const { client, verifier, url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const claimed = { email: 'admin@example.test', email_verified: 'true', sub: 'admin', user: 'admin' };
    const toProvider = locationOf(await browser.answer(await browser.open(url), 'approve', {}, claimed));
    const callback = await signInAtUpstream(toProvider);
    for (const [name, value] of Object.entries(claimed)) callback.searchParams.set(name, value);
    const code = locationOf(await browser.open(callback)).searchParams.get('code') ?? '';
    const { body } = await redeem(gatehouse.issuer, client, code, verifier);
    const response = await callResource(gatehouse.mcpUrl, String(body['access_token']));
    const { extra } = (await response.json()) as { extra: { sub: string; claims: { email: string } } };
    expect([extra.sub, extra.claims.email]).toEqual(['oidc|alice', 'alice@example.test']);
  });

  it('does not take a cookie of one sign-in, renamed, for that of another', async () => {
    const { browser, callback } = await approved();
    const attacker = new SteppingBrowser();
    const own = await newRequest(gatehouse.issuer);
    await attacker.answer(await attacker.open(own.url), 'approve');
    const victimName = [...browser.cookies.keys()].find((name) => name.includes('sign-in-')) ?? '';
    const ownCookie = [...attacker.cookies].find(([name]) => name.includes('sign-in-'))?.[1] ?? '';
    attacker.cookies.set(victimName, ownCookie);
    expect((await attacker.open(callback)).status).toBe(400);
    expect(exchanges()).toBe(0);
  });

  it('leads to a code once, and then to a page that says so', async () => {
    const { browser, page, callback } = await approved();
    const cookies = new Map(browser.cookies);
    expect(locationOf(await browser.open(callback)).searchParams.has('code')).toBe(true);
    expect([...browser.cookies.keys()].filter((name) => name.includes('sign-in-'))).toEqual([]);
    const again = await new SteppingBrowser(cookies).open(callback);
    expect([again.status, again.location]).toEqual([409, undefined]);
    expect((await browser.answer(page, 'approve')).status).toBe(409);
    expect(exchanges()).toBe(1);
  });

  it('leads to one code when the browser comes back fifty times at once', async () => {
    const { client, verifier, browser, callback } = await approved();
    store.gather('sign-in', 50);
    const visits = await Promise.all(
      Array.from({ length: 50 }, () => new SteppingBrowser(browser.cookies).open(callback)),
    );
    const codes = visits.flatMap(({ location }) => location?.searchParams.get('code') ?? []);
    expect(codes).toHaveLength(1);
    expect(visits.filter(({ status }) => status === 409)).toHaveLength(49);
    expect(exchanges()).toBe(1);
    expect(await store.liveKeys('grant.')).toHaveLength(1);
    expect((await redeem(gatehouse.issuer, client, codes[0] ?? '', verifier)).status).toBe(200);
  });

  it('ends with a page when its state is forged, unknown, doubled, missing or too old', async () => {
    const { browser, callback } = await approved();
    const state = callback.searchParams.get('state') ?? '';
    const queries = [
      `state=${state}x`,
      'state=AAAAAAAAAAAAAAAAAAAAAA',
      `state=${state}&state=${state}`,
      '',
      'state=../keys',
    ];
    for (const query of queries) {
      const visit = await browser.open(`${gatehouse.issuer}/oauth/callback?code=x&${query}`);
      expect([query, visit.status, visit.location]).toEqual([query, 400, undefined]);
    }
    gatehouse.advance(601);
    const late = await browser.open(callback);
    expect([late.status, late.location]).toEqual([400, undefined]);
    expect(late.html).toContain('expired');
    expect(exchanges()).toBe(0);
  });

  it('accepts no answer of another issuer (RFC 9207)', async () => {
    const { browser, callback } = await approved();
    callback.searchParams.set('iss', 'https://evil.example');
    const refused = locationOf(await browser.open(callback));
    expect(refused.searchParams.get('error')).toBe('access_denied');
    expect(refused.searchParams.has('code')).toBe(false);
    expect(exchanges()).toBe(0);
  });
});
