import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { slackProvider, type SlackOptions } from '../../providers/slack.js';
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

const userInfo = 'https://slack.com/api/openid.connect.userInfo';
const document = {
  issuer: 'https://slack.com',
  authorization_endpoint: 'https://slack.com/openid/connect/authorize',
  token_endpoint: 'https://slack.com/api/openid.connect.token',
  userinfo_endpoint: userInfo,
  jwks_uri: 'https://slack.com/openid/connect/keys',
};
const claims = {
  iss: 'https://slack.com',
  sub: 'U0R7MFMJM',
  'https://slack.com/team_id': 'T0R7GR',
  'https://slack.com/user_id': 'U0R7MFMJM',
};
const profile = {
  ok: true,
  ...claims,
  email: 'krane@slack.example',
  email_verified: true,
  name: 'krane',
  picture: 'https://secure.gravatar.example/1.jpg',
  locale: 'en-US',
};

function part(options: Partial<SlackOptions> = {}, more: Partial<Part> = {}): Part {
  const provider = slackProvider({ ...credentials, ...options });
  return { provider, document, claims, answers: { [userInfo]: { body: profile } }, ...more };
}

describe('slackProvider', () => {
  beforeAll(() => nock.disableNetConnect());
  afterEach(() => nock.cleanAll());
  afterAll(() => nock.enableNetConnect());

  it('sends no PKCE, which would change the app for good', async () => {
    const parameters = await parametersOf(part());
    expect(parameters).toMatchObject({ scope: 'openid profile email', nonce: 'nonce-1', state: 'state-1' });
    expect(Object.keys(parameters).filter((name) => name.startsWith('code_'))).toEqual([]);
    const sent: Sent[] = [];
    await play(part(), sent);
    expect(sent[0]?.body.has('code_verifier')).toBe(false);
    expect(sent[0]?.body.get('redirect_uri')).toBe('https://gatehouse.example/oauth/callback');
  });

  it('names a user by workspace and user', async () => {
    const { user } = await play(part());
    const { raw, ...known } = user;
    expect(known).toEqual({
      sub: 'T0R7GR.U0R7MFMJM',
      email: 'krane@slack.example',
      email_verified: true,
      name: 'krane',
      picture: 'https://secure.gravatar.example/1.jpg',
      locale: 'en-US',
      organizations: ['T0R7GR'],
    });
    expect(raw.sub).toBe('U0R7MFMJM');
  });

  it('can be GovSlack, whose users are others', async () => {
    const atGov = <T>(value: T) =>
      JSON.parse(
        JSON.stringify(value).replaceAll(/https:\/\/slack\.com(?!\/(?:team|user)_id)/g, 'https://slack-gov.com'),
      ) as T;
    const base = part({ baseUrl: 'https://slack-gov.com/' });
    const { provider, ...others } = base;
    const { user, issuer } = await play({ provider, ...atGov(others) });
    expect([issuer, user.sub]).toEqual(['https://slack-gov.com', 'T0R7GR.U0R7MFMJM']);
    expect(provider.endpoints?.revocation).toBe('https://slack-gov.com/api/auth.revoke');
  });

  it.each(['T0R7GR', ['T1', 'T0R7GR']])('lets the users of %j in', async (team) => {
    expect((await play(part({ team }))).user.organizations).toEqual(['T0R7GR']);
  });

  it.each(['T1', [], ''])('keeps everybody else than the users of %j out', async (team) => {
    await expect(play(part({ team }))).rejects.toMatchObject({ code: 'access_denied' });
  });

  it('says which workspace is meant, if it is one', async () => {
    expect((await parametersOf(part({ team: 'T1' }))).team).toBe('T1');
  });

  it.each<[string, Partial<Part>]>([
    ['a profile of somebody else', { answers: { [userInfo]: { body: { ...profile, sub: 'U2' } } } }],
    [
      'a profile in another workspace',
      { answers: { [userInfo]: { body: { ...profile, 'https://slack.com/team_id': 'T2' } } } },
    ],
    ['a refusal in place of a profile', { answers: { [userInfo]: { body: { ok: false, error: 'token_revoked' } } } }],
    [
      'no workspace',
      {
        claims: { iss: claims.iss, sub: claims.sub },
        answers: { [userInfo]: { body: { ok: true, sub: claims.sub } } },
      },
    ],
  ])('signs nobody in on %s', async (_, more) => {
    await expect(play(part({}, more))).rejects.toMatchObject({ code: 'server_error' });
  });

  it.each([
    ['invalid_code', 'access_denied'],
    ['code_already_used', 'access_denied'],
    ['bad_client_secret', 'server_error'],
    ['invalid_client_id', 'server_error'],
    ['bad_redirect_uri', 'server_error'],
    ['ratelimited', 'temporarily_unavailable'],
    ['canary_error', 'server_error'],
  ])('takes ok: false with the error %s for what it is: %s', async (error, code) => {
    const fault: unknown = await play(part({}, { token: { body: { ok: false, error } } })).catch(
      (thrown: unknown) => thrown,
    );
    expect(fault).toMatchObject({ code });
    expect(String((fault as Error).cause)).not.toContain('canary');
  });

  it('takes ok: false for a refusal also when there is a token beside it', async () => {
    const token = { body: { ok: false, access_token: 'x', token_type: 'Bearer' } };
    await expect(play(part({}, { token }))).rejects.toMatchObject({ code: 'server_error' });
  });

  it('refreshes the tokens of an app with token rotation', async () => {
    const body = {
      ok: true,
      access_token: 'xoxe.xoxp-2',
      token_type: 'Bearer',
      refresh_token: 'xoxe-2',
      expires_in: 43200,
    };
    const sent: Sent[] = [];
    const { tokens, idToken } = await playRefresh(part({}, { token: { body } }), claims, sent);
    expect(tokens).toMatchObject({ access_token: 'xoxe.xoxp-2', refresh_token: 'xoxe-2', expires_in: 43200 });
    expect(idToken).toEqual(claims);
    expect(Object.fromEntries(sent[0]?.body ?? [])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-1',
      client_id: 'test-client',
      client_secret: 'test/secret+canary',
    });
  });

  it.each([
    [200, 'invalid_refresh_token', 'invalid_grant'],
    [200, 'token_revoked', 'invalid_grant'],
    [200, 'token_expired', 'invalid_grant'],
    [200, 'bad_client_secret', 'temporarily_unavailable'],
    [200, 'ratelimited', 'temporarily_unavailable'],
    [200, 'internal_error', 'temporarily_unavailable'],
    [200, 'canary_error', 'temporarily_unavailable'],
    [503, 'invalid_refresh_token', 'temporarily_unavailable'],
  ])('takes %s ok: false with %s for what it is when tokens are refreshed: %s', async (status, error, code) => {
    const token = { status, body: { ok: false, error } };
    await expect(playRefresh(part({}, { token }), claims)).rejects.toMatchObject({ code });
  });

  const revocation = 'https://slack.com/api/auth.revoke';

  it('revokes a token as its bearer', async () => {
    const sent: Sent[] = [];
    await playRevocation(part(), revocation, { body: { ok: true, revoked: true } }, sent);
    expect(sent[0]?.headers).toMatchObject({ authorization: 'Bearer access-1', 'user-agent': 'mcp-gatehouse' });
    expect(sent[0]?.body.toString()).toBe('');
    // Which is the one of the user's other sign-ins as well.
    expect(upstreamOf(part().provider).provider.revocation).toMatchObject({ reachesAll: true });
  });

  it.each(['token_revoked', 'token_expired', 'invalid_auth'])('has nothing left to revoke at %s', async (error) => {
    await expect(playRevocation(part(), revocation, { body: { ok: false, error } })).resolves.toBeUndefined();
  });

  it.each<[number, unknown]>([
    [200, { ok: false, error: 'fatal_error' }],
    [200, 'a page'],
    [500, { ok: true }],
  ])('says that it could not revoke at %s %j', async (status, body) => {
    await expect(playRevocation(part(), revocation, { status, body })).rejects.toMatchObject({ name: 'AuthError' });
  });
});
