import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import { googleProvider } from '../../providers/google.js';
import { providerContract } from './contract.js';
import { readFixture } from './fixture.js';
import { signIn, type Scene } from './scene.js';

const credentials = { clientId: 'test-client', clientSecret: 'test/secret+canary' };

providerContract('google', {
  provider: (client) => googleProvider(client),
  unused: { 'google.userinfo.v2_legacy': 'the older endpoint has other names for everything' },
  variants: { hd_restricted_consumer: (client) => googleProvider({ ...client, hostedDomain: 'corp.example' }) },
});

describe('googleProvider', () => {
  afterEach(() => nock.cleanAll());

  const fixture = readFixture('google');
  const [token] = fixture.token_success;
  const sceneWith = (provider: Scene['provider'], claims: Record<string, unknown> = {}): Scene => ({
    fixture,
    provider,
    ...(token && {
      token: {
        ...token,
        id_token: token.id_token && { ...token.id_token, claims: { ...token.id_token.claims, ...claims } },
      },
    }),
    profiles: fixture.userinfo.filter(({ id }) => id === 'google.userinfo'),
  });

  it('asks for a refresh token, and takes more parameters', () => {
    const provider = googleProvider({ ...credentials, authorizationParameters: { login_hint: 'a@example.com' } });
    expect(provider.authorizationParameters).toEqual({
      access_type: 'offline',
      prompt: 'consent',
      login_hint: 'a@example.com',
    });
  });

  it.each([
    ['example.com', 'example.com'],
    ['Example.com', 'Example.com'],
    ['*', '*'],
    [['other.example', 'example.com'], '*'],
  ])('lets the users of %j in', async (hostedDomain, hint) => {
    const provider = googleProvider({ ...credentials, hostedDomain });
    expect(provider.authorizationParameters?.hd).toBe(hint);
    expect((await signIn(sceneWith(provider))).user.organizations).toEqual(['example.com']);
  });

  it.each(['other.example', [], 'com', ''])('keeps everybody else than the users of %j out', async (hostedDomain) => {
    const provider = googleProvider({ ...credentials, hostedDomain });
    await expect(signIn(sceneWith(provider))).rejects.toMatchObject({ code: 'access_denied' });
  });

  it('takes a domain from the ID token only', async () => {
    const provider = googleProvider({ ...credentials, hostedDomain: 'example.com' });
    await expect(signIn(sceneWith(provider, { hd: undefined }))).rejects.toMatchObject({ code: 'access_denied' });
  });

  it('takes ID tokens of its older issuer, for the same users', async () => {
    const { issuer, user } = await signIn(sceneWith(googleProvider(credentials), { iss: 'accounts.google.com' }));
    expect(issuer).toBe('https://accounts.google.com');
    expect(user.sub).toBe('10769150350006150715113082367');
  });

  it('takes such a token also where the callback names the issuer', async () => {
    const scene = sceneWith(googleProvider(credentials), { iss: 'accounts.google.com' });
    const callbackQuery = 'code=code-1&state=state-1&iss=https%3A%2F%2Faccounts.google.com';
    expect((await signIn({ ...scene, callbackQuery })).issuer).toBe('https://accounts.google.com');
  });

  it.each<[string, readonly string[] | undefined, boolean]>([
    ['example.com', ['example.com'], true],
    ['example.com', ['Example.com'], true],
    ['example.com', undefined, false],
    ['example.com', ['other.example'], false],
    ['gmail.com', undefined, true],
    ['googlemail.com', undefined, true],
    ['evilgmail.com', undefined, false],
  ])(
    'takes a verified address in %s of an account in %j for one of that domain: %s',
    (domain, organizations, expected) => {
      const user = {
        sub: '1',
        email: `a@${domain}`,
        email_verified: true,
        raw: {},
        ...(organizations && { organizations }),
      };
      expect(googleProvider(credentials).isOfDomain?.(user, domain)).toBe(expected);
    },
  );
});
