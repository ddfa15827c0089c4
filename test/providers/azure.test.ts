import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { azureProvider, type AzureOptions } from '../../providers/azure.js';
import { credentials, parametersOf, play, playRefresh, upstreamOf, type Part, type Sent } from './stage.js';

const host = 'https://login.microsoftonline.com';
const acme = '11111111-2222-3333-4444-555555555555';
const other = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';
const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad';
const template = `${host}/{tenantid}/v2.0`;

function part(options: Partial<AzureOptions>, claims: Record<string, unknown> = {}, more: Partial<Part> = {}): Part {
  const provider = azureProvider({ ...credentials, ...options });
  const tenant = options.tenant ?? options.tenantId ?? '';
  const isOne = /^[0-9a-f-]{36}$/.test(tenant);
  return {
    provider,
    document: {
      issuer: isOne ? `${host}/${tenant}/v2.0` : template,
      authorization_endpoint: `${host}/${tenant}/oauth2/v2.0/authorize`,
      token_endpoint: `${host}/${tenant}/oauth2/v2.0/token`,
      jwks_uri: `${host}/${tenant}/discovery/v2.0/keys`,
      userinfo_endpoint: 'https://graph.microsoft.com/oidc/userinfo',
    },
    claims: { iss: `${host}/${acme}/v2.0`, tid: acme, sub: 'pairwise-1', oid: 'o-1', ...claims },
    key: { issuer: template, use: 'sig' },
    ...more,
  };
}

describe('azureProvider', () => {
  beforeAll(() => nock.disableNetConnect());
  afterEach(() => nock.cleanAll());
  afterAll(() => nock.enableNetConnect());

  it('asks for refresh tokens by a scope, with PKCE although it is not published', async () => {
    expect(await parametersOf(part({ tenant: acme }))).toMatchObject({
      scope: 'openid profile email offline_access',
      code_challenge_method: 'S256',
      nonce: 'nonce-1',
    });
  });

  it.each<[string, Partial<AzureOptions>]>([
    ['its own tenant', { tenant: acme }],
    ['its own tenant, called tenantId', { tenantId: acme }],
    ['its own tenant in capitals', { tenant: acme.toUpperCase() }],
    ['organizations of a list', { tenant: 'organizations', allowedTenants: [acme.toUpperCase()] }],
    ['any organization', { tenant: 'organizations', anyTenant: true }],
    ['any account', { tenant: 'common', anyTenant: true }],
  ])('signs in users of %s', async (_, options) => {
    const tenant = (options.tenant ?? options.tenantId ?? '').toLowerCase();
    const { user, issuer } = await play({
      ...part({ tenant }),
      provider: azureProvider({ ...credentials, ...options }),
    });
    expect(user).toMatchObject({ sub: `${acme}.o-1`, organizations: [acme], email_verified: false });
    expect(user.raw.sub).toBe('pairwise-1');
    expect(issuer).toBe(`${host}/${acme}/v2.0`);
  });

  it('signs in personal accounts where it is told to', async () => {
    const scene = part({ tenant: 'consumers' }, { tid: consumers, iss: `${host}/${consumers}/v2.0` });
    const document = { ...scene.document, issuer: `${host}/${consumers}/v2.0` };
    expect((await play({ ...scene, document })).user.organizations).toEqual([consumers]);
  });

  it('takes a tenant by its domain, whose issuer is the one that is published', async () => {
    const scene = part({ tenant: 'acme.example' });
    const document = { ...scene.document, issuer: `${host}/${acme}/v2.0` };
    expect((await play({ ...scene, document })).issuer).toBe(`${host}/${acme}/v2.0`);
    const claims = { ...scene.claims, tid: other, iss: `${host}/${other}/v2.0` };
    await expect(play({ ...scene, document, claims })).rejects.toMatchObject({ code: 'server_error' });
  });

  const of = (tid: string) => ({ tid, iss: `${host}/${tid}/v2.0` });
  it.each<[string, Partial<AzureOptions>, Record<string, unknown>]>([
    ['another tenant', { tenant: acme }, of(other)],
    ['a tenant that is not on the list', { tenant: 'organizations', allowedTenants: [acme] }, of(other)],
    ['no organization', { tenant: 'organizations', anyTenant: true }, of(consumers)],
    ['an organization where personal accounts are meant', { tenant: 'consumers' }, of(acme)],
  ])('refuses users of %s', async (_, options, claims) => {
    await expect(play(part(options, claims))).rejects.toMatchObject({ code: 'access_denied' });
  });

  it.each<[string, Record<string, unknown>]>([
    ['whose tenant and issuer differ', { tid: other }],
    ['without a tenant', { tid: undefined }],
    ['whose tenant is a pattern', { tid: '{tenantid}', iss: template }],
    ['of an older version', { iss: `https://sts.windows.net/${acme}/` }],
    ['that repeats another nonce', { nonce: 'other' }],
  ])('refuses an ID token %s', async (_, claims) => {
    const scene = part({ tenant: 'common', anyTenant: true }, claims);
    await expect(play(scene)).rejects.toMatchObject({ code: 'server_error' });
  });

  it('takes users of two tenants for two users, whatever else is the same', async () => {
    const scene = part({ tenant: 'common', anyTenant: true }, of(other));
    expect((await play(scene)).user.sub).toBe(`${other}.o-1`);
  });

  it.each([undefined, ''])('signs nobody in whose id is %j', async (oid) => {
    await expect(play(part({ tenant: acme }, { oid }))).rejects.toMatchObject({ code: 'server_error' });
  });

  it('refuses an ID token that the key of another tenant signed', async () => {
    const key = { issuer: `${host}/${consumers}/v2.0` };
    await expect(play(part({ tenant: 'common', anyTenant: true }, {}, { key }))).rejects.toMatchObject({
      code: 'server_error',
    });
    const own = { issuer: `${host}/${acme}/v2.0` };
    expect((await play(part({ tenant: 'common', anyTenant: true }, {}, { key: own }))).user.sub).toBe(`${acme}.o-1`);
  });

  it('refuses the document of another host', async () => {
    const scene = part({ tenant: acme });
    const document = { ...scene.document, issuer: `https://evil.example/${acme}/v2.0` };
    await expect(play({ ...scene, document })).rejects.toMatchObject({ code: 'server_error' });
  });

  it.each([
    [true, true],
    ['true', true],
    [1, true],
    ['1', true],
    [false, false],
    ['false', false],
    ['0', false],
    [undefined, false],
  ])('has a verified address when xms_edov is %j: %s', async (xms_edov, expected) => {
    const claims = { email: 'a@acme.example', email_verified: true, xms_edov };
    const { user } = await play(part({ tenant: acme }, claims));
    expect(user).toMatchObject({ email: 'a@acme.example', email_verified: expected });
  });

  it('takes no other name for an address', async () => {
    const { user } = await play(
      part({ tenant: acme }, { preferred_username: 'a@acme.example', upn: 'a@acme.example' }),
    );
    expect('email' in user).toBe(false);
    expect(user.preferred_username).toBe('a@acme.example');
  });

  it('has the language that the user prefers, where the app has that optional claim', async () => {
    expect((await play(part({ tenant: acme }, { xms_pl: 'de-de', ctry: 'DE' }))).user.locale).toBe('de-de');
    expect('locale' in (await play(part({ tenant: acme }, { ctry: 'DE' }))).user).toBe(false);
  });

  it.each<[string, Record<string, unknown>, unknown]>([
    ['are those of the ID token', { groups: ['g-1'] }, ['g-1']],
    ['are unknown without one', {}, undefined],
    [
      'are those of the ID token, whatever else is elsewhere',
      { groups: ['g-1'], _claim_names: { x: 'src1' } },
      ['g-1'],
    ],
  ])('has groups that %s', async (_, claims, expected) => {
    expect((await play(part({ tenant: acme }, claims))).user.groups).toEqual(expected);
  });

  const tooMany = { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://evil.example/' } } };
  it.each<[Record<string, unknown>, string | undefined, string]>([
    [tooMany, undefined, 'https://graph.microsoft.com'],
    [{ hasgroups: true, groups: [] }, undefined, 'https://graph.microsoft.com'],
    [tooMany, 'https://login.microsoftonline.us', 'https://graph.microsoft.us'],
    [tooMany, 'https://login.partner.microsoftonline.cn/', 'https://microsoftgraph.chinacloudapi.cn'],
  ])('has as many groups as there are, with %j at %s from %s', async (claims, authority, graph) => {
    const value = Array.from(
      { length: 11_000 },
      (_, index) => `11111111-2222-3333-4444-${String(index).padStart(12, '0')}`,
    );
    const base = part({ tenant: acme }, claims);
    const text = JSON.stringify([base.document, base.claims, base.key]).replaceAll(
      host,
      (authority ?? host).replace(/\/$/, ''),
    );
    const [document, own, key] = JSON.parse(text) as [object, object, object];
    const provider = azureProvider({ ...credentials, tenant: acme, ...(authority && { authority }) });
    const answers = { [`POST ${graph}/v1.0/me/getMemberObjects`]: { body: { value } } };
    const sent: Sent[] = [];
    const { user } = await play({ provider, document, claims: own, key, answers } as Part, sent);
    expect(user.groups).toEqual(value);
    expect(sent.at(-1)).toMatchObject({
      json: { securityEnabledOnly: false },
      headers: { authorization: 'Bearer access-1' },
    });
  });

  it.each<[string, number, unknown]>([
    ['refused', 403, { error: { code: 'Authorization_RequestDenied' } }],
    ['refused a token for something else', 401, { error: { code: 'InvalidAuthenticationToken' } }],
    ['something else', 200, { odd: true }],
  ])('has groups that are unknown when Graph answers: %s', async (_, status, body) => {
    const answers = { 'POST https://graph.microsoft.com/v1.0/me/getMemberObjects': { status, body } };
    const { user } = await play(part({ tenant: acme }, tooMany, { answers }));
    expect('groups' in user).toBe(false);
  });

  it.each<[string, Part['answers']]>([
    ['is overloaded', { 'POST https://graph.microsoft.com/v1.0/me/getMemberObjects': { status: 503, body: {} } }],
    ['cannot be reached', {}],
  ])('signs in without groups when Graph %s, unless a rule of access names some', async (_, answers = {}) => {
    const scene = part({ tenant: acme }, tooMany, { answers });
    expect('groups' in (await play(scene)).user).toBe(false);
    const sought = { organizations: [], groups: ['g-1'] };
    await expect(play({ ...scene, sought })).rejects.toMatchObject({ code: 'temporarily_unavailable' });
  });

  it.each<[Partial<AzureOptions>, string]>([
    [{ tenant: 'common' }, 'anyTenant'],
    [{ tenant: 'organizations' }, 'allowedTenants (AZURE_ALLOWED_TENANTS)'],
    [{ tenant: 'common' }, '(AZURE_ALLOW_EVERYBODY=true)'],
    [{ tenant: '' }, 'tenant is missing'],
    [{}, 'tenant is missing'],
    [{ tenant: 'common', allowedTenants: ['acme.example'] }, 'ids of tenants'],
    [{ tenant: acme, scopes: ['openid', 'email'] }, 'include profile'],
  ])('does not start with %j', (options, words) => {
    expect(() => upstreamOf(azureProvider({ ...credentials, ...options }))).toThrow(words);
  });

  it('can be one of a national cloud', () => {
    const provider = azureProvider({ ...credentials, tenant: acme, authority: 'https://login.microsoftonline.us/' });
    expect(provider.issuer).toBe(`https://login.microsoftonline.us/${acme}/v2.0`);
  });

  it.each([
    [
      400,
      { error: 'invalid_grant', error_description: 'AADSTS54005:\r\n canary', error_codes: [54005] },
      'access_denied',
    ],
    [401, { error: 'invalid_client', error_codes: [7000215] }, 'server_error'],
    [400, { error: 'interaction_required', suberror: 'basic_action' }, 'access_denied'],
  ])('takes the error %s %j for what it is', async (status, body, code) => {
    await expect(play(part({ tenant: acme }, {}, { token: { status, body } }))).rejects.toMatchObject({ code });
  });

  describe('when tokens are refreshed', () => {
    const many: Partial<AzureOptions> = { tenant: 'organizations', anyTenant: true };
    const before = { iss: `${host}/${acme}/v2.0`, tid: acme, sub: 'pairwise-1', groups: ['g-1'] };

    it('verifies the ID token for its tenant, which stays the same', async () => {
      const { tokens, idToken } = await playRefresh(part(many), before);
      expect(tokens).toMatchObject({ access_token: 'access-2', refresh_token: 'refresh-1' });
      expect(idToken).toMatchObject({ iss: before.iss, tid: acme, sub: 'pairwise-1' });
      expect('groups' in idToken).toBe(false);
    });

    it.each<[string, Partial<AzureOptions>, Record<string, unknown>, string]>([
      ['of another tenant', many, { ...of(other) }, 'temporarily_unavailable'],
      ['of another user', many, { sub: 'pairwise-2' }, 'temporarily_unavailable'],
      ['whose tenant and issuer differ', many, { tid: other }, 'temporarily_unavailable'],
      [
        'of a tenant that is not allowed any more',
        { tenant: 'organizations', allowedTenants: [other] },
        {},
        'access_denied',
      ],
    ])('refuses an ID token %s', async (_, options, claims, code) => {
      await expect(playRefresh(part(options, claims), before)).rejects.toMatchObject({ code });
    });

    it('refuses an ID token that the key of another tenant signed', async () => {
      const key = { issuer: `${host}/${consumers}/v2.0` };
      await expect(playRefresh(part(many, {}, { key }), before)).rejects.toMatchObject({
        code: 'temporarily_unavailable',
      });
    });

    it.each<[number, object, string]>([
      [
        400,
        { error: 'invalid_grant', error_description: 'AADSTS700082:\r\n canary', error_codes: [700082] },
        'invalid_grant',
      ],
      [400, { error: 'interaction_required', suberror: 'basic_action', error_codes: [50076] }, 'invalid_grant'],
      [400, { error: 'consent_required', error_codes: [65001] }, 'invalid_grant'],
      [401, { error: 'invalid_client', error_codes: [7000222] }, 'temporarily_unavailable'],
      [400, { error: 'invalid_request', error_codes: [90002] }, 'temporarily_unavailable'],
      [400, { error: 'invalid_scope', error_codes: [70011] }, 'temporarily_unavailable'],
      [503, { error: 'temporarily_unavailable' }, 'temporarily_unavailable'],
    ])('takes the error %s %j for what it is: %s', async (status, body, code) => {
      await expect(playRefresh(part(many, {}, { token: { status, body } }), before)).rejects.toMatchObject({ code });
    });

    it('has nobody to revoke tokens', () => {
      const { provider } = part({ tenant: acme });
      expect([provider.endpoints?.revocation, provider.revocation]).toEqual([undefined, undefined]);
    });
  });
});
