import { AuthError, type AllowRule, type OAuthAuthorizationServerOptions } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { afterEach, describe, expect, it } from 'vitest';
import {
  linkOf,
  locationOf,
  newRequest,
  parametersOf,
  redeem,
  signIn,
  SteppingBrowser,
  type Visit,
} from '../support/client.js';
import { recordingStore, startGatehouse, type Gatehouse, type RecordingStore } from '../support/gatehouse.js';
import { denyAtUpstream, signInAtUpstream } from '../support/upstream-provider.js';

let gatehouse: Gatehouse;
let store: RecordingStore;
afterEach(() => gatehouse.close());

async function start(options: Partial<OAuthAuthorizationServerOptions>): Promise<void> {
  gatehouse = await startGatehouse({ wrapStore: (inner) => (store = recordingStore(inner)), ...options });
}

/** Goes all the way to our callback, as `user`. */
async function comeBack(user = 'alice', parameters: Record<string, string> = {}) {
  const { client, verifier, url } = await newRequest(gatehouse.issuer, parameters);
  const browser = new SteppingBrowser();
  const page = await browser.open(url);
  const toProvider = locationOf(await browser.answer(page, 'approve'));
  const callback = await signInAtUpstream(toProvider, { user });
  return { client, verifier, browser, page, callback, back: await browser.open(callback) };
}

const wordsOf = ({ html }: Visit) =>
  html
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ');

async function expectNothingIssued(): Promise<void> {
  expect(await store.liveKeys('grant.')).toEqual([]);
  expect(await store.liveKeys('vault.')).toEqual([]);
}

describe('a user whom a rule of access lets in', () => {
  it.each<[string, AllowRule | AllowRule[]]>([
    ['by address', { emails: ['Alice@Example.test'] }],
    ['by domain', { emailDomains: ['example.test'] }],
    ['by provider', { provider: 'oidc' }],
    ['by the second rule', [{ emails: ['bob@example.test'] }, { emailDomains: ['example.test'] }]],
    ['by a function', { check: (user, { name }) => user.sub === 'alice' && name === 'Test provider' }],
  ])('gets a token: %s', async (_, allow) => {
    await start({ allow });
    const { body } = await signIn(gatehouse.issuer);
    expect(body).toMatchObject({ access_token: expect.any(String) as string });
  });
});

describe('a provider that has to be asked for what a rule names', () => {
  it.each([
    ['core', 303],
    ['other', 403],
  ])('is asked for it, and about it: a rule on %s answers %s', async (group, status) => {
    await start({});
    let seen: unknown;
    const preset = oidcProvider({
      ...gatehouse.upstream,
      identify: ({ profile, sought }) => {
        seen = sought;
        return { ...profile, groups: ['core'] };
      },
    });
    // The scope is one that the real provider knows.
    const provider = { ...preset, scopes: ['openid', 'email'], scopesFor: { groups: ['profile'] } };
    await gatehouse.restart({ providers: [provider], allow: { provider: 'oidc', groups: [group] } });
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const toProvider = locationOf(await browser.answer(await browser.open(url), 'approve'));
    expect(toProvider.searchParams.get('scope')).toBe('openid email profile');
    expect((await browser.open(await signInAtUpstream(toProvider))).status).toBe(status);
    expect(seen).toEqual({ organizations: [], groups: [group] });
  });
});

describe('a user whom no rule of access lets in', () => {
  const allow = [{ emails: ['bob@example.test'] }, { emailDomains: ['corp.example'] }];

  it('is told so in words, on a page that leads back to the app', async () => {
    await start({ allow });
    const { client, back, browser } = await comeBack();
    expect([back.status, back.location]).toEqual([403, undefined]);
    expect(back.headers.get('content-type')).toMatch(/^text\/html/);
    expect(back.headers.get('cache-control')).toBe('no-store');
    expect(wordsOf(back)).toContain('You signed in at Test provider as alice@example.test.');
    expect(wordsOf(back)).toContain('This account may not use Test server.');
    const link = linkOf(back);
    expect(link.href.startsWith(`${client.redirectUri}?`)).toBe(true);
    expect(parametersOf(link)).toEqual({
      error: 'access_denied',
      error_description: 'No rule of this server lets this account in.',
      state: 'client-state',
      iss: gatehouse.issuer,
    });
    // The browser is free for another account.
    expect([...browser.cookies.keys()].filter((name) => name.includes('sign-in'))).toEqual([]);
    await expectNothingIssued();
  });

  it('is not let in by trying again, with the same callback or the same form', async () => {
    await start({ allow });
    const { browser, page, callback } = await comeBack();
    expect((await browser.open(callback)).status).toBeGreaterThanOrEqual(400);
    expect((await browser.answer(page, 'approve')).status).toBe(409);
    await expectNothingIssued();
  });

  it('can start again, and choose another account', async () => {
    await start({ allow });
    await comeBack();
    const { back, client, verifier } = await comeBack('bob');
    const { status } = await redeem(
      gatehouse.issuer,
      client,
      locationOf(back).searchParams.get('code') ?? '',
      verifier,
    );
    expect(status).toBe(200);
  });

  it('is in the log, without a name', async () => {
    await start({ allow });
    const { back } = await comeBack();
    const requestId = /Request ID <code>([^<]*)/.exec(back.html)?.[1];
    expect(gatehouse.log.filter(({ event }) => event === 'sign-in refused')).toEqual([
      {
        level: 'warn',
        event: 'sign-in refused',
        requestId,
        path: '/oauth/callback',
        provider: 'oidc',
        code: 'access_denied',
        description: 'No rule of this server lets this account in.',
        causes: ['access_denied: No rule of allow matches: e-mail verified, organizations unknown, groups unknown.'],
      },
    ]);
    expect(JSON.stringify(gatehouse.log)).not.toMatch(/alice/i);
  });

  it('never reaches the tokenMapper', async () => {
    let calls = 0;
    await start({ allow, tokenMapper: () => void (calls += 1) });
    await comeBack();
    expect(calls).toBe(0);
  });

  it.each([false, 'false', undefined, null, 0, 'TRUE', 1])(
    'is one whose address is allowed, where the provider says email_verified: %j',
    async (email_verified) => {
      await start({ allow: { emails: ['alice@example.test'] } });
      gatehouse.upstream.misbehave('userinfo', { rewrite: (document) => ({ ...document, email_verified }) });
      expect((await comeBack()).back.status).toBe(403);
      await expectNothingIssued();
    },
  );

  it.each(['a@example.test.evil', 'a@evil@example.test', 'alice@example.te\u017ft', 'alice@\u0435xample.test'])(
    'is one with the address %s, where example.test is allowed',
    async (email) => {
      await start({ allow: { emailDomains: ['example.test'] } });
      gatehouse.upstream.misbehave('userinfo', { rewrite: (document) => ({ ...document, email }) });
      expect((await comeBack()).back.status).toBe(403);
      await expectNothingIssued();
    },
  );

  it('is one for whom a check fails; the operator hears why', async () => {
    await start({ allow: { check: () => Promise.reject(new Error('canary')) } });
    const { back } = await comeBack();
    expect(back.status).toBe(403);
    expect(gatehouse.log).toContainEqual(expect.objectContaining({ level: 'error', event: 'allow check failed' }));
    expect(back.html + JSON.stringify(gatehouse.log)).not.toContain('canary');
  });
});

describe('a check that cannot tell now', () => {
  it('refuses nobody: the client hears that it may try again', async () => {
    const away = new AuthError('temporarily_unavailable', 'The directory is away.');
    await start({ allow: { check: () => Promise.reject(away) } });
    const { back } = await comeBack();
    expect(parametersOf(locationOf(back))).toMatchObject({ error: 'temporarily_unavailable', state: 'client-state' });
  });
});

describe('who else refuses', () => {
  it.each<[string, Error, string]>([
    ['with an error of this package', new AuthError('access_denied', 'Your trial is over.'), 'Your trial is over.'],
    ['with any other error', new Error('canary'), 'Access was refused.'],
  ])('a tokenMapper, %s: the user reads the same page', async (_, error, words) => {
    await start({ tokenMapper: () => Promise.reject(error) });
    const { back } = await comeBack();
    expect(back.status).toBe(403);
    expect(wordsOf(back)).toContain(`This account may not use Test server. ${words}`);
    expect(parametersOf(linkOf(back))).toMatchObject({ error: 'access_denied', error_description: words });
    expect(gatehouse.log.map(({ event }) => event)).toContain('sign-in refused');
    await expectNothingIssued();
  });

  it('a preset: the user reads the same page, with the name that the provider gave', async () => {
    await start({});
    const identify = () => Promise.reject(new AuthError('access_denied', 'Only members may sign in.'));
    await gatehouse.restart({ providers: [oidcProvider({ ...gatehouse.upstream, name: 'Club', identify })] });
    const { back } = await comeBack();
    expect(wordsOf(back)).toContain('You signed in at Club as alice@example.test.');
    expect(wordsOf(back)).toContain('Only members may sign in.');
    expect(parametersOf(linkOf(back))).toMatchObject({ error: 'access_denied', state: 'client-state' });
  });

  it('the provider, or the user there: the client hears of it at once, as before', async () => {
    await start({ allow: { provider: 'oidc' } });
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const toProvider = locationOf(await browser.answer(await browser.open(url), 'approve'));
    const back = await browser.open(await denyAtUpstream(toProvider));
    expect(back.status).toBe(303);
    expect(parametersOf(locationOf(back))).toMatchObject({ error: 'access_denied', state: 'client-state' });
    expect(gatehouse.log.map(({ event }) => event)).not.toContain('sign-in refused');
  });
});
