import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { discordProvider, type DiscordOptions } from '../../providers/discord.js';
import {
  credentials,
  parametersOf,
  play,
  playRefresh,
  playRevocation,
  upstreamOf,
  type Part,
  type Sent,
} from './stage.js';

const me = 'https://discord.com/api/users/@me';
const guilds = `${me}/guilds`;
const profile = {
  id: '80351110224678912',
  username: 'nelly',
  discriminator: '0',
  global_name: 'Nelly',
  avatar: '8342729096ea3675442027381ff50dfe',
  verified: true,
  email: 'nelly@discord.example',
  locale: 'en-US',
};

function part(options: Partial<DiscordOptions> = {}, changes: object = {}, more: Partial<Part> = {}): Part {
  const provider = discordProvider({ ...credentials, ...options });
  return { provider, answers: { [me]: { body: { ...profile, ...changes } } }, ...more };
}

describe('discordProvider', () => {
  beforeAll(() => nock.disableNetConnect());
  afterEach(() => nock.cleanAll());
  afterAll(() => nock.enableNetConnect());

  it('asks with PKCE and state, and without a nonce', async () => {
    const parameters = await parametersOf(part());
    expect(parameters).toMatchObject({ scope: 'identify email', state: 'state-1', code_challenge_method: 'S256' });
    expect('nonce' in parameters).toBe(false);
  });

  it('says who the user is', async () => {
    const sent: Sent[] = [];
    const { user, tokens, issuer } = await play(part(), sent);
    const { raw, ...known } = user;
    expect(known).toEqual({
      sub: '80351110224678912',
      email: 'nelly@discord.example',
      email_verified: true,
      name: 'Nelly',
      preferred_username: 'nelly',
      locale: 'en-US',
      picture: 'https://cdn.discordapp.com/avatars/80351110224678912/8342729096ea3675442027381ff50dfe.png',
    });
    expect(raw.verified).toBe(true);
    expect(issuer).toBe('https://discord.com');
    expect(tokens.access_token).toBe('access-1');
    expect(sent.map(({ address }) => address)).toEqual(['https://discord.com/api/oauth2/token', me]);
    expect(sent[0]?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    expect(sent[0]?.body.get('code_verifier')).toBe('v'.repeat(43));
    expect(sent[1]?.headers).toMatchObject({ authorization: 'Bearer access-1', 'user-agent': 'mcp-gatehouse' });
  });

  it.each<[string, object, object]>([
    ['who moves', { avatar: 'a_1' }, { picture: 'https://cdn.discordapp.com/avatars/80351110224678912/a_1.gif' }],
    ['without a picture', { avatar: null }, { picture: 'https://cdn.discordapp.com/embed/avatars/5.png' }],
    [
      'without a picture, with an old name',
      { avatar: null, discriminator: '1337' },
      { picture: 'https://cdn.discordapp.com/embed/avatars/2.png' },
    ],
    ['without a display name', { global_name: null }, { name: 'nelly' }],
    ['whose address is not verified', { verified: false }, { email_verified: false }],
  ])('shows a user %s', async (_, changes, expected) => {
    expect((await play(part({}, changes))).user).toMatchObject(expected);
  });

  it('has no verified address for an account that was made by telephone', async () => {
    const { user } = await play(part({}, { email: null, verified: true }));
    expect(user.email_verified).toBe(false);
    expect('email' in user).toBe(false);
  });

  const bothSought = { organizations: ['1'], groups: ['1/10', '2/20', '2/21', '3/30', '../9', 'x/1'] };

  it('asks for what the rules of access need, and for nothing else', async () => {
    expect((await parametersOf(part())).scope).toBe('identify email');
    const scopes = async (sought: Part['sought']) =>
      (await parametersOf({ ...part(), ...(sought && { sought }) })).scope;
    expect(await scopes({ organizations: ['1'], groups: [] })).toBe('identify email guilds');
    expect(await scopes({ organizations: [], groups: ['1/2'] })).toBe('identify email guilds.members.read');
    expect(await scopes(bothSought)).toBe('identify email guilds guilds.members.read');
  });

  it('knows the roles of the guilds that rules name, and asks about no other', async () => {
    const scene = part({}, {}, { sought: bothSought });
    const answers = {
      ...scene.answers,
      [guilds]: { body: [{ id: '1' }] },
      [`${guilds}/1/member`]: { body: { roles: ['10', '11'] } },
      [`${guilds}/2/member`]: { status: 404, body: { message: 'Unknown Guild', code: 10004 } },
      [`${guilds}/3/member`]: { body: { roles: [] } },
    };
    const sent: Sent[] = [];
    const { user } = await play({ ...scene, answers }, sent);
    expect(user).toMatchObject({ organizations: ['1'], groups: ['1/10', '1/11'] });
    expect(sent.filter(({ address }) => address.endsWith('/member'))).toHaveLength(3);
  });

  it('does not know roles that nobody asks for, or that were not granted', async () => {
    expect('groups' in (await play(part({ scopes: ['identify', 'guilds.members.read'] }))).user).toBe(false);
    const token = { body: { access_token: 'access-1', token_type: 'Bearer', scope: 'identify email' } };
    const { user } = await play(part({}, {}, { sought: bothSought, token }));
    expect([user.organizations, user.groups]).toEqual([undefined, undefined]);
  });

  it('signs nobody in when a guild cannot be asked for now', async () => {
    const scene = part({}, {}, { sought: { organizations: [], groups: ['1/10'] } });
    const answers = { ...scene.answers, [`${guilds}/1/member`]: { status: 429, body: {} } };
    await expect(play({ ...scene, answers })).rejects.toMatchObject({ code: 'temporarily_unavailable' });
  });

  it.each<[string, object, unknown]>([
    ['those of the user', { body: [{ id: '1' }, { id: '2' }] }, ['1', '2']],
    ['none', { body: [] }, []],
    ['unknown when refused', { status: 403, body: { message: 'Missing Access', code: 50001 } }, undefined],
  ])('knows the servers: %s', async (_, answer, expected) => {
    const scene = part({ scopes: ['identify', 'guilds'] });
    const { user } = await play({ ...scene, answers: { ...scene.answers, [guilds]: answer as never } });
    expect(user.organizations).toEqual(expected);
  });

  it.each<[number, unknown, string]>([
    [401, { message: '401: Unauthorized', code: 0 }, 'server_error'],
    [429, { message: 'You are being rate limited.', retry_after: 1.5 }, 'temporarily_unavailable'],
    [429, 'error code: 1015', 'temporarily_unavailable'],
    [500, 'oops', 'temporarily_unavailable'],
    [200, '<h1>Maintenance</h1>', 'temporarily_unavailable'],
    [200, [], 'server_error'],
    [200, {}, 'server_error'],
    [302, {}, 'server_error'],
  ])('signs nobody in when the profile is %s %j', async (status, body, code) => {
    const scene = part({}, {}, { answers: { [me]: { status, body } } });
    await expect(play(scene)).rejects.toMatchObject({ code });
  });

  it.each<[number, unknown, string]>([
    [400, { error: 'invalid_grant', error_description: 'Invalid "code" in request.' }, 'access_denied'],
    [401, { error: 'invalid_client' }, 'server_error'],
    [429, 'error code: 1015', 'temporarily_unavailable'],
  ])('takes the answer %s %j of the token endpoint for what it is', async (status, body, code) => {
    await expect(play(part({}, {}, { token: { status, body } }))).rejects.toMatchObject({ code });
  });

  it('refuses a callback with another state', async () => {
    const scene = part({}, {}, { callbackQuery: 'code=code-1&state=other' });
    await expect(play(scene)).rejects.toMatchObject({ code: 'access_denied' });
  });

  it('refreshes tokens, with a form', async () => {
    const body = {
      access_token: 'a-2',
      token_type: 'Bearer',
      expires_in: 604800,
      refresh_token: 'r-2',
      scope: 'identify',
    };
    const sent: Sent[] = [];
    const { tokens } = await playRefresh(part({}, {}, { token: { body } }), {}, sent);
    expect(tokens).toEqual({ ...body, token_type: 'bearer' });
    expect(sent[0]?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    expect(sent[0]?.body.get('refresh_token')).toBe('refresh-1');
  });

  it.each<[number, unknown, string]>([
    [400, { error: 'invalid_grant' }, 'invalid_grant'],
    [401, { error: 'invalid_client' }, 'temporarily_unavailable'],
    [400, { error: 'unsupported_grant_type' }, 'temporarily_unavailable'],
    [429, { message: 'You are being rate limited.', retry_after: 1.5 }, 'temporarily_unavailable'],
    [429, 'error code: 1015', 'temporarily_unavailable'],
  ])('takes %s %j for what it is when tokens are refreshed: %s', async (status, body, code) => {
    await expect(playRefresh(part({}, {}, { token: { status, body } }))).rejects.toMatchObject({ code });
  });

  it('revokes the refresh token, which ends everything that the user approved', async () => {
    const sent: Sent[] = [];
    const scene = part();
    await playRevocation(scene, 'https://discord.com/api/oauth2/token/revoke', { body: {} }, sent);
    expect(Object.fromEntries(sent[0]?.body ?? [])).toEqual({
      token: 'r-1',
      token_type_hint: 'refresh_token',
      client_id: 'test-client',
      client_secret: 'test/secret+canary',
    });
    expect(upstreamOf(scene.provider).provider.revocation).toEqual({ reachesAll: true });
  });
});
