import { describe, expect, it } from 'vitest';
import type { TokenAnswer } from '../../src/upstream/session.js';
import { checkClient, checkParameters, expectSilence, faultIn, named, withMembers } from './checks.js';
import { addressOf, membersOf, type Exchange } from './fixture.js';
import { credentials, endpointsOf, inScene, refresh, revoke, type Scene, type TokenRequest } from './scene.js';

const issued = { access_token: 'access-1', token_type: 'bearer', scope: 'scopes of before' };

/** What was issued before an exchange took place. */
function before({ request, id_token }: Exchange): TokenAnswer {
  const { refresh_token = 'refresh-1' } = inScene(request.body ?? {});
  const { sub = 'user-1', iss } = inScene(id_token?.claims ?? {});
  return {
    tokens: { ...issued, refresh_token },
    idToken: { sub, iss, name: 'Of before', groups: ['g'] },
    receivedAt: 0,
  };
}

const anAnswer: Exchange = {
  id: 'made up',
  request: { origin: '', path: '', auth: { method: '' } },
  response: { status: 200, headers: { 'content-type': 'application/json' } },
};

/** Holds a preset to what its provider was recorded to do when tokens are refreshed. */
export function refreshContract(usual: Scene): void {
  const { fixture, provider } = usual;
  const { refresh_success: successes = [], refresh_error: errors = [] } = fixture;

  describe('when tokens are refreshed', () => {
    it.each(named(successes))('takes the answer %s', async (_, token) => {
      const requests: TokenRequest[] = [];
      const previous = before(token);
      const { tokens, idToken } = await refresh({ ...usual, token }, previous, requests);
      const sent = membersOf(token);
      const { keep_previous_refresh_token, rotate_refresh_token } = token.expect ?? {};
      expect(tokens.access_token).toBe(sent.access_token);
      expect(tokens.refresh_token).toBe(sent.refresh_token ?? 'refresh-1');
      if (keep_previous_refresh_token) expect(tokens.refresh_token).toBe('refresh-1');
      if (rotate_refresh_token) expect(tokens.refresh_token).not.toBe('refresh-1');
      expect(tokens.expires_in).toBe(sent.expires_in);
      expect(tokens.scope).toBe(sent.scope ? tokens.scope : issued.scope);
      if (token.id_token) {
        expect(idToken).toMatchObject(inScene({ ...token.id_token.claims, at_hash: idToken.at_hash }));
        // What describes the user stays; what may decide anything does not.
        expect(idToken.name).toBe(token.id_token.claims.name ?? 'Of before');
        expect(idToken.groups).toBeUndefined();
      } else {
        expect(idToken).toEqual(previous.idToken);
      }

      expect(requests).toHaveLength(1);
      for (const request of requests) {
        // The scopes of the sign-in go on; of the two ways to say so the shorter one is ours.
        const parameters = Object.entries(token.request.body ?? {}).filter(([name]) => name !== 'scope');
        const recorded = { ...token, request: { ...token.request, body: Object.fromEntries(parameters) } };
        expect(request.url).toBe(addressOf(token));
        checkParameters(request, recorded);
        checkClient(request, recorded, provider);
        expect(['code_verifier', 'scope', 'nonce'].filter((name) => request.body.has(name))).toEqual([]);
      }
    });

    const withIdToken = successes.filter(({ id_token }) => id_token !== undefined);
    it.each(named(withIdToken))(
      'refuses %s of somebody else, of another issuer, or for another client',
      async (_, token) => {
        for (const claims of [{ sub: 'mallory' }, { iss: 'https://evil.example' }, { aud: 'stranger' }, { exp: 1 }]) {
          const id_token = token.id_token && { ...token.id_token, claims: { ...token.id_token.claims, ...claims } };
          const fault = await faultIn(refresh({ ...usual, token: { ...token, id_token } }, before(token)));
          expect(fault.code).toBe('temporarily_unavailable');
        }
      },
    );

    it.each(named([...errors, ...fixture.token_error]))('takes the error %s for what it is', async (_, token) => {
      const { oauth_error = '' } = token.expect ?? {};
      // It is no word about the refresh token, with which no redirect URI is sent.
      const isMeant = membersOf(token).error !== 'redirect_uri_mismatch';
      const meaning = provider.refresh?.errorCodes?.[oauth_error] ?? oauth_error;
      const isFinal = isMeant && meaning === 'invalid_grant';
      const fault = await faultIn(refresh({ ...usual, token }, before(token)));
      expect(fault.code).toBe(isFinal ? 'invalid_grant' : 'temporarily_unavailable');
      expectSilence(fault, token);
    });

    it.each<[string, Partial<Exchange['response']>]>([
      ['a page', { body_text: '<h1>Maintenance</h1>' }],
      ['a page with status 502', { status: 502, body_text: '<h1>Bad gateway</h1>' }],
      ['too many requests', { status: 429, body: { error: 'invalid_grant' } }],
      ['a failure that blames the token', { status: 500, body: { error: 'invalid_grant' } }],
      ['a wrong secret', { status: 401, body: { error: 'invalid_client' } }],
      ['a refusal of the client', { status: 401, body: { error: 'access_denied' } }],
      ['an error of its own', { status: 400, body: { error: 'canary_error' } }],
      ['nothing', { body: {} }],
      ['a redirect', { status: 307, headers: { location: 'https://evil.example' }, body: {} }],
    ])('loses nothing by %s', async (_, response) => {
      const token = { ...anAnswer, response: { ...anAnswer.response, ...response } };
      const fault = await faultIn(refresh({ ...usual, token }, before(token)));
      expect(fault.code).toBe('temporarily_unavailable');
      expect(String(fault.cause)).not.toContain('canary');
    });
  });
}

/** Holds a preset to what its provider was recorded to do when tokens are revoked. */
export function revocationContract(usual: Scene): void {
  const { fixture, provider } = usual;
  const { revocation: recordings = [] } = fixture;
  const address = endpointsOf(usual).revocation;

  describe('when tokens are revoked', () => {
    it(recordings.length > 0 ? 'knows where' : 'asks nobody, since there is nobody to ask', async () => {
      expect(address !== undefined).toBe(recordings.length > 0);
      if (address === undefined) await revoke(usual, issued, []);
    });

    it.each(named(recordings))('sends what %s has', async (_, recorded) => {
      const requests: TokenRequest[] = [];
      const { token = '$REFRESH_TOKEN', ...others } = recorded.request.body ?? {};
      const refresh_token = token === '$ACCESS_TOKEN' ? undefined : inScene(token);
      await revoke(usual, { ...issued, refresh_token }, requests, recorded.response);
      expect(requests).toHaveLength(1);
      for (const request of requests) {
        expect(request).toMatchObject({ method: recorded.request.method, url: inScene(addressOf(recorded)) });
        expect(request.headers['user-agent']).toMatch(/./);
        const { access_token, ...parameters } = inScene(others);
        expect(request.json).toEqual(access_token === undefined ? undefined : { access_token });
        for (const [name, value] of Object.entries(parameters)) expect(request.body.get(name), name).toBe(value);
        if (request.json === undefined) expect(request.body.get('token')).toBe(inScene(token));
        if (recorded.request.auth.method === 'none') {
          expect([request.headers.authorization, request.body.get('client_secret')]).toEqual([undefined, null]);
        } else if (provider.revocation?.style === 'delete-by-client') {
          const plain = Buffer.from(request.headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
          expect(plain.split(':').map(decodeURIComponent)).toEqual(Object.values(credentials));
        } else {
          checkClient(request, recorded, provider);
        }
      }
    });

    if (address === undefined) return;
    it('tells when that failed', async () => {
      const token = withMembers(anAnswer, { error: 'server_error', error_description: 'canary' });
      for (const status of [500, 429, 401]) {
        const fault = await faultIn(
          revoke(usual, { ...issued, refresh_token: 'r' }, [], { ...token.response, status }),
        );
        expectSilence(fault, token);
      }
    });
  });
}
