import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  callResource,
  locationOf,
  newRequest,
  refresh,
  register,
  signIn,
  signInWith,
  SteppingBrowser,
  type Visit,
} from '../support/client.js';
import { recordingStore, startGatehouse, type Gatehouse, type RecordingStore } from '../support/gatehouse.js';
import { denyAtUpstream, signInAtUpstream } from '../support/upstream-provider.js';

let gatehouse: Gatehouse;
let store: RecordingStore;
let issuer: string;
const start = async (settings: Parameters<typeof startGatehouse>[0] = {}) => {
  gatehouse = await startGatehouse({
    stoppedClock: true,
    wrapStore: (inner) => (store = recordingStore(inner)),
    ...settings,
  });
  issuer = gatehouse.issuer;
};
beforeEach(() => start());
afterEach(() => gatehouse.close());

const account = () => `${issuer}/oauth/account`;
const names = (page: Visit) =>
  [...page.html.matchAll(/<h2 id="app-\d+"><bdi>([^<]*)<\/bdi>/g)].map(([, name]) => name ?? '');
const endings = (page: Visit) => [...page.html.matchAll(/value="(end:[^"]+)"/g)].map(([, value]) => value ?? '');
const sealed = (page: Visit) => /name="account" value="([^"]*)"/.exec(page.html)?.[1] ?? '';
const statusAtResource = async (token: string) => (await callResource(gatehouse.mcpUrl, token)).status;
const events = (name: string) => gatehouse.audit.filter(({ event }) => event === name);

/** Presses a button of the account page. */
const press = (browser: SteppingBrowser, page: Visit, answer: string, headers = {}, fields = {}) =>
  browser.answer(page, '', headers, { account: sealed(page), answer, ...fields });

/** A browser on its way to the provider, and where that sends it back to. */
async function returning(user = 'alice', browser = new SteppingBrowser()) {
  const handedOff = await press(browser, await browser.open(account()), 'sign-in:oidc');
  return { browser, callback: await signInAtUpstream(locationOf(handedOff), { user }) };
}

/** A browser whose user has signed in, on the page that lists the connections. */
async function signedIn(user = 'alice') {
  const { browser, callback } = await returning(user);
  const back = await browser.open(callback);
  expect([back.status, locationOf(back).href]).toEqual([303, account()]);
  return { browser, page: await browser.open(account()) };
}

const isSignInPage = (page: Visit) => page.html.includes('value="sign-in:oidc"') && !page.html.includes('sign-out');

describe('the page of the connected applications', () => {
  it('lists what its user has connected, and nothing of anybody else', async () => {
    const claude = await register(issuer, { client_name: 'Claude' });
    const cursor = await register(issuer, { client_name: 'Cursor' });
    await signInWith(issuer, claude, 'alice', { scope: 'mcp:tools notes:write' });
    gatehouse.advance(1);
    await signInWith(issuer, cursor, 'alice');
    await signInWith(issuer, await register(issuer, { client_name: 'Bobs app' }), 'bob');
    const { page } = await signedIn();
    expect(page.status).toBe(200);
    expect(names(page)).toEqual(['Cursor', 'Claude']);
    expect(page.html).toContain('notes:write');
    expect(page.html).toContain('Unverified');
    const today = new Date(Math.floor((events('grant.created')[0]?.at ?? 0) * 1000)).toISOString().slice(0, 10);
    expect(page.html).toContain(`<time datetime="${today}">`);
    expect(page.html).not.toContain('Last used');
  });

  it('says when an application was last seen at its MCP server', async () => {
    const { accessToken } = await signIn(issuer);
    expect(await statusAtResource(accessToken)).toBe(200);
    await vi.waitFor(async () => expect((await signedIn()).page.html).toContain('Last used'));
  });

  it('is protected like the consent page', async () => {
    const { page } = await signedIn();
    const { headers } = page;
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('is shown without a write, and without a session it shows where to sign in', async () => {
    await gatehouse.gate.ready();
    const before = store.writes.length;
    const page = await new SteppingBrowser().open(account());
    expect(isSignInPage(page)).toBe(true);
    expect((await fetch(account(), { method: 'HEAD' })).status).toBe(200);
    expect(store.writes.slice(before)).toEqual([]);
  });

  it('has no tokens, no code and no grant come of its sign-in', async () => {
    const before = store.writes.length;
    await signedIn();
    const kinds = new Set(store.writes.slice(before).map(({ key }) => key.id.split('.')[0]));
    expect([...kinds].filter((kind) => ['grant', 'vault'].includes(kind ?? ''))).toEqual([]);
    expect(events('account.signed_in')).toEqual([
      expect.objectContaining({ subject: 'oidc|alice', provider: 'oidc', address: '127.0.0.1' }),
    ]);
    expect(events('user.signed_in')).toEqual([]);
  });

  it('keeps of the user only whose grants they are, sealed, in a cookie that no script reads', async () => {
    const { browser, callback } = await returning();
    const [cookie] = (await browser.open(callback)).headers.getSetCookie().filter((each) => /-account=[^;]/.test(each));
    expect(cookie).toMatch(/; Path=\/; Max-Age=900; HttpOnly; SameSite=Lax$/);
    expect(cookie).not.toContain('alice');
  });
});

describe('ending access', () => {
  it('ends its tokens at once, here and at the provider, and leaves the other application alone', async () => {
    const one = await signIn(issuer);
    gatehouse.advance(1);
    const other = await signIn(issuer);
    const { browser, page } = await signedIn();
    const revocations = () => gatehouse.upstream.requests.filter(({ path }) => path === '/token/revocation').length;
    const before = revocations();
    const [, oldest = ''] = endings(page);
    const ended = await press(browser, page, oldest);
    expect([ended.status, locationOf(ended).href]).toEqual([303, account()]);
    expect(await statusAtResource(one.accessToken)).toBe(401);
    expect((await refresh(issuer, one.client, one.refreshToken)).status).toBe(400);
    expect(await statusAtResource(other.accessToken)).toBe(200);
    expect(await store.liveKeys('vault.')).toHaveLength(1);
    await vi.waitFor(() => expect(revocations()).toBe(before + 1));
    const after = await browser.open(account());
    expect(endings(after)).toHaveLength(1);
    expect(after.html).toContain('The access of <bdi>Raw client</bdi> has ended.');
    gatehouse.advance(61);
    expect((await browser.open(account())).html).not.toContain('has ended');
    const { description, level } = gatehouse.log.find(({ event }) => event === 'grant ended') ?? {};
    expect([description, level]).toEqual(['revoked by user', 'info']);
    expect(events('grant.ended')).toEqual([
      expect.objectContaining({ subject: 'oidc|alice', reason: 'revoked by user', address: '127.0.0.1' }),
    ]);
  });

  it('may be repeated: by a double click, from a second tab, by the back button', async () => {
    await signIn(issuer);
    const { browser, page } = await signedIn();
    const [button = ''] = endings(page);
    const tab = await browser.open(account());
    const answers = await Promise.all([press(browser, page, button), press(browser, page, button)]);
    answers.push(await press(browser, tab, button), await press(browser, page, button));
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 303]);
    expect(events('grant.ended')).toHaveLength(1);
    expect((await browser.open(account())).html).toContain('No app has access in your name.');
  });

  it('is not possible for the grant of another user, nor for an id that somebody made up', async () => {
    const bobs = await signIn(issuer, 'bob');
    const bob = await signedIn('bob');
    const [button = ''] = endings(bob.page);
    await signIn(issuer);
    const { browser, page } = await signedIn();
    const [own = ''] = endings(page);
    const [userTag = ''] = own.slice('end:'.length).split('.');
    const forged = button.replace(/^end:[^.]+/, `end:${userTag}`);
    for (const each of [
      button,
      forged,
      `${own}x`,
      'end:',
      `end:${userTag}.\u00e9\u0020.x`,
      `end:${'x'.repeat(5000)}`,
    ]) {
      expect((await press(browser, page, each)).status).toBe(303);
    }
    expect(await statusAtResource(bobs.accessToken)).toBe(200);
    expect(await store.liveKeys('vault.')).toHaveLength(2);
    expect(events('grant.ended')).toEqual([]);
  });

  it.each<[string, Record<string, string>]>([
    ['another site', { origin: 'https://evil.example' }],
    ['another site that hides its origin', { origin: 'null' }],
    ['a sibling', { 'sec-fetch-site': 'same-site' }],
  ])('is not possible from a form of %s', async (_, headers) => {
    const { accessToken } = await signIn(issuer);
    const { browser, page } = await signedIn();
    const answer = await press(browser, page, endings(page)[0] ?? '', headers);
    expect(answer.status).toBe(400);
    expect(answer.html).toContain('Please confirm once more, in this browser.');
    expect(await statusAtResource(accessToken)).toBe(200);
    // The page that it was answered with works.
    expect((await press(browser, answer, endings(answer)[0] ?? '')).status).toBe(303);
    expect(await statusAtResource(accessToken)).toBe(401);
  });

  it('needs the form of this browser, of this user, and of this session', async () => {
    const { accessToken } = await signIn(issuer);
    const { browser, page } = await signedIn();
    const [button = ''] = endings(page);
    const evil = new SteppingBrowser();
    const evils = await evil.open(account());
    const anonymous = await browser.open(account());
    // The form of another browser, a consent page's, none that is sealed, and those of somebody who is not signed in.
    const consent = await browser.open((await newRequest(issuer)).url);
    const transaction = /name="transaction" value="([^"]*)"/.exec(consent.html)?.[1] ?? '';
    for (const account of [sealed(evils), transaction, 'x', `${sealed(anonymous)}x`]) {
      expect((await press(browser, page, button, {}, { account })).status).toBe(400);
    }
    expect((await press(evil, page, button)).status).toBe(400);
    expect((await press(evil, evils, button)).status).toBe(303);
    const { browser: bob, page: bobs } = await signedIn('bob');
    expect((await press(bob, bobs, button)).status).toBe(303);
    expect((await press(bob, page, button)).status).toBe(400);
    // The session of one browser is none in another, whatever cookies go with it.
    const [, cookie = ''] = [...browser.cookies].find(([name]) => name.endsWith('-account')) ?? [];
    const [name = ''] = [...bob.cookies.keys()].filter((each) => each.endsWith('-account'));
    bob.cookies.set(name, cookie);
    expect(isSignInPage(await bob.open(account()))).toBe(true);
    expect(await statusAtResource(accessToken)).toBe(200);
  });

  it('needs a form of the session that there is now, where the user has signed in anew', async () => {
    const { accessToken } = await signIn(issuer);
    const { browser, page } = await signedIn();
    await press(browser, page, 'sign-out');
    gatehouse.advance(1);
    const { callback } = await returning('alice', browser);
    await browser.open(callback);
    expect((await press(browser, page, endings(page)[0] ?? '')).status).toBe(303);
    expect(await statusAtResource(accessToken)).toBe(200);
  });

  it('needs a session that is not over', async () => {
    const { accessToken } = await signIn(issuer);
    const { browser, page } = await signedIn();
    const cookies = new Map(browser.cookies);
    gatehouse.advance(899);
    expect(names(await browser.open(account()))).toHaveLength(1);
    gatehouse.advance(2);
    const late = await press(new SteppingBrowser(cookies), page, endings(page)[0] ?? '');
    expect([late.status, locationOf(late).href]).toEqual([303, account()]);
    expect(isSignInPage(await new SteppingBrowser(cookies).open(account()))).toBe(true);
    expect(await statusAtResource(accessToken)).toBe(200);
  });

  it('is possible for a user whom no rule lets in any more', async () => {
    const { accessToken } = await signIn(issuer);
    await gatehouse.restart({ allow: { emails: ['bob@example.test'] } });
    const { browser, page } = await signedIn();
    expect((await press(browser, page, endings(page)[0] ?? '')).status).toBe(303);
    expect(await statusAtResource(accessToken)).toBe(401);
  });
});

describe('signing in to it', () => {
  it('goes one way for a form, and cannot be finished twice', async () => {
    const browser = new SteppingBrowser();
    const page = await browser.open(account());
    const [one, two] = [await press(browser, page, 'sign-in:oidc'), await press(browser, page, 'sign-in:oidc')];
    expect(locationOf(one).href).toBe(locationOf(two).href);
    const callback = await signInAtUpstream(locationOf(one));
    const cookies = new Map(browser.cookies);
    await browser.open(callback);
    await press(browser, await browser.open(account()), 'sign-out');
    for (const replaying of [browser, new SteppingBrowser(cookies), new SteppingBrowser()]) {
      const replayed = await replaying.open(callback);
      expect([replayed.status, locationOf(replayed).href]).toEqual([303, account()]);
      expect(replayed.headers.getSetCookie()).toEqual([]);
    }
    const late = await press(browser, page, 'sign-in:oidc');
    expect(locationOf(late).href).toBe(account());
    expect(events('account.signed_in')).toHaveLength(1);
  });

  it('is finished in the browser in which it was begun, and in no other', async () => {
    const { browser, callback } = await returning();
    const victim = new SteppingBrowser();
    await victim.open(account());
    const elsewhere = await victim.open(callback);
    expect(elsewhere.status).toBe(400);
    expect(elsewhere.html).toContain('another browser');
    expect(elsewhere.headers.getSetCookie()).toEqual([]);
    expect(events('sign_in.failed')).toHaveLength(1);
    // With the cookie of the sign-in alone it is another browser still.
    const stolen = new Map([...browser.cookies].filter(([name]) => name.includes('-sign-in-')));
    for (const [name, value] of victim.cookies) stolen.set(name, value);
    expect((await new SteppingBrowser(stolen).open(callback)).status).toBe(400);
    const unbound = new Map([...browser.cookies].filter(([name]) => !name.includes('-sign-in-')));
    expect((await new SteppingBrowser(unbound).open(callback)).status).toBe(400);
    expect((await browser.open(callback)).status).toBe(303);
  });

  it('is finished once, when it comes back twice at the same time', async () => {
    const { browser, callback } = await returning();
    const redemptions = () => gatehouse.upstream.requests.filter(({ path }) => path === '/token').length;
    const before = redemptions();
    store.gather('account', 2);
    const backs = await Promise.all([browser.open(callback), browser.open(callback)]);
    expect(backs.map((back) => locationOf(back).href)).toEqual([account(), account()]);
    expect(redemptions()).toBe(before + 1);
    expect(events('account.signed_in')).toHaveLength(1);
    expect(isSignInPage(await browser.open(account()))).toBe(false);
  });

  it('takes ten minutes at most', async () => {
    const { browser, callback } = await returning();
    gatehouse.advance(601);
    const late = await browser.open(callback);
    expect(locationOf(late).href).toBe(account());
    expect(isSignInPage(await browser.open(account()))).toBe(true);
    const page = await browser.open(account());
    gatehouse.advance(601);
    expect(locationOf(await press(browser, page, 'sign-in:oidc')).href).toBe(account());
  });

  it('cannot be begun by another site, nor at a provider that is not here', async () => {
    const browser = new SteppingBrowser();
    const page = await browser.open(account());
    const before = store.writes.length;
    expect((await press(browser, page, 'sign-in:oidc', { origin: 'https://evil.example' })).status).toBe(400);
    expect((await press(browser, page, 'sign-in:other')).status).toBe(400);
    expect((await press(browser, page, 'sign-in')).status).toBe(400);
    expect(locationOf(await press(browser, page, 'sign-out')).href).toBe(account());
    expect(store.writes.slice(before)).toEqual([]);
  });

  it('has a state that is none at a consent, and a consent has one that is none here', async () => {
    const { browser, callback } = await returning();
    const asConsent = new URL(callback);
    const state = callback.searchParams.get('state') ?? '';
    asConsent.searchParams.set('state', state.replace('account.', ''));
    expect((await browser.open(asConsent)).status).toBe(400);
    const { client, url } = await newRequest(issuer);
    const approved = await browser.answer(await browser.open(url), 'approve');
    const consented = await signInAtUpstream(locationOf(approved));
    const asAccount = new URL(consented);
    asAccount.searchParams.set('state', `account.${consented.searchParams.get('state') ?? ''}`);
    expect(locationOf(await browser.open(asAccount)).href).toBe(account());
    expect(isSignInPage(await browser.open(account()))).toBe(true);
    // Both go on as they were.
    expect(locationOf(await browser.open(consented)).href).toContain(`${client.redirectUri}?code=`);
    expect(locationOf(await browser.open(callback)).href).toBe(account());
    expect(isSignInPage(await browser.open(account()))).toBe(false);
  });

  it('that is cancelled at the provider leads back to the page', async () => {
    const browser = new SteppingBrowser();
    const handedOff = await press(browser, await browser.open(account()), 'sign-in:oidc');
    const back = await browser.open(await denyAtUpstream(locationOf(handedOff)));
    expect(locationOf(back).href).toBe(account());
    expect(isSignInPage(await browser.open(account()))).toBe(true);
    expect(events('sign_in.failed')).toHaveLength(1);
  });

  it('that fails at the provider is told on a page, and signs nobody in', async () => {
    gatehouse.upstream.misbehave('token', { reply: { status: 500, body: 'no' } });
    const { browser, callback } = await returning();
    expect((await browser.open(callback)).status).toBe(503);
    expect(isSignInPage(await browser.open(account()))).toBe(true);
  });

  it('ends with a button, after which the browser shows nothing', async () => {
    await signIn(issuer);
    const { browser, page } = await signedIn();
    const out = await press(browser, page, 'sign-out');
    const after = await browser.open(locationOf(out));
    expect(after.html).toContain('You are signed out');
    expect(isSignInPage(await browser.open(account()))).toBe(true);
    expect(events('account.signed_out')).toEqual([expect.objectContaining({ provider: 'oidc' })]);
    // The link says nothing of a session that there is.
    const again = await returning('alice', browser);
    await browser.open(again.callback);
    expect(names(await browser.open(locationOf(out)))).toHaveLength(1);
  });
});

describe('where it is', () => {
  it('has a short name at the root, which a form cannot be posted to', async () => {
    const short = await new SteppingBrowser().open(`${issuer}/account`);
    expect([short.status, locationOf(short).href]).toEqual([303, account()]);
    expect((await fetch(`${issuer}/account`, { method: 'POST', redirect: 'manual' })).status).toBe(404);
  });

  it('leaves the short name to the application where that wants it', async () => {
    await gatehouse.restart({ rootAliases: false });
    expect((await new SteppingBrowser().open(`${issuer}/account`)).status).toBe(404);
    expect((await new SteppingBrowser().open(account())).status).toBe(200);
  });

  it('is nowhere when it is turned off', async () => {
    await gatehouse.restart({ account: false });
    for (const path of ['/account', '/oauth/account']) {
      expect((await new SteppingBrowser().open(issuer + path)).status).toBe(404);
    }
    expect((await signIn(issuer)).body).toHaveProperty('access_token');
  });

  it('is below an issuer with a path, without a short name', async () => {
    await gatehouse.close();
    await start({ path: '/team' });
    await signIn(issuer);
    const { browser, page } = await signedIn();
    expect((await press(browser, page, endings(page)[0] ?? '')).status).toBe(303);
    expect((await new SteppingBrowser().open(`${new URL(issuer).origin}/account`)).status).toBe(404);
  });

  it('is limited like everything that a browser asks for', async () => {
    await gatehouse.restart({ rateLimits: { authorization: { requests: 2, seconds: 60 } } });
    const browser = new SteppingBrowser();
    const statuses = [];
    for (let each = 0; each < 3; each++) statuses.push((await browser.open(account())).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  it("is the application's own page where it has one", async () => {
    await gatehouse.restart({ pages: { account: ({ form, action }) => `<p>${form.length > 20} ${action}</p>` } });
    const page = await new SteppingBrowser().open(account());
    expect(page.html).toBe(`<p>true ${account()}</p>`);
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });
});

it("works with an application's own sign-in", async () => {
  let user: string | undefined;
  await gatehouse.close();
  await start({
    providers: undefined,
    signInUrl: 'https://app.example/login',
    authenticateUser: () => (user === undefined ? undefined : { sub: user }),
  });
  const browser = new SteppingBrowser();
  const consent = await newRequest(issuer);
  user = 'alice';
  const approved = await browser.answer(await browser.open(consent.url), 'approve');
  expect(locationOf(await browser.open(locationOf(approved))).href).toContain('code=');
  user = undefined;
  const callback = locationOf(await press(browser, await browser.open(account()), 'sign-in:application'));
  const detour = locationOf(await browser.open(callback));
  expect(detour.origin).toBe('https://app.example');
  user = 'alice';
  const back = await browser.open(detour.searchParams.get('return_to') ?? '');
  expect(locationOf(back).href).toBe(account());
  // Its code was not redeemed yet: that can be ended as well.
  expect(names(await browser.open(account()))).toEqual(['Raw client']);
});
