import type { HttpReply } from '../../src/http/message.js';
import type { AccountView } from '../../src/pages/account-view.js';
import type { ConsentView } from '../../src/pages/consent-view.js';
import { createPages, type PagesServices } from '../../src/pages/pages.js';
import type { RefusedView } from '../../src/pages/refused-view.js';

/** Pages without a brand, or with what a test changes. */
export const pagesWith = (changes: Partial<PagesServices> = {}) =>
  createPages({ brand: {}, words: {}, custom: {}, newNonce: () => 'nonce', log: () => undefined, ...changes });

/** What an ordinary client asks for. */
export const ordinary: ConsentView = {
  action: '/consent',
  transaction: 'sealed.'.padEnd(900, 'x'),
  client: { name: 'Claude' },
  redirect: { kind: 'web', host: 'claude.ai' },
  resource: { url: 'https://mcp.acme.example/mcp', name: 'Acme Documents' },
  scopes: [
    { name: 'docs:read', description: 'Read your documents' },
    { name: 'docs:write', description: 'Create and change documents' },
  ],
  providers: [{ id: 'google', name: 'Google' }],
};

/** What a client asks for that has proven its host. */
export const verified: ConsentView = {
  ...ordinary,
  client: { name: 'Claude', verifiedHost: 'claude.ai' },
};

/** Three places to sign in. */
export const threeProviders: ConsentView['providers'] = [
  { id: 'google', name: 'Google' },
  { id: 'github', name: 'GitHub' },
  { id: 'azure', name: 'Microsoft' },
];

/** What somebody sends who wants the page to break, and the host to be out of sight. */
export const overlong: ConsentView = {
  ...ordinary,
  client: { name: `Claude ${'W'.repeat(2000)}`, uri: `https://${'a.'.repeat(100)}example` },
  redirect: { kind: 'web', host: `${'login.claude.ai.'.repeat(15)}evil.example` },
  resource: { url: `https://mcp.acme.example/${'path'.repeat(250)}`, name: 'Documents'.repeat(60) },
  scopes: Array.from({ length: 40 }, (_, i) => ({
    name: `scope:${'y'.repeat(i * 4)}`,
    description: i % 2 === 0 ? undefined : `Do ${'z'.repeat(i * 6)}`,
  })),
  providers: [{ id: 'acme', name: 'Provider'.repeat(40) }],
  isRepeated: true,
};

/** Somebody whom no rule lets in. */
export const refused: RefusedView = {
  provider: 'Google',
  account: 'eve@example.com',
  resource: ordinary.resource,
  reason: undefined,
  returnUrl: '/back?error=access_denied&state=a',
  requestId: 'r3',
};

/** The same, by names that want the page to break. */
export const refusedOverlong: RefusedView = {
  ...refused,
  provider: 'Provider'.repeat(40),
  account: `${'W'.repeat(60)}@${'a.'.repeat(90)}example`,
  resource: overlong.resource,
  reason: 'Reason'.repeat(80),
};

/** The document of a reply, as text. */
export function markup(reply: HttpReply): string {
  if (typeof reply.body !== 'string') throw new Error('The reply has no text.');
  return reply.body;
}

/** What a client asks for that comes back for more. */
export const stepUp: ConsentView = {
  ...verified,
  scopes: [
    { name: 'docs:read', description: 'Read your documents', isGranted: true },
    { name: 'docs:write', description: 'Create and change documents' },
    { name: 'email', description: 'See your e-mail address', kind: 'identity' },
    { name: 'offline_access', description: 'Stay connected', kind: 'offline' },
  ],
};

/** What a user is shown who has signed in already, in place of somebody else. */
export const signedIn: ConsentView = {
  ...ordinary,
  providers: [],
  signedIn: { provider: 'Google', account: 'bob@acme.example' },
};

/** Somebody who has connected two applications, and has just ended the access of a third. */
export const connected: AccountView = {
  action: '/account',
  form: 'sealed',
  providers: [],
  signedIn: {
    provider: 'Google',
    ended: [{ name: 'Old app' }],
    hasMore: false,
    connections: [
      {
        grantId: 'user.claude.mac',
        client: verified.client,
        resource: ordinary.resource,
        scopes: stepUp.scopes,
        createdAt: Date.UTC(2026, 0, 31, 23, 59) / 1000,
        usedAt: Date.UTC(2026, 1, 3) / 1000,
      },
      {
        grantId: 'user.cursor.mac',
        client: { name: 'Cursor', uri: 'https://cursor.example' },
        resource: { url: 'https://mcp.acme.example/mcp' },
        scopes: [],
        createdAt: Date.UTC(2025, 11, 24) / 1000,
      },
    ],
  },
};

/** The same, by names that want the page to break. */
export const connectedOverlong: AccountView = {
  ...connected,
  signedIn: {
    provider: 'Provider'.repeat(40),
    ended: [overlong.client],
    hasMore: true,
    connections: [1, 2].map((each) => ({
      grantId: `user.${each}.mac`,
      client: { ...overlong.client, ...(each === 1 && { verifiedHost: `${'docs.claude.ai.'.repeat(15)}example` }) },
      resource: overlong.resource,
      scopes: overlong.scopes,
      createdAt: 0,
    })),
  },
};
