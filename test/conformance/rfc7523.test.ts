/**
 * RFC 7523, JSON Web Token Profile for OAuth 2.0 Client Authentication, and what RFC 7521 demands of it.
 *
 * | requirement                                                              | section        | test |
 * | ------------------------------------------------------------------------ | -------------- | ---- |
 * | client_assertion_type and client_assertion authenticate a client         | 2.2            | lets a client in by an assertion |
 * | client_id may be left out; when it is there, it is the assertion's       | 7521 4.2       | takes client_id or leaves it |
 * | no other authentication in the same request                              | 7521 4.2       | takes no second method |
 * | one assertion per request                                                | 2.2            | takes one assertion |
 * | iss and sub are the client_id                                            | 3 (1, 2)       | demands every claim |
 * | aud identifies the server; the token endpoint may serve                  | 3 (3)          | takes its own names |
 * | exp is there, and not unreasonably far away                              | 3 (4)          | demands every claim |
 * | nbf and iat, where they are there                                        | 3 (5, 6)       | clients/verify-assertion |
 * | jti is spent, so that nobody uses an assertion again                     | 3 (7)          | spends an assertion once, also in a race |
 * | it is signed, and the signature is valid                                 | 3 (9)          | takes nobody else's signature |
 * | an invalid one is invalid_client                                         | 3.2, 7521 4.2.1 | always says the same |
 * | a client that registered this method uses no other, and none else does   | 6749 2.3       | is for those who registered it |
 * | RS256 is supported                                                       | 5              | lets a client in by an assertion |
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callResource, postForm, register, signInWith } from '../support/client.js';
import { assertionClaims, assertionOf, assertionType, ecKeyPair, rsaKeyPair } from '../support/assertion.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { claimsOf } from '../resource/tokens.js';

const ec = ecKeyPair();
const rsa = rsaKeyPair();
const secret = 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';
const redirectUri = 'http://127.0.0.1:8910/callback';

let gatehouse: Gatehouse;
let issuer: string;
beforeAll(async () => {
  gatehouse = await startGatehouse({
    clients: [
      { clientId: 'machine', name: 'Machine', jwks: { keys: [ec.jwk, rsa.jwk] } },
      { clientId: 'other', name: 'Other', jwks: { keys: [ec.jwk] } },
      { clientId: 'app', name: 'App', jwks: { keys: [rsa.jwk] }, redirectUris: [redirectUri] },
      { clientId: 'secretive', name: 'Secretive', clientSecret: secret },
      { clientId: 'remote', name: 'Remote', jwksUri: 'https://app.example/jwks' },
    ],
  });
  issuer = gatehouse.issuer;
});
afterAll(() => gatehouse.close());

const claims = (changes: Record<string, unknown> = {}, clientId = 'machine') =>
  assertionClaims(clientId, issuer, Math.floor(Date.now() / 1000), changes);
const ask = (form: Record<string, string | undefined>, headers = {}) =>
  postForm(
    `${issuer}/oauth/token`,
    { grant_type: 'client_credentials', client_assertion_type: assertionType, ...form },
    headers,
  );
const present = (changes: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  ask({ client_assertion: assertionOf(ec, claims(changes), header) });

const refusal = {
  status: 401,
  body: {
    error: 'invalid_client',
    error_description: 'The client is unknown, or did not authenticate as it registered.',
  },
};

describe('RFC 7523 §2.2: client authentication', () => {
  it('lets a client in by an assertion, whichever of its keys signed it', async () => {
    for (const [pair, header] of [
      [ec, {}],
      [rsa, {}],
      [rsa, { kid: undefined }],
    ] as const) {
      const { status, body } = await ask({ client_assertion: assertionOf(pair, claims(), header) });
      expect(status, JSON.stringify(body)).toBe(200);
      expect(claimsOf(String(body['access_token']))).toMatchObject({ client_id: 'machine', sub: 'machine' });
    }
  });

  it('takes client_id or leaves it, but no other one', async () => {
    const assertion = () => assertionOf(ec, claims());
    expect((await ask({ client_assertion: assertion(), client_id: 'machine' })).status).toBe(200);
    for (const client_id of ['other', 'app', 'secretive', 'nobody']) {
      expect(await ask({ client_assertion: assertion(), client_id })).toMatchObject(refusal);
    }
  });

  it('takes no second method', async () => {
    const authorization = `Basic ${Buffer.from(`secretive:${secret}`).toString('base64')}`;
    const form = { client_assertion: assertionOf(ec, claims()) };
    const twice = { status: 400, body: { error: 'invalid_request' } };
    expect(await ask({ ...form, client_secret: secret })).toMatchObject(twice);
    expect(await ask(form, { authorization })).toMatchObject(twice);
    expect(await ask({}, { authorization })).toMatchObject(twice);
    // None of which has spent the assertion.
    expect((await ask(form)).status).toBe(200);
  });

  it('takes one assertion, and none without its type', async () => {
    const assertion = assertionOf(ec, claims());
    const url = `${issuer}/oauth/token`;
    for (const body of [
      [
        ['client_assertion', assertion],
        ['client_assertion', assertion],
        ['client_assertion_type', assertionType],
      ],
      [
        ['client_assertion', assertion],
        ['client_assertion_type', assertionType],
        ['client_assertion_type', assertionType],
      ],
      [['client_assertion', assertion]],
      [['client_assertion_type', assertionType]],
    ]) {
      const form = new URLSearchParams([['grant_type', 'client_credentials'], ...body] as [string, string][]);
      const answer = await fetch(url, { method: 'POST', body: form });
      expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_request' }]);
    }
    expect((await ask({ client_assertion: assertion })).status).toBe(200);
  });

  it('serves at the authorization code grant and at refreshing too', async () => {
    const authentication = () => ({
      client_id: undefined,
      client_assertion_type: assertionType,
      client_assertion: assertionOf(rsa, claims({}, 'app')),
    });
    const client = { clientId: 'app', redirectUri };
    const { body } = await signInWith(issuer, client, 'alice', {}, authentication());
    expect(body).toMatchObject({ scope: 'mcp:tools' });
    const form = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']), ...authentication() };
    expect((await postForm(`${issuer}/oauth/token`, form)).status).toBe(200);
    const bare = await postForm(`${issuer}/oauth/token`, {
      ...form,
      client_assertion: undefined,
      client_assertion_type: undefined,
      client_id: 'app',
    });
    expect(bare).toMatchObject(refusal);
  });

  it('is for those who registered it, and they use nothing else', async () => {
    const { clientId } = await register(issuer);
    for (const client of ['secretive', 'nobody', clientId]) {
      expect(await ask({ client_assertion: assertionOf(ec, claims({}, client)) })).toMatchObject(refusal);
    }
    const others = { client_assertion_type: undefined, client_id: 'machine' };
    expect(await ask(others)).toMatchObject(refusal);
    expect(await ask({ ...others, client_secret: secret })).toMatchObject(refusal);
    const authorization = `Basic ${Buffer.from(`machine:${secret}`).toString('base64')}`;
    expect(await ask({ client_assertion_type: undefined }, { authorization })).toMatchObject(refusal);
  });

  it('cannot be registered dynamically: the keys have no room', async () => {
    for (const keys of [{ jwks: { keys: [ec.jwk] } }, { jwks_uri: 'https://app.example/jwks' }, {}]) {
      const answer = await fetch(`${issuer}/oauth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ redirect_uris: [redirectUri], token_endpoint_auth_method: 'private_key_jwt', ...keys }),
      });
      expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_client_metadata' }]);
    }
  });
});

describe('RFC 7523 §3: the assertion', () => {
  it('takes its own names for an audience, and no others', async () => {
    for (const aud of [issuer, `${issuer}/`, `${issuer}/oauth/token`, [issuer], ['https://other.example', issuer]]) {
      expect((await present({ aud })).status, JSON.stringify(aud)).toBe(200);
    }
    for (const aud of ['https://other.example', `${issuer}/oauth`, gatehouse.mcpUrl, [], ['https://other.example']]) {
      expect(await present({ aud }), JSON.stringify(aud)).toMatchObject(refusal);
    }
  });

  it('demands every claim', async () => {
    for (const name of ['iss', 'sub', 'aud', 'exp', 'jti']) {
      for (const value of [undefined, null, '', 7, [], {}, 'other']) {
        expect(await present({ [name]: value }), `${name}: ${JSON.stringify(value)}`).toMatchObject(
          name === 'jti' && value === 'other' ? { status: 200 } : refusal,
        );
      }
    }
    const now = Math.floor(Date.now() / 1000);
    for (const exp of [now - 3600, now + 3600]) expect(await present({ exp })).toMatchObject(refusal);
  });

  it('takes nobody else’s signature', async () => {
    const foreign = ecKeyPair('ec');
    expect(await ask({ client_assertion: assertionOf(foreign, claims()) })).toMatchObject(refusal);
    expect(await present({}, { alg: 'none' })).toMatchObject(refusal);
    expect(await present({}, { alg: 'HS256' })).toMatchObject(refusal);
    expect(await present({}, { typ: 'at+jwt' })).toMatchObject(refusal);
  });

  it('takes no access token of its own for an assertion', async () => {
    const { body } = await present();
    expect(await ask({ client_assertion: String(body['access_token']) })).toMatchObject(refusal);
  });

  it('spends an assertion once, also in a race', async () => {
    const client_assertion = assertionOf(ec, claims());
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask({ client_assertion })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 200) expect(answer).toMatchObject(refusal);
  });

  it('lets nobody spend the assertion of another', async () => {
    const jti = 'known-to-a-stranger';
    const foreign = ecKeyPair('ec');
    expect(await ask({ client_assertion: assertionOf(foreign, claims({ jti })) })).toMatchObject(refusal);
    expect(
      await ask({ client_assertion: assertionOf(ec, claims({ jti, aud: 'https://other.example' })) }),
    ).toMatchObject(refusal);
    expect((await ask({ client_assertion: assertionOf(ec, claims({ jti }, 'other')) })).status).toBe(200);
    expect((await present({ jti })).status).toBe(200);
  });

  it('always says the same, and the log says what it was, without the assertion', async () => {
    gatehouse.log.length = 0;
    const client_assertion = assertionOf(ec, claims({ aud: 'https://other.example' }));
    const { headers, body } = await ask({ client_assertion });
    expect(body).toEqual(refusal.body);
    // RFC 6749 §5.2: no challenge, since no header was tried.
    expect(headers.get('www-authenticate')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
    expect(gatehouse.log.map(({ causes }) => causes)).toEqual([['invalid_client: The assertion has a wrong aud.']]);
    expect(JSON.stringify(gatehouse.log)).not.toContain(client_assertion.split('.')[1] ?? '');
  });

  it('asks to try again, and never refuses, while the keys of a client cannot be fetched', async () => {
    const { status, headers, body } = await ask({ client_assertion: assertionOf(ec, claims({}, 'remote')) });
    expect([status, body['error']]).toEqual([503, 'temporarily_unavailable']);
    expect(headers.get('retry-after')).not.toBeNull();
  });
});

it('what it gives is good at the resource', async () => {
  const { body } = await present();
  expect((await callResource(gatehouse.mcpUrl, String(body['access_token']))).status).toBe(200);
});
