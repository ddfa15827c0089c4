import { describe, expect, it } from 'vitest';
import type { ConsentView } from '../../src/pages/consent-view.js';
import { markup, ordinary, pagesWith, signedIn, stepUp, threeProviders } from './views.js';

const pages = pagesWith();
const consentPage = (view: ConsentView) => pages.consent(view, {});
const consent = (changes: Partial<ConsentView>): string => markup(consentPage({ ...ordinary, ...changes }));

/** What a person reads: no markup, single spaces. */
const words = (document: string): string =>
  document
    .replace(/^.*<main>/s, '')
    .replace(/<\/(?:li|dt|dd|p|h1|h2|h3)>/g, ' ')
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ');

describe('the consent page', () => {
  it('names the client, and says that nobody verified the name', () => {
    const text = words(consent({}));
    expect(text).toContain('Claude wants to connect to Acme Documents Unverified');
    expect(text).toContain('The app chose this name itself. Nobody has verified it.');
  });

  it('gives a nameless client no name', () => {
    for (const name of [undefined, '', ' \u200b\u202e ']) {
      expect(words(consent({ client: { name } }))).toContain('An app without a name');
    }
  });

  it('shows the website that a client claims as a claim, and never as a link', () => {
    const document = consent({ client: { name: 'Cursor', uri: 'https://cursor.com/home' } });
    expect(words(document)).toContain('Nobody has verified it. It gives cursor.com as its website.');
    expect(document).not.toContain('href');
    expect(words(consent({ client: { name: 'Cursor', uri: 'javascript:alert(1)' } }))).not.toContain('website');
  });

  it('says of a client that the operator has registered that it is known', () => {
    const text = words(consent({ client: { name: 'Acme Desk', isKnown: true } }));
    expect(text).toContain('Registered by the operator of this server.');
    expect(text).not.toContain('Unverified');
  });

  it('warns of a name that mixes alphabets, as one that imitates another does', () => {
    const warning = 'mixes letters of different alphabets';
    expect(words(consent({ client: { name: '\u0421laude' } }))).toContain(warning);
    for (const name of ['Claude', '\u041f\u043e\u0447\u0442\u0430 Claude', 'Caf\u00e9 \u4e91']) {
      expect(words(consent({ client: { name } }))).not.toContain(warning);
    }
  });

  it('shows a host of other letters as the resolver knows it', () => {
    const uri = 'https://\u0430pple.com';
    expect(words(consent({ client: { name: 'a', uri } }))).toContain('It gives xn--pple-43d.com as its website.');
  });

  it('shows a letter in place of a logo, and nothing that the client could choose', () => {
    expect(consent({ client: { name: '\u{1f600} claude' } })).toContain('<span>C</span>');
    expect(consent({})).not.toContain('<img');
  });

  it('names the host of a client that has proven it, and no other website', () => {
    const view = { client: { name: 'Claude', verifiedHost: 'claude.ai', uri: 'https://evil.example' } };
    const text = words(consent(view));
    expect(text).toContain('Verified: claude.ai This app is published there. It chose its name itself.');
    expect(text).not.toContain('Nobody has verified');
    expect(text).not.toContain('evil.example');
    expect(consent(view)).not.toContain('href');
  });

  it.each([
    ['claude.ai', 'claude.ai', false],
    ['api.claude.ai', 'claude.ai', false],
    ['claude.ai', 'www.claude.ai', false],
    ['evil.example', 'claude.ai', true],
    ['notclaude.ai', 'claude.ai', true],
    ['claude.ai.evil.example', 'claude.ai', true],
    ['claude.ai:8443', 'claude.ai', true],
  ])('warns of %s only where it is none of %s', (host, verifiedHost, warns) => {
    const text = words(consent({ redirect: { kind: 'web', host }, client: { name: 'a', verifiedHost } }));
    expect(text.includes(`This is another website than ${verifiedHost}.`)).toBe(warns);
    expect(text).toContain(`you will be sent to ${host}`);
  });

  it('still warns that programs on this computer can pose as a verified app', () => {
    const redirect = { kind: 'loopback', host: '127.0.0.1' } as const;
    expect(words(consent({ redirect, client: { name: 'a', verifiedHost: 'claude.ai' } }))).toContain(
      'can pose as this',
    );
  });

  it.each<[ConsentView['redirect'], string]>([
    [{ kind: 'web', host: 'claude.ai' }, 'you will be sent to claude.ai'],
    [{ kind: 'loopback', host: '127.0.0.1' }, 'you will be sent to an app on this computer (127.0.0.1)'],
    [{ kind: 'app', scheme: 'cursor' }, 'you will be sent to the app that opens cursor:// links'],
  ])('tells where the browser goes in the end: %o', (redirect, sentence) => {
    const text = words(consent({ redirect }));
    expect(text).toContain(sentence);
    expect(text.includes('can pose as this app')).toBe(redirect.kind === 'loopback');
  });

  it('tells what the client wants to reach, by name and by address', () => {
    expect(words(consent({}))).toContain('It wants to reach Acme Documentsmcp.acme.example/mcp');
    expect(words(consent({ resource: { url: 'https://mcp.acme.example' } }))).toContain('connect to mcp.acme.example');
  });

  it('puts scopes into words, and keeps their technical names', () => {
    const text = words(consent({ scopes: [...ordinary.scopes, { name: 'mcp', description: undefined }] }));
    expect(text).toContain('It will be able to Read your documents docs:read');
    expect(text).toContain('docs:write mcp ');
    expect(words(consent({ scopes: [] }))).toContain('Use it in your name');
  });

  it('posts the transaction and a decision, with one provider', () => {
    const document = consent({});
    expect(document).toContain('<form method="post" action="/consent"');
    expect(document).toContain(`<input type="hidden" name="transaction" value="${ordinary.transaction}"`);
    expect(decisions(document)).toEqual(['deny', 'approve']);
    expect(words(document)).toContain('Next, you sign in with Google.');
  });

  it('offers one button for each of several providers', () => {
    const document = consent({ providers: threeProviders });
    expect(decisions(document)).toEqual(['approve:google', 'approve:github', 'approve:azure', 'deny']);
    expect(words(document)).toContain('Continue with Microsoft');
  });

  it('tells what a provider is asked for beside who the user is', () => {
    const providers = [{ id: 'github', name: 'GitHub', asks: ['repo', 'read:org'] }];
    expect(words(consent({ providers }))).toContain('This server asks GitHub for repo, read:org.');
    expect(words(consent({}))).not.toContain('This server asks');
  });

  it('offers a code to carry only where the app is said to be on this computer', () => {
    const redirect = { kind: 'loopback', host: '127.0.0.1' } as const;
    expect(consent({ redirect })).toContain('<input type="checkbox" name="handoff" value="code"');
    expect(consent({})).not.toContain('name="handoff"');
  });

  it('says above everything else that it is shown again', () => {
    expect(words(consent({ isRepeated: true })).trim()).toMatch(/^Please confirm once more, in this browser\./);
  });

  it('carries the headers that it is given', () => {
    expect(consentPage({ ...ordinary, headers: { 'set-cookie': ['a=b'] } }).headers['set-cookie']).toEqual(['a=b']);
  });

  it('cuts a long name to 80 code points and isolates it', () => {
    const name = `Claude${'\u202e '.repeat(300)}${'x'.repeat(2000)}`;
    expect(consent({ client: { name } })).toContain(`<bdi class="name">Claude ${'x'.repeat(72)}…</bdi>`);
  });
});

const hostile = `"><script>'\`&\u0000\u202e\u2066</style>`;

const places: Record<string, Partial<ConsentView>> = {
  action: { action: hostile },
  transaction: { transaction: hostile },
  'client name': { client: { name: hostile } },
  'client uri': { client: { name: 'a', uri: `https://a.example/${hostile}` } },
  'client uri host': { client: { name: 'a', uri: `https://${hostile}` } },
  'verified host': { client: { name: 'a', verifiedHost: hostile } },
  'web host': { redirect: { kind: 'web', host: hostile } },
  'loopback host': { redirect: { kind: 'loopback', host: hostile } },
  scheme: { redirect: { kind: 'app', scheme: hostile } },
  'resource url': { resource: { url: hostile } },
  'resource path': { resource: { url: `https://a.example/${hostile}`, name: 'a' } },
  'resource name': { resource: { url: 'https://a.example', name: hostile } },
  'scope name': { scopes: [{ name: hostile, description: undefined }] },
  'scope description': { scopes: [{ name: 'a', description: hostile }] },
  'provider id': { providers: [...threeProviders, { id: hostile, name: 'a' }] },
  'provider name': { providers: [{ id: 'a', name: hostile }] },
  'provider names': { providers: [...threeProviders, { id: 'a', name: hostile }] },
};

describe('a hostile text on the consent page', () => {
  it.each(Object.entries(places))('is inert as %s', (_, changes) => {
    const document = consent(changes);
    expect(document).not.toMatch(/<script|[\0\u202e\u2066]/);
    expect(document.match(/<\/style>/g)).toHaveLength(1);
    expect(shape(document)).toEqual(shape(consent(harmless(changes))));
  });
});

describe('the permissions on the page', () => {
  it('show apart what is new and what the client has', () => {
    const text = words(markup(consentPage(stepUp)));
    expect(text).toContain('New: it will also be able to In Acme Documents Create and change documents docs:write');
    expect(text).toContain('It already can Read your documents docs:read');
    expect(text).toContain('About you See your e-mail address email Staying connected Stay connected,');
  });

  it('say so where nothing is new', () => {
    const text = words(consent({ scopes: [{ name: 'a', description: 'Do it', isGranted: true }] }));
    expect(text).toContain('It will be able to, as before Do it a');
  });
});

describe('a user who has signed in already', () => {
  it('approves with that account, and chooses no provider', () => {
    const document = markup(consentPage(signedIn));
    expect(words(document)).toContain('You are signed in at Google as bob@acme.example.');
    expect(words(document)).toContain('Not the right account? Choose Cancel, sign out at Google');
    expect(decisions(document)).toEqual(['deny', 'approve']);
  });

  it('cannot change the page by what the account is called', () => {
    const called = (account: string) => consent({ providers: [], signedIn: { provider: 'Google', account } });
    expect(shape(called('<script>alert(1)</script>"'))).toEqual(shape(called('harmless')));
  });
});

/** The names of all elements, in order: what a text must not be able to change. */
function shape(document: string): string[] {
  return [...document.matchAll(/<\/?([a-z][a-z0-9]*)/gi)].map((match) => match[1] ?? '');
}

function harmless(changes: Partial<ConsentView>): Partial<ConsentView> {
  const text = JSON.stringify(changes).replaceAll(JSON.stringify(hostile).slice(1, -1), 'harmless');
  const copy = JSON.parse(text) as Partial<ConsentView>;
  // A host that does not parse is not shown at all.
  return changes.client?.uri === `https://${hostile}` ? { client: { name: 'a' } } : copy;
}

function decisions(document: string): (string | undefined)[] {
  return [...document.matchAll(/<button[^>]*type="submit"\s+name="decision"\s+value="([^"]*)"/g)].map(
    (match) => match[1],
  );
}
