import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryStore, type Store } from 'mcp-gatehouse';
import {
  authorizationUrl,
  locationOf,
  pkce,
  redeem,
  register,
  SteppingBrowser,
  type RawClient,
  type Visit,
} from '../support/client.js';
import { recordingStore, startGatehouse, type Gatehouse, type RecordingStore } from '../support/gatehouse.js';
import { signInAtUpstream } from '../support/upstream-provider.js';

let gatehouse: Gatehouse;
let store: RecordingStore;
let isAway: boolean;
let client: RawClient;
let browser: SteppingBrowser;
/** The code that was redeemed last. */
let spent: { readonly code: string; readonly verifier: string };

beforeEach(async () => {
  isAway = false;
  gatehouse = await startGatehouse({
    wrapStore: (inner) => {
      store = recordingStore(inner);
      const list: Store['list'] = (...parameters) =>
        isAway ? Promise.reject(new Error('away')) : store.list(...parameters);
      return { ...store, list };
    },
  });
  client = await register(gatehouse.issuer);
  browser = new SteppingBrowser();
});
afterEach(() => gatehouse.close());

/** The page that a request shows, and how to go on from there. */
async function ask(scope: string | undefined, who: SteppingBrowser = browser) {
  const { verifier, challenge } = pkce();
  const page = await who.open(authorizationUrl(gatehouse.issuer, client, challenge, { scope }));
  return { page, verifier };
}

/** Approves a page, and signs in; answers what the callback shows. */
async function approve(page: Visit, user: string, who: SteppingBrowser = browser): Promise<Visit> {
  return who.open(await signInAtUpstream(locationOf(await who.answer(page, 'approve')), { user }));
}

async function tokensFor(visit: Visit, verifier: string) {
  const code = locationOf(visit).searchParams.get('code') ?? '';
  spent = { code, verifier };
  return (await redeem(gatehouse.issuer, client, code, verifier)).body;
}

async function signIn(scope: string | undefined, user: string, who: SteppingBrowser = browser) {
  const { page, verifier } = await ask(scope, who);
  return tokensFor(await approve(page, user, who), verifier);
}

/** The lists of permissions on a page, by their headings. */
function permissions({ html }: Visit): Record<string, string[]> {
  const sections = [...html.matchAll(/<h2>([^<]*)<\/h2>\s*<ul>([\s\S]*?)<\/ul>/g)];
  return Object.fromEntries(
    sections.map(([, title = '', items = '']) => [
      title,
      [...items.matchAll(/<code><bdi dir="ltr">([^<]*)</g)].map(([, scope]) => scope ?? ''),
    ]),
  );
}

describe('a client that comes back for more', () => {
  it('has its user asked for what is new, and keeps what it had', async () => {
    await signIn(undefined, 'alice');
    const { page, verifier } = await ask('notes:write');
    expect(permissions(page)).toEqual({
      'New: it will also be able to': ['notes:write'],
      'It already can': ['mcp:tools'],
    });
    const tokens = await tokensFor(await approve(page, 'alice'), verifier);
    expect(String(tokens['scope']).split(' ').sort()).toEqual(['mcp:tools', 'notes:write']);
  });

  it('keeps what is no resource’s scope, too', async () => {
    await signIn('mcp:tools offline_access email openid', 'alice');
    const { page, verifier } = await ask('notes:write');
    const tokens = await tokensFor(await approve(page, 'alice'), verifier);
    expect(String(tokens['scope']).split(' ').sort()).toEqual(
      ['email', 'mcp:tools', 'notes:write', 'offline_access', 'openid'].sort(),
    );
  });

  it('gets what it asks for when that is less', async () => {
    await signIn('mcp:tools notes:write', 'alice');
    const { page, verifier } = await ask('mcp:tools');
    expect(permissions(page)).toEqual({ 'It will be able to, as before': ['mcp:tools'] });
    expect((await tokensFor(await approve(page, 'alice'), verifier))['scope']).toBe('mcp:tools');
  });

  it.each(['another browser', 'a copied cookie', 'another client', 'an ended grant', 'a store that is away'])(
    'is shown like any other with %s',
    async (what) => {
      await signIn(undefined, 'alice');
      let who = browser;
      if (what === 'another browser') who = new SteppingBrowser();
      if (what === 'a copied cookie') {
        who = new SteppingBrowser();
        await ask('notes:write', who);
        for (const [name, value] of browser.cookies) if (name.endsWith('-user')) who.cookies.set(name, value);
      }
      if (what === 'another client') client = await register(gatehouse.issuer, { client_name: 'Another' });
      if (what === 'an ended grant') {
        // A code that comes back ends what was issued on it.
        await redeem(gatehouse.issuer, client, spent.code, spent.verifier);
      }
      if (what === 'a store that is away') isAway = true;
      const { page } = await ask('notes:write', who);
      expect(page.status).toBe(200);
      expect(permissions(page)).toEqual({ 'It will be able to': ['notes:write'] });
    },
  );
});

describe('when another user signs in than the page was made for', () => {
  async function other() {
    await signIn(undefined, 'alice');
    const { page, verifier } = await ask('notes:write');
    const grants = await store.liveKeys('grant.');
    const asked = await approve(page, 'bob');
    // No code, no grant and no tokens of the provider before that user has approved.
    expect(await store.liveKeys('grant.')).toEqual(grants);
    return { asked, verifier };
  }

  it('that user is asked for everything, and nothing of the first one’s is kept', async () => {
    const { asked, verifier } = await other();
    expect([asked.status, asked.location]).toEqual([200, undefined]);
    expect(asked.html).toContain('bob@example.test');
    expect(asked.html).not.toContain('alice');
    expect(permissions(asked)).toEqual({ 'It will be able to': ['notes:write'] });
    const tokens = await tokensFor(await browser.answer(asked, 'approve'), verifier);
    expect(tokens['scope']).toBe('notes:write');
    // From now on the browser is taken for that user's.
    expect(permissions((await ask('mcp:tools')).page)['It already can']).toEqual(['notes:write']);
  });

  it('and denies, the client hears of it and nobody has anything', async () => {
    const { asked } = await other();
    const denied = locationOf(await browser.answer(asked, 'deny'));
    expect([denied.searchParams.get('error'), denied.searchParams.get('code')]).toEqual(['access_denied', null]);
    expect((await browser.answer(asked, 'approve')).status).toBe(409);
    expect(await store.liveKeys('grant.')).toHaveLength(1);
  });

  it('nobody else can approve in that user’s place', async () => {
    const { asked } = await other();
    const stranger = new SteppingBrowser();
    await ask('mcp:tools', stranger);
    for (const attempt of [
      stranger.answer(asked, 'approve'),
      browser.answer(asked, 'approve', { origin: 'https://evil.example' }),
      browser.answer(asked, 'approve', { 'sec-fetch-site': 'cross-site' }),
    ]) {
      const answer = await attempt;
      expect([answer.status, answer.location]).toEqual([400, undefined]);
    }
    expect(await store.liveKeys('grant.')).toHaveLength(1);
  });

  it('fifty clicks on the button make one code', async () => {
    const { asked } = await other();
    // All of them have found the sign-in waiting before the first one takes it.
    store.gather('sign-in', 50);
    const answers = await Promise.all(Array.from({ length: 50 }, () => browser.answer(asked, 'approve')));
    const codes = answers.map(({ location }) => location?.searchParams.get('code') ?? undefined).filter(Boolean);
    expect(codes).toHaveLength(1);
    expect(await store.liveKeys('grant.')).toHaveLength(2);
  });

  it('there is no provider to choose for them any more', async () => {
    const { asked } = await other();
    const answer = await browser.answer(asked, 'approve:oidc');
    expect([answer.status, answer.location]).toEqual([400, undefined]);
  });
});

describe('what is remembered', () => {
  const own = { 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' };
  const https = { redirect_uris: ['https://app.example/cb'] };
  const first = { clientId: 'first', name: 'First', redirectUris: ['https://app.example/cb'] };

  async function remember(options: object = {}, metadata: object = https) {
    await gatehouse.close();
    const kept = memoryStore();
    gatehouse = await startGatehouse({ consent: 'remember', store: kept, ...options });
    client = await register(gatehouse.issuer, { ...metadata });
  }

  const open = (parameters: Record<string, string> = {}, headers: Record<string, string> = own) =>
    browser.open(authorizationUrl(gatehouse.issuer, client, pkce().challenge, parameters), headers);
  const isSilent = ({ status }: Visit) => status === 303;

  it('is not asked again: same user, client, host and scopes, in a browser that nobody has sent', async () => {
    await remember();
    await signIn(undefined, 'alice');
    const { verifier, challenge } = pkce();
    const handOff = await browser.open(authorizationUrl(gatehouse.issuer, client, challenge), own);
    expect(locationOf(handOff).origin).toBe(gatehouse.upstream.issuer);
    const back = await browser.open(await signInAtUpstream(locationOf(handOff), { user: 'alice' }));
    expect((await tokensFor(back, verifier))['scope']).toBe('mcp:tools');
  });

  it('is asked in full when it is another user after all', async () => {
    await remember();
    await signIn(undefined, 'alice');
    const back = await browser.open(await signInAtUpstream(locationOf(await open()), { user: 'bob' }));
    expect([back.status, back.location]).toEqual([200, undefined]);
    expect(permissions(back)).toEqual({ 'It will be able to': ['mcp:tools'] });
  });

  it.each<[string, Record<string, string>]>([
    ['another website sent the browser', { ...own, 'sec-fetch-site': 'cross-site' }],
    ['a sibling of this site sent it', { ...own, 'sec-fetch-site': 'same-site' }],
    ['the browser does not say who sent it', {}],
    ['it is a frame', { ...own, 'sec-fetch-dest': 'iframe' }],
    ['it is a prefetch', { ...own, 'sec-purpose': 'prefetch' }],
  ])('is asked again when %s', async (_, headers) => {
    await remember();
    await signIn(undefined, 'alice');
    expect(isSilent(await open({}, headers))).toBe(false);
  });

  it('is asked again for more, for another host, and after its time', async () => {
    await remember({ consentTtl: 3600 }, { redirect_uris: ['https://app.example/cb', 'https://other.example/cb'] });
    await signIn(undefined, 'alice');
    expect(isSilent(await open({ scope: 'notes:write' }))).toBe(false);
    expect(isSilent(await open({ scope: 'mcp:tools notes:write' }))).toBe(false);
    expect(isSilent(await open({ redirect_uri: 'https://other.example/cb' }))).toBe(false);
    expect(isSilent(await open())).toBe(true);
    gatehouse.advance(3600);
    expect(isSilent(await open())).toBe(false);
  });

  it.each([
    { redirect_uris: ['http://127.0.0.1:8910/callback'] },
    { redirect_uris: ['https://localhost/callback'] },
    { redirect_uris: ['cursor://app/callback'] },
  ])('is asked again where any program can pose as the client: %j', async (metadata) => {
    await remember({}, metadata);
    await signIn(undefined, 'alice');
    expect(isSilent(await open())).toBe(false);
  });

  it('is only that of clients of the configuration with first-party', async () => {
    await remember({ consent: 'first-party', clients: [first] });
    await signIn(undefined, 'alice');
    expect(isSilent(await open())).toBe(false);
    client = { clientId: first.clientId, redirectUri: 'https://app.example/cb' };
    expect(isSilent(await open())).toBe(false);
    await signIn(undefined, 'alice');
    expect(isSilent(await open())).toBe(true);
  });

  it('is nothing at all unless the operator wants it', async () => {
    await remember({ consent: 'always' });
    await signIn(undefined, 'alice');
    expect(isSilent(await open())).toBe(false);
  });

  it('outlives a rotation of the secret, after which the client registers again', async () => {
    await remember();
    const { testSecret } = await import('../support/gatehouse.js');
    await signIn(undefined, 'alice');
    const before = client.clientId;
    await gatehouse.restart({ secret: ['kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU', testSecret] });
    client = await register(gatehouse.issuer, https);
    expect(client.clientId).not.toBe(before);
    expect(isSilent(await open())).toBe(true);
  });
});
