import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UpstreamProvider } from '../../src/upstream/provider.js';
import { readingTokenAnswers } from '../../src/upstream/token-answer.js';

const endpoint = 'https://idp.example/token';
const provider: UpstreamProvider = {
  id: 'x',
  name: 'X',
  issuer: 'https://idp.example',
  clientId: 'id',
  clientSecret: 'secret',
  scopes: ['openid'],
  errorCodes: { bad_code: 'invalid_grant', 'Not Found': 'invalid_client' },
};
const json = { 'content-type': 'application/json' };
const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
const good = { access_token: 'a', token_type: 'bearer' };

async function read(body: string | object, init: ResponseInit = {}, settings: Partial<UpstreamProvider> = {}) {
  const answer = new Response(typeof body === 'string' ? body : JSON.stringify(body), { headers: json, ...init });
  const fetch = readingTokenAnswers({ ...provider, ...settings }, endpoint, () => Promise.resolve(answer));
  return fetch(endpoint, { method: 'POST', headers: {}, body: null, redirect: 'manual' });
}

const bodyOf = async (response: Response): Promise<unknown> => JSON.parse(await response.text());

describe('a good answer of a token endpoint', () => {
  it.each<[string, string | object, ResponseInit]>([
    ['JSON', good, { status: 200 }],
    ['JSON with status 201', good, { status: 201 }],
    ['JSON that calls itself text', good, { headers: { 'content-type': 'text/plain' } }],
    ['a form', 'access_token=a&token_type=bearer', { headers: form }],
    [
      'a form that calls itself text',
      'access_token=a&token_type=bearer',
      { headers: { 'content-type': 'text/plain' } },
    ],
    ['without a type', { access_token: 'a' }, {}],
    ['with a type of null', { access_token: 'a', token_type: null }, {}],
    ['with a type in capitals', { access_token: 'a', token_type: 'BEARER' }, {}],
    ['for a bot', { access_token: 'a', token_type: 'bot' }, {}],
    ['for a user', { access_token: 'a', token_type: 'user' }, {}],
    ['with an error of null', { ...good, error: null }, {}],
    ['with members of null', { ...good, refresh_token: null, id_token: null, scope: null, expires_in: null }, {}],
  ])('may be %s', async (_, body, init) => {
    const response = await read(body, init);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await bodyOf(response)).toMatchObject(good);
    expect(Object.keys((await bodyOf(await read(body, init))) as object).filter((name) => name !== 'error')).toEqual(
      expect.arrayContaining(['access_token', 'token_type']),
    );
  });

  it('keeps a type that means something else', async () => {
    expect(await bodyOf(await read({ ...good, token_type: 'mac' }))).toMatchObject({ token_type: 'mac' });
  });

  it.each([
    [3600, 3600],
    ['3600', 3600],
    ['3600.5', 3600],
    [0, undefined],
    [-1, undefined],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('lives, by expires_in %j, for %s seconds', async (expires_in, expected) => {
    expect(((await bodyOf(await read({ ...good, expires_in }))) as { expires_in?: number }).expires_in).toBe(expected);
  });

  it.each([
    ['a b', 'a b'],
    ['a,b', 'a b'],
    ['a, b\nc', 'a b c'],
    [['a', 'b c', 7], 'a b c'],
    ['', undefined],
    [{}, undefined],
    [undefined, undefined],
  ])('grants, by the scope %j, %j', async (scope, expected) => {
    expect(((await bodyOf(await read({ ...good, scope }))) as { scope?: string }).scope).toBe(expected);
  });

  it('has an ID token only where there are keys to verify it with', async () => {
    const body = { ...good, id_token: 'x.y.z' };
    expect(await bodyOf(await read(body))).toMatchObject({ id_token: 'x.y.z' });
    expect(await bodyOf(await read(body, {}, { protocol: 'oauth2' }))).not.toHaveProperty('id_token');
  });
});

describe('an error of a token endpoint', () => {
  it.each<[string, string | object, ResponseInit, number, string]>([
    ['with status 200', { error: 'invalid_grant' }, {}, 400, 'invalid_grant'],
    ['in a form', 'error=bad_code&error_uri=x', { headers: form }, 400, 'invalid_grant'],
    ['beside a token', { ...good, error: 'invalid_grant' }, {}, 400, 'invalid_grant'],
    ['that is an object', { ...good, error: { message: 'x' } }, {}, 400, 'server_error'],
    ['that is only ok: false', { ...good, ok: false }, {}, 400, 'server_error'],
    ['by a name of its own', { error: 'Not Found' }, { status: 404 }, 404, 'invalid_client'],
    ['by a name that is inherited', { error: 'constructor' }, { status: 400 }, 400, 'constructor'],
    ['in the words of Okta', { errorCode: 'invalid_client' }, { status: 401 }, 401, 'invalid_client'],
    ['about the redirect URI', { error: 'redirect_uri_mismatch' }, { status: 400 }, 400, 'invalid_grant'],
    ['about the secret', { error: 'access_denied' }, { status: 401 }, 401, 'invalid_client'],
    ['with status 403', { error: 'invalid_grant' }, { status: 403 }, 403, 'invalid_grant'],
  ])('%s is one by its RFC name', async (_, body, init, status, error) => {
    const response = await read(body, init);
    expect(response.status).toBe(status);
    expect(await bodyOf(response)).toEqual({ error });
  });

  it('in the body says more than a challenge', async () => {
    const headers = { ...json, 'www-authenticate': 'Basic realm="x"' };
    const response = await read({ error: 'invalid_grant' }, { status: 401, headers });
    expect(response.headers.has('www-authenticate')).toBe(false);
    expect((await read('', { status: 401, headers })).headers.has('www-authenticate')).toBe(true);
  });

  it.each<[string, string | object, ResponseInit]>([
    ['a page', '<h1>x</h1>', { status: 200, headers: { 'content-type': 'text/html' } }],
    ['text', 'error code: 1015', { status: 429, headers: { 'content-type': 'text/plain' } }],
    ['nothing', '', { status: 400 }],
    ['a list', '[1]', { status: 200 }],
    ['another shape', { message: 'x' }, { status: 400 }],
  ])('that is %s passes as it came', async (_, body, init) => {
    const response = await read(body, init);
    expect(response.status).toBe(init.status);
    expect(await response.text()).toBe(typeof body === 'string' ? body : JSON.stringify(body));
  });
});

describe('whatever a token endpoint answers', () => {
  it('is a success only with a token and without an error', async () => {
    const members = fc.record(
      { access_token: fc.jsonValue(), error: fc.jsonValue(), ok: fc.jsonValue(), scope: fc.jsonValue() },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(members, fc.constantFrom(200, 201, 400, 401, 503), async (body, status) => {
        const response = await read(body, { status });
        const isRefused = (body.error ?? '') !== '' || body.ok === false || status >= 400;
        if (isRefused) expect(response.ok).toBe(false);
      }),
    );
  });

  it('other addresses and other methods answer for themselves', async () => {
    const answer = new Response('error=x', { headers: form });
    const fetch = readingTokenAnswers(provider, endpoint, () => Promise.resolve(answer));
    const options = { headers: {}, body: null, redirect: 'manual' } as const;
    expect(await fetch(`${endpoint}2`, { ...options, method: 'POST' })).toBe(answer);
    expect(await fetch(endpoint, { ...options, method: 'GET' })).toBe(answer);
  });
});
