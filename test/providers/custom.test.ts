import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { customProvider, type CustomOptions } from '../../providers/custom.js';
import { credentials, parametersOf, play, playRevocation, upstreamOf, type Part, type Sent } from './stage.js';

const endpoints = {
  authorizationEndpoint: 'https://idp.example/oauth/authorize',
  tokenEndpoint: 'https://idp.example/oauth/token',
  userInfoEndpoint: 'https://api.idp.example/me',
};
const basis = { id: 'my-idp', name: 'My Identity Provider', ...credentials, ...endpoints };

function part(options: Partial<CustomOptions> = {}, profile: unknown = { sub: '1' }, more: Partial<Part> = {}): Part {
  return {
    provider: customProvider({ ...basis, ...options }),
    answers: { [endpoints.userInfoEndpoint]: { body: profile } },
    ...more,
  };
}

describe('customProvider', () => {
  beforeAll(() => nock.disableNetConnect());
  afterEach(() => nock.cleanAll());
  afterAll(() => nock.enableNetConnect());

  it('needs endpoints and a client, and knows the rest', async () => {
    const { user, issuer } = await play(part({}, { sub: '1', email: 'a@b.example', email_verified: 'true' }));
    expect(issuer).toBe('https://idp.example');
    expect(user).toMatchObject({ sub: '1', email: 'a@b.example', email_verified: true });
  });

  it('asks for no scope when there is none, and for PKCE unless told otherwise', async () => {
    const parameters = await parametersOf(part());
    expect('scope' in parameters).toBe(false);
    expect(parameters.code_challenge_method).toBe('S256');
    const without = await parametersOf(part({ supportsPkce: false, scopes: ['a', 'b'] }));
    expect('code_challenge' in without).toBe(false);
    expect(without.scope).toBe('a b');
  });

  it('takes what other packages call the same options', async () => {
    const options: Partial<CustomOptions> = {
      tokenEndpointAuthMethod: 'client_secret_basic',
      authorizationParams: { audience: 'api', state: 'forged' },
      tokenParams: { audience: 'api', code: 'forged', grant_type: 'forged' },
    };
    expect(await parametersOf(part(options))).toMatchObject({ audience: 'api', state: 'state-1' });
    const sent: Sent[] = [];
    await play(part(options), sent);
    expect(sent[0]?.headers.authorization).toMatch(/^Basic /);
    expect(Object.fromEntries(sent[0]?.body ?? [])).toMatchObject({
      audience: 'api',
      code: 'code-1',
      grant_type: 'authorization_code',
    });
    expect(sent[0]?.body.has('client_secret')).toBe(false);
    const { provider } = part({ ...options, clientAuthentication: 'client_secret_post' });
    expect(provider.clientAuthentication).toBe('client_secret_post');
  });

  it('takes claims by other names, also from within', async () => {
    const claims = { sub: 'data.id', name: 'data.display', picture: 'data.images.0.url', email: 'data.mail' };
    const profile = { data: { id: 7, display: 'A', images: [{ url: 'https://x.example/a.png' }] }, email: 'own' };
    const { user } = await play(part({ claims }, profile));
    expect(user).toMatchObject({ sub: '7', name: 'A', picture: 'https://x.example/a.png' });
    expect('email' in user).toBe(false);
  });

  it.each<[Record<string, string>, boolean]>([
    [{ sub: 'id' }, true],
    [{ sub: 'id', email: 'contact.mail' }, false],
    [{ sub: 'id', email: 'contact.mail', email_verified: 'contact.ok' }, true],
    [{ sub: 'id', email: 'contact.mail', email_verified: 'contact.none' }, false],
  ])('with the claims %j takes an address for verified: %s', async (claims, verified) => {
    const contact = { mail: 'ceo@corp.example', ok: true };
    const profile = { id: 7, email: 'mallory@evil.example', email_verified: true, contact };
    const { user } = await play(part({ claims }, profile));
    expect(user.email_verified).toBe(verified);
  });

  it('asks who the user is in its own words, with its own headers', async () => {
    const sent: Sent[] = [];
    const groups = 'https://api.idp.example/groups';
    const scene = part(
      {
        headers: { 'X-Version': '2' },
        identify: async ({ profile, ask }) => ({ sub: profile.key, groups: await ask(groups) }),
      },
      { key: 'k' },
    );
    const { user } = await play({ ...scene, answers: { ...scene.answers, [groups]: { body: ['g'] } } }, sent);
    expect(user).toMatchObject({ sub: 'k', groups: ['g'], raw: { key: 'k' } });
    expect(sent.map(({ headers }) => headers['x-version'])).toEqual(['2', '2', '2']);
    expect(sent[0]?.headers.accept).toBe('application/json');
  });

  it('shows the token to nobody else', async () => {
    const identify: CustomOptions['identify'] = async ({ ask }) => ({ sub: await ask('https://evil.example/me') });
    await expect(play(part({ identify }))).rejects.toMatchObject({ code: 'server_error' });
  });

  it.each([
    ['iss=https%3A%2F%2Fidp.example', true],
    ['iss=https%3A%2F%2Fevil.example', false],
    ['x=1', true],
  ])('takes a callback with %s: %s', async (more, isGood) => {
    const attempt = play(part({}, { sub: '1' }, { callbackQuery: `code=code-1&state=state-1&${more}` }));
    if (isGood) expect((await attempt).user.sub).toBe('1');
    else await expect(attempt).rejects.toMatchObject({ code: 'access_denied' });
  });

  it.each([
    ['bad', 'access_denied'],
    ['other', 'server_error'],
  ])('knows the error %s by its own list: %s', async (error, code) => {
    const options = { errorCodes: { bad: 'invalid_grant' } };
    await expect(play(part(options, {}, { token: { body: { error } } }))).rejects.toMatchObject({ code });
  });

  it.each<[string, Partial<CustomOptions>, string]>([
    ['an endpoint without TLS', { tokenEndpoint: 'http://idp.example/token' }, 'the endpoint token'],
    ['no token endpoint', { tokenEndpoint: '' }, 'authorization and token'],
    ['no address to ask at', { userInfoEndpoint: undefined }, 'who the user is'],
    ['an address that is none', { authorizationEndpoint: 'idp.example' }, 'the issuer'],
    ['a userinfo endpoint that is a script', { userInfoEndpoint: 'javascript:alert(1)' }, 'the endpoint userInfo'],
  ])('does not start with %s', (_, options, words) => {
    expect(() => upstreamOf(customProvider({ ...basis, ...options }))).toThrow(words);
  });

  it('may be without TLS on this computer', () => {
    const local = 'http://127.0.0.1:3000';
    const provider = customProvider({
      ...basis,
      authorizationEndpoint: `${local}/a`,
      tokenEndpoint: `${local}/t`,
      userInfoEndpoint: `${local}/u`,
    });
    expect(upstreamOf(provider).provider.issuer).toBe(local);
  });

  it('revokes tokens where it is told where', async () => {
    const revocationEndpoint = 'https://idp.example/oauth/revoke';
    const sent: Sent[] = [];
    await playRevocation(part({ revocationEndpoint }), revocationEndpoint, { body: '' }, sent);
    expect(sent[0]?.body.get('token')).toBe('r-1');
    await expect(
      upstreamOf(part().provider).revoke({ access_token: 'x', token_type: 'bearer' }),
    ).resolves.toBeUndefined();
  });
});
