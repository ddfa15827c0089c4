import type { HttpReply } from '../../src/http/message.js';
import type { Reader } from '../../src/pages/language.js';
import type { NoticeKind } from '../../src/pages/notice-view.js';
import {
  connected,
  connectedOverlong,
  ordinary,
  overlong,
  pagesWith,
  refused,
  refusedOverlong,
  signedIn,
  stepUp,
  threeProviders,
  verified,
} from './views.js';

const plain = pagesWith();
const branded = pagesWith({
  brand: {
    name: 'Acme Cloud',
    logo: `data:image/svg+xml,${encodeURIComponent(
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="32" height="32"><rect width="24" height="24" rx="6" fill="#0a7d4f"/><path d="M7 17 12 6l5 11" fill="none" stroke="#fff" stroke-width="2.5"/></svg>',
    )}`,
    colors: { accent: '#0a7d4f' },
    links: {
      privacy: 'https://acme.example/privacy',
      terms: 'https://acme.example/terms',
      support: 'mailto:help@acme.example',
    },
  },
});

const loopback = { kind: 'loopback', host: '127.0.0.1' } as const;
const identified = {
  ...ordinary,
  redirect: loopback,
  scopes: [
    ...ordinary.scopes,
    { name: 'email', description: 'See your e-mail address', kind: 'identity' },
    { name: 'offline_access', description: 'Stay connected', kind: 'offline' },
  ],
} as const;

/** The kinds of notices. */
export const noticeKinds: readonly NoticeKind[] = [
  'expired',
  'answered',
  'otherBrowser',
  'unknownClient',
  'blockedClient',
  'badRedirect',
  'badRequest',
  'denied',
  'unavailable',
  'tooMany',
  'fault',
  'signedOut',
];

const code = { value: 'ac.k1.u4mHf0TtbWc2c1uM6nR0xg.w9s3Lr.0.Zr8c1yq8pX4', ttl: 60 };
const codeUrl = `http://127.0.0.1:8910/callback?code=${code.value}&state=client-state&iss=https%3A%2F%2Fauth.acme.example`;

/** Every page that people can see, by the path that a test serves it at, for a reader. */
export async function gallery(reader: Reader = {}): Promise<Record<string, HttpReply>> {
  const notices = await Promise.all(
    noticeKinds.map(
      async (kind) => [`/notice-${kind}`, await plain.notice({ kind, requestId: 'aB3xQ9' }, reader)] as const,
    ),
  );
  return {
    '/consent': plain.consent(ordinary, reader),
    '/consent-verified': plain.consent(verified, reader),
    '/consent-known': plain.consent({ ...ordinary, client: { name: 'Acme Desk', isKnown: true } }, reader),
    '/consent-app': plain.consent({ ...ordinary, redirect: { kind: 'app', scheme: 'cursor' } }, reader),
    '/consent-loopback': plain.consent({ ...identified, isRepeated: true }, reader),
    '/consent-several': plain.consent({ ...ordinary, redirect: loopback, providers: threeProviders }, reader),
    '/consent-asks': plain.consent(
      { ...ordinary, providers: [{ id: 'github', name: 'GitHub', asks: ['repo', 'read:org'] }] },
      reader,
    ),
    '/consent-step-up': plain.consent(stepUp, reader),
    '/consent-signed-in': plain.consent(signedIn, reader),
    '/consent-overlong': plain.consent(overlong, reader),
    '/consent-elsewhere': plain.consent(
      { ...overlong, client: { ...overlong.client, verifiedHost: `${'docs.claude.ai.'.repeat(15)}example` } },
      reader,
    ),
    '/consent-hostile': plain.consent(
      { ...ordinary, client: { name: '\u202eapp\u200b <b>Verified</b> Сlaude', uri: 'https://xn--pple-43d.com' } },
      reader,
    ),
    '/consent-branded': branded.consent(identified, reader),
    '/refused': await plain.refused(refused, reader),
    '/refused-overlong': await plain.refused(refusedOverlong, reader),
    '/account': await plain.account(connected, reader),
    '/account-none': await branded.account(
      { ...connected, signedIn: { provider: 'Google', connections: [], hasMore: false, ended: [] } },
      reader,
    ),
    '/account-overlong': await plain.account(connectedOverlong, reader),
    '/account-sign-in': await plain.account(
      { action: '/account', form: 'sealed', providers: threeProviders, isRepeated: true },
      reader,
    ),
    '/hand-off-code': await plain.handOff({ url: codeUrl, code }, reader),
    '/notice-detail': await branded.notice(
      {
        kind: 'unavailable',
        retryAfter: 30,
        detail: 'The metadata document of the client cannot be read now.',
        requestId: 'r1',
      },
      reader,
    ),
    ...Object.fromEntries(notices),
  };
}

/** The page that opens an app by itself. */
export const openingPage = (url: string, reader: Reader = {}) => plain.handOff({ url }, reader);
