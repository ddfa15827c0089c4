import { inspect } from 'node:util';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AuthError } from '../../src/protocol/auth-error.js';
import { codeChallengeOf } from '../../src/protocol/pkce.js';
import type { UpstreamProvider } from '../../src/upstream/provider.js';
import { addressOf, firstOf, membersOf, readFixture, type Exchange, type RecordedIdentity } from './fixture.js';
import { begin, callbackUrl, credentials, endpointsOf, inScene, leg, signIn, type Scene } from './scene.js';
import type { TokenRequest } from './scene.js';
import { checkClient, checkParameters, expectSilence, faultIn, named, withBody, withMembers } from './checks.js';
import { refreshContract, revocationContract } from './contract-renewal.js';

type Preset = (client: typeof credentials) => UpstreamProvider;

/** What the contract is told of a preset. */
export interface ProviderContract {
  /** Makes the provider as it was recorded first. */
  readonly provider: Preset;
  /** Makes it for recordings, by id or name, that are of another installation or of other settings. */
  readonly variants?: Readonly<Record<string, Preset>>;
  /** Recordings, by id or name, of good answers that this preset does not accept, and why. */
  readonly refused?: Readonly<Record<string, string>>;
  /** Recordings, by id, of what this preset never asks, and why. */
  readonly unused?: Readonly<Record<string, string>>;
  /** The scopes that it asks for. @defaultValue those that the fixture calls the usual ones */
  readonly scopes?: readonly string[];
}

/** What the one who waits for a sign-in hears of an error of the standards. */
const meanings: Readonly<Record<string, string>> = {
  access_denied: 'access_denied',
  invalid_grant: 'access_denied',
  redirect_uri_mismatch: 'access_denied',
  temporarily_unavailable: 'temporarily_unavailable',
};

/** Holds a preset to what its provider was recorded to do; the fixture has the preset's name. */
export function providerContract(name: string, contract: ProviderContract): void {
  const { variants = {}, refused = {}, unused = {} } = contract;
  const fixture = readFixture(name);
  const makeFor = (id: string) => (variants[id] ?? contract.provider)(credentials);
  const sceneFor = (id: string): Scene => ({ fixture, provider: makeFor(id) });
  const usual = sceneFor('');
  const isOidc = usual.provider.protocol !== 'oauth2';
  const hasPkce = usual.provider.pkce !== false;
  const isUsed = ({ id }: { readonly id: string }) => !Object.hasOwn(unused, id);
  const good = fixture.token_success.filter(isUsed);
  const tokenEndpoint = endpointsOf(usual).token;

  describe(`${name}, held to its recordings`, () => {
    beforeAll(() => nock.disableNetConnect());
    afterEach(() => nock.cleanAll());
    afterAll(() => nock.enableNetConnect());

    it('asks at the right address for what is needed, and passes on nothing else', async () => {
      const url = await begin(usual);
      expect(url.origin + url.pathname).toBe(fixture.authorize.url);
      for (const [, parameter = '', , value] of fixture.authorize.required_params.map(readParameter)) {
        expect(url.searchParams.get(parameter), parameter).not.toBeNull();
        if (value !== undefined) expect(url.searchParams.get(parameter), parameter).toBe(value);
      }
      const allowed = ['response_type', 'client_id', 'redirect_uri', 'scope', 'state'];
      if (hasPkce) allowed.push('code_challenge', 'code_challenge_method');
      if (isOidc) allowed.push('nonce');
      allowed.push(...Object.keys(usual.provider.authorizationParameters ?? {}));
      for (const parameter of url.searchParams.keys()) expect(allowed).toContain(parameter);
      for (const parameter of fixture.authorize.must_not_send ?? []) {
        expect(url.searchParams.has(parameter), parameter).toBe(false);
      }
      expect(url.searchParams.get('redirect_uri')).toBe(callbackUrl);
      expect(url.searchParams.get('code_challenge')).toBe(hasPkce ? codeChallengeOf(leg.codeVerifier) : null);
    });

    it('asks for its scopes, with %20 between them', async () => {
      const { scopes = fixture.default_scopes } = contract;
      const text = /[?&]scope=([^&]*)/.exec((await begin(usual)).search)?.[1] ?? '';
      expect(text.split('%20').map(decodeURIComponent).sort()).toEqual([...scopes].sort());
    });

    const documents = isOidc ? fixture.discovery.filter(isUsed) : [];
    it.each(documents.map((each) => [each.id, each] as const))('finds its way by %s', async (id, { response }) => {
      const scene = { ...sceneFor(id), fixture: { ...fixture, discovery: documents.filter((each) => each.id === id) } };
      const document = response.body as Readonly<Record<string, string>>;
      expect(scene.provider.issuer).toBe(document.issuer);
      const { origin, pathname } = await begin(scene);
      expect(origin + pathname).toBe(scene.provider.endpoints?.authorization ?? document.authorization_endpoint);
    });

    describe('with a good answer of the token endpoint', () => {
      it.each(accepted(good))('signs in: %s', async (id, token) => {
        const requests: TokenRequest[] = [];
        const { sub } = token.id_token?.claims ?? {};
        const profiles = fixture.userinfo.map((profile) => (isOidc ? withMembers(profile, { sub }) : profile));
        const { tokens, user } = await signIn({ ...sceneFor(id), token, profiles }, requests);
        const sent = membersOf(token);
        expect(tokens.access_token).toBe(sent.access_token);
        expect(tokens.refresh_token).toBe(sent.refresh_token);
        expect(tokens.expires_in).toBe(sent.expires_in === undefined ? undefined : Number(sent.expires_in));
        expect(user.sub).not.toBe('');
        expect(requests).toHaveLength(1);
        for (const request of requests) checkTokenRequest(request, token, makeFor(id));
      });

      it.each(good.filter(({ id }) => Object.hasOwn(refused, id)).map((each) => [each.id, each] as const))(
        'refuses %s',
        async (id, token) => {
          expect((await faultOf({ ...sceneFor(id), token })).code).toBe('server_error');
        },
      );
    });

    it.each(named(fixture.token_error.filter(isUsed)))('takes the error %s for what it is', async (id, token) => {
      const { oauth_error } = token.expect ?? {};
      const { status } = token.response;
      const isOutage = oauth_error === undefined && (status >= 500 || status === 429);
      const expected = meanings[oauth_error ?? ''] ?? (isOutage ? 'temporarily_unavailable' : 'server_error');
      const fault = await faultOf({ ...sceneFor(id), token });
      expect(fault.code).toBe(expected);
      expectSilence(fault, token);
    });

    describe('back from the provider', () => {
      it.each(fixture.callbacks.filter(isUsed).map((each) => [each.id, each] as const))(
        'reads %s',
        async (id, { query, expect: expected }) => {
          const requests: TokenRequest[] = [];
          const scene = { ...sceneFor(id), callbackQuery: inScene(query) };
          if (expected.code !== undefined) {
            await signIn(scene, requests);
            expect(requests.map(({ body }) => body.get('code'))).toEqual([expected.code]);
          } else {
            const { code, cause } = await faultOf(scene, requests);
            const { error = 'access_denied', raw_error } = expected;
            expect(code).toBe(error === 'access_denied' ? 'access_denied' : 'server_error');
            if (raw_error !== undefined) expect(inspect(cause)).not.toContain('an error of its own');
            expect(requests).toEqual([]);
          }
        },
      );

      const { issuer, callbackIssuer = issuer } = usual.provider;
      const query = (more: Record<string, string>) =>
        new URLSearchParams({ code: 'code-1', state: leg.state, iss: callbackIssuer, ...more }).toString();

      it('takes its own iss, and ignores what it does not know', async () => {
        const requests: TokenRequest[] = [];
        await signIn(
          { ...usual, callbackQuery: query({ session_state: 'x', scope: 'y', 'something new': 'z' }) },
          requests,
        );
        expect(requests).toHaveLength(1);
      });

      it.each([
        ['the iss of somebody else', { iss: 'https://evil.example' }],
        ['an iss that goes on', { iss: `${callbackIssuer}.evil.example` }],
        ['another state', { state: 'other' }],
      ])('refuses %s before the code is sent anywhere', async (_, more) => {
        const requests: TokenRequest[] = [];
        expect((await faultOf({ ...usual, callbackQuery: query(more) }, requests)).code).toBe('access_denied');
        expect(requests).toEqual([]);
      });
    });

    const describeIfOidc = isOidc ? describe : () => undefined;
    describeIfOidc('with an ID token', () => {
      const forgeries: readonly (readonly [string, object])[] = [
        ['of another issuer', { iss: 'https://evil.example' }],
        ['for another client', { aud: 'stranger' }],
        ['that has expired', { exp: 1 }],
        ['with another nonce', { nonce: 'other' }],
      ];
      const checked = forgeries.filter(([, claims]) => usual.provider.echoesNonce !== false || !('nonce' in claims));
      it.each(checked)('%s refuses the sign-in', async (_, claims) => {
        await expectRefusal((idToken) => ({ ...idToken, claims: { ...idToken.claims, ...claims } }));
      });

      // HS256 would be verified with the client secret, which is no key.
      const foreign = [
        'HS256',
        'none',
        ...(usual.provider.idTokenAlgorithms?.includes('PS256') === false ? ['PS256'] : []),
      ];
      it.each(foreign)('signed by %s refuses the sign-in', async (alg) => {
        await expectRefusal((idToken) => ({ ...idToken, header: { ...idToken.header, alg } }));
      });

      async function expectRefusal(change: (idToken: NonNullable<Exchange['id_token']>) => Exchange['id_token']) {
        const token = firstOf(good);
        expect(token.id_token).toBeDefined();
        const forged = { ...token, id_token: token.id_token && change(token.id_token) };
        expect((await faultOf({ ...usual, token: forged })).code).toBe('server_error');
      }
    });

    const isMain = (exchange: Exchange) => addressOf(exchange) === addressOf(firstOf(fixture.userinfo));
    it.each(named(fixture.userinfo_error.filter(isUsed).filter(isMain)))(
      'signs nobody in on %s',
      async (id, refusal) => {
        const fault = await faultOf({ ...sceneFor(id), profiles: [refusal] });
        const { status } = refusal.response;
        if (status >= 500 || status === 429) expect(fault.code).toBe('temporarily_unavailable');
        else expect(['server_error', 'temporarily_unavailable']).toContain(fault.code);
        expectSilence(fault, refusal);
      },
    );

    describe('says who the user is', () => {
      it.each(fixture.identities.map((each) => [each.name, each] as const))('%s', async (id, identity) => {
        const scene = sceneOf(identity);
        if (identity.must_reject !== undefined || Object.hasOwn(refused, id)) {
          // An outage would refuse everybody, and prove nothing.
          expect((await faultOf(scene)).code).not.toBe('temporarily_unavailable');
          return;
        }
        const { user } = await signIn(scene);
        const { orgs, account_key, sub, ...others } = identity.expected ?? {};
        const expected = { sub: account_key ?? sub, organizations: orgs, ...others };
        const known = Object.entries(expected).filter(([, value]) => value !== null && value !== undefined);
        const { raw, ...found } = user;
        expect(found).toEqual(Object.fromEntries(known));
        expect(raw).toBeTypeOf('object');
      });
    });

    refreshContract(usual);
    revocationContract(usual);

    it('leaves no recording out', () => {
      const inputs = fixture.identities.flatMap((identity) => identity.inputs);
      const asked = [...fixture.userinfo, ...fixture.userinfo_error];
      const left = asked.filter((exchange) => !inputs.includes(exchange.id) && isUsed(exchange));
      const unplayed = left.filter((exchange) => !isMain(exchange) || !fixture.userinfo_error.includes(exchange));
      expect(unplayed.filter((exchange) => exchange !== fixture.userinfo[0]).map(({ id }) => id)).toEqual([]);
      const all = [
        ...asked,
        ...fixture.discovery,
        ...fixture.token_success,
        ...fixture.token_error,
        ...fixture.callbacks,
      ];
      const names = [...all.map(({ id }) => id), ...fixture.identities.map((identity) => identity.name)];
      const told = [variants, refused, unused].flatMap((record) => Object.keys(record));
      expect(told.filter((id) => !names.includes(id))).toEqual([]);
    });
  });

  function accepted(exchanges: readonly Exchange[]) {
    return named(exchanges.filter(({ id }) => !Object.hasOwn(refused, id)));
  }

  /** The recordings of an identity; what it does not name says nothing but whose it is. */
  function sceneOf({ name: id, inputs }: RecordedIdentity): Scene {
    const among = (exchanges: readonly Exchange[]) => exchanges.filter((each) => inputs.includes(each.id));
    const profiles = among([...fixture.userinfo, ...fixture.userinfo_error]);
    const [token] = among(fixture.token_success);
    const [main] = profiles;
    if (token && (main || !isOidc)) return { ...sceneFor(id), token, profiles };
    if (token) {
      const { sub } = token.id_token?.claims ?? {};
      const silent = fixture.userinfo.slice(0, 1).map((each) => withBody(each, { sub }));
      return { ...sceneFor(id), token, profiles: silent };
    }
    const usualToken = firstOf(fixture.token_success);
    if (!usualToken.id_token) {
      const scene = sceneFor(id);
      // It was recorded with the usual scopes; this preset may have asked for others, and was granted them.
      const granted = withMembers(usualToken, { scope: scene.provider.scopes.join(',') });
      return { ...scene, token: granted, profiles };
    }
    const { iss, aud, iat, exp, nonce, token_use } = usualToken.id_token.claims;
    const { sub } = (main?.response.body ?? {}) as { readonly sub?: unknown };
    const id_token = { ...usualToken.id_token, claims: { iss, aud, iat, exp, nonce, token_use, sub } };
    return { ...sceneFor(id), token: { ...usualToken, id_token }, profiles };
  }

  function checkTokenRequest(request: TokenRequest, recorded: Exchange, provider: UpstreamProvider) {
    const { url, body } = request;
    if (provider.issuer === usual.provider.issuer) expect(url).toBe(addressOf(recorded));
    else expect(url).not.toBe(tokenEndpoint);
    checkParameters(request, recorded);
    expect(body.get('code_verifier')).toBe(provider.pkce === false ? null : leg.codeVerifier);
    checkClient(request, recorded, provider);
  }
}

function faultOf(scene: Scene, requests: TokenRequest[] = []): Promise<AuthError> {
  return faultIn(signIn(scene, requests));
}

/** A line of `required_params`: a name, perhaps a value, perhaps a remark. */
function readParameter(line: string): readonly (string | undefined)[] {
  return /^(\w+)(=(\S+))?/.exec(line) ?? [];
}
