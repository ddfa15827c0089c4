/**
 * RFC 7662, OAuth 2.0 Token Introspection.
 *
 * | requirement                                                                | section | test |
 * | -------------------------------------------------------------------------- | ------- | ---- |
 * | a form, by POST, with the token                                            | 2.1     | takes a form only |
 * | the caller has to be authorized, by client credentials or by a bearer      | 2.1     | knows a resource server by its key; … as a client |
 * | token_type_hint is optional, and may be wrong                              | 2.1     | does not mind the hint |
 * | active, and the members that are known                                     | 2.2     | tells what a token is worth |
 * | active: false, and nothing more, for whatever is not active                | 2.2     | tells nothing of anything else |
 * | also for a token that the caller should not know of                        | 2.2     | tells nothing of tokens for others |
 * | 401 for callers that are unknown                                           | 2.3     | is closed to everybody else |
 * | expiry, revocation, signature and audience are looked at                   | 4       | tells nothing of anything else; hears at once |
 * | no fishing: the caller is authenticated before anything else               | 4       | is closed to everybody else |
 * | answers are not kept                                                       | 4       | tells what a token is worth |
 * | metadata: introspection_endpoint and its methods (RFC 8414 2)              | 8414 2  | is found by discovery |
 */
import { createHash } from 'node:crypto';
import { allowInsecureRequests, ClientSecretBasic, Configuration } from 'openid-client';
import { tokenIntrospection, type ServerMetadata } from 'openid-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { assertionClaims, assertionOf, assertionType, ecKeyPair } from '../support/assertion.js';
import { newRequest, postForm, refresh, register, revoke, signIn, walk } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { claimsOf } from '../resource/tokens.js';
import { makeGate } from '../http/serve.js';

const key = 'n0tesKey/wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU+kD8=';
const newKey = 'n0tesKeyToBeUsedNext.2vB5nX7mC1zL4jH9gF3sA6pO';
const filesKey = 'f1lesKey-wQ2vB5nX7mC1zL4jH9gF3sA6pO0iUkD8';
const clientSecret = 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';
const notes = 'http://127.0.0.1:9/notes';
const files = 'http://127.0.0.1:9/files';
const ec = ecKeyPair();

let gatehouse: Gatehouse;
let issuer: string;
let token: string;
beforeAll(async () => {
  gatehouse = await startGatehouse({
    resources: [
      {
        url: notes,
        scopes: { write: { description: 'Write notes', implies: ['read'] }, read: 'Read notes' },
        defaultScopes: ['write'],
        introspection: {
          keys: [key, `sha256:${createHash('sha256').update(newKey).digest('hex').toUpperCase()}`],
          clients: ['gateway', 'signing'],
        },
      },
      { url: files, scopes: { files: 'Read files' }, introspection: { keys: [filesKey] } },
      { url: 'http://127.0.0.1:9/closed', scopes: { closed: 'Nobody asks' } },
    ],
    clients: [
      { clientId: 'gateway', name: 'Gateway', clientSecret },
      { clientId: 'signing', name: 'Signing', jwks: { keys: [ec.jwk] } },
      { clientId: 'machine', name: 'Machine', clientSecret: `${clientSecret}-of-another` },
    ],
    tokenMapper: (_tokens, { email }) => ({ email, active: false, token_type: 'mac', roles: ['editor'] }),
    stoppedClock: true,
  });
  issuer = gatehouse.issuer;
  token = (await signIn(issuer, 'alice', { resource: notes })).accessToken;
});
beforeEach(() => {
  gatehouse.log.length = 0;
});
afterAll(() => gatehouse.close());

const basic = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
const introspect = (form: Record<string, string>, authorization = `Bearer ${key}`) =>
  postForm(`${issuer}/oauth/introspect`, form, authorization === '' ? {} : { authorization });
const inactive = { status: 200, body: { active: false } };
const expectInactive = async (each: string, authorization?: string) => {
  const { status, body } = await introspect({ token: each }, authorization);
  expect({ status, body }).toEqual(inactive);
};

describe('RFC 7662', () => {
  it('tells what a token is worth', async () => {
    const { status, body, headers } = await introspect({ token });
    const { client_id, iat, exp, jti, grant_id } = claimsOf(token);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        active: true,
        scope: 'write read',
        client_id,
        sub: 'oidc|alice',
        aud: notes,
        grant_id,
        idp: 'oidc',
        iss: issuer,
        iat,
        exp,
        jti,
        token_type: 'Bearer',
        email: 'alice@example.test',
        roles: ['editor'],
      },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toBe('application/json');
    // A key is nothing that a page in a browser could keep.
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('tells that a client acts for itself', async () => {
    const issued = await postForm(
      `${issuer}/oauth/token`,
      { grant_type: 'client_credentials', resource: notes },
      { authorization: basic('machine', `${clientSecret}-of-another`) },
    );
    const own = String(issued.body['access_token']);
    expect((await introspect({ token: own })).body).toMatchObject({ active: true, sub: 'machine', aud: notes });
    await revoke(
      issuer,
      { clientId: 'machine' },
      own,
      {},
      { authorization: basic('machine', `${clientSecret}-of-another`) },
    );
    await expectInactive(own);
  });

  it.each(['access_token', 'refresh_token', 'made-up'])('does not mind the hint %s', async (token_type_hint) => {
    expect((await introspect({ token, token_type_hint })).body).toMatchObject({ active: true });
  });

  it('tells nothing of tokens for others, and tells these', async () => {
    const forFiles = (await signIn(issuer, 'alice', { resource: files })).accessToken;
    await expectInactive(forFiles);
    await expectInactive(token, `Bearer ${filesKey}`);
    await expectInactive(forFiles, basic('gateway', clientSecret));
    expect((await introspect({ token: forFiles }, `Bearer ${filesKey}`)).body).toMatchObject({ active: true });
  });

  it('tells nothing of anything else', async () => {
    const { accessToken, refreshToken } = await signIn(issuer, 'bob', { resource: notes });
    const { client, url } = await newRequest(issuer, { resource: notes });
    const code = (await walk(url, client)).searchParams.get('code') ?? '';
    const [header, , signature] = accessToken.split('.');
    const changed = [header, token.split('.')[1], signature].join('.');
    for (const each of ['x', 'a.b.c', `${accessToken}x`, changed, refreshToken, code, 'x'.repeat(60_000)]) {
      await expectInactive(each);
    }
    expect((await introspect({ token: accessToken })).body['active']).toBe(true);
    gatehouse.advance(3600 + 61);
    await expectInactive(accessToken);
    gatehouse.advance(-3661);
    expect(gatehouse.log.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  it('hears at once of a token, and of a grant, that has ended', async () => {
    const { client, accessToken, refreshToken } = await signIn(issuer, 'carol', { resource: notes });
    const next = (await refresh(issuer, client, refreshToken)).body;
    const nextToken = String(next['access_token']);
    for (const each of [accessToken, nextToken]) {
      expect((await introspect({ token: each })).body['active']).toBe(true);
    }
    await revoke(issuer, client, accessToken);
    await expectInactive(accessToken);
    expect((await introspect({ token: nextToken })).body['active']).toBe(true);
    await revoke(issuer, client, String(next['refresh_token']));
    await expectInactive(nextToken);
  });

  it.each([
    ['as the bearer', `Bearer ${key}`],
    ['with the scheme in another case', `bearer ${key}`],
    [
      'as a password, with the URL of the resource for the name',
      basic(encodeURIComponent(notes), encodeURIComponent(key)),
    ],
    ['as a password that was not encoded', basic('anything', key)],
    ['that is configured as its hash', `Bearer ${newKey}`],
  ])('knows a resource server by its key, %s', async (_, authorization) => {
    expect((await introspect({ token }, authorization)).body).toMatchObject({ active: true });
  });

  it('knows a resource server as a client of the configuration', async () => {
    expect((await introspect({ token }, basic('gateway', clientSecret))).body).toMatchObject({ active: true });
    const client_assertion = assertionOf(ec, assertionClaims('signing', issuer, Math.floor(Date.now() / 1000)));
    const signed = await introspect({ token, client_assertion_type: assertionType, client_assertion }, '');
    expect(signed.body).toMatchObject({ active: true });
  });

  it('is closed to everybody else', async () => {
    const registered = await register(issuer, { token_endpoint_auth_method: 'client_secret_basic' });
    const open = await register(issuer);
    const hash = createHash('sha256').update(key).digest('hex');
    const attempts: [string, Record<string, string>][] = [
      ['', {}],
      ['', { client_id: 'gateway' }],
      ['', { client_id: open.clientId }],
      ['', { client_id: 'gateway', client_secret: key }],
      ['', { client_id: 'gateway', client_secret: clientSecret }],
      [basic('gateway', `${clientSecret}x`), {}],
      [basic('gateway', ''), {}],
      // It may have tokens, and asks about none.
      [basic('machine', `${clientSecret}-of-another`), {}],
      [basic(registered.clientId, registered.clientSecret ?? ''), {}],
      [basic(notes, `${key}x`), {}],
      [basic(key, ''), {}],
      ['Bearer', {}],
      ['Bearer ', {}],
      [`Bearer ${key}x`, {}],
      [`Bearer ${key.slice(1)}`, {}],
      [`Bearer ${key} ${key}`, {}],
      [`Bearer ${hash}`, {}],
      [`Bearer sha256:${hash}`, {}],
      [`Bearer ${token}`, {}],
      [`Bearer ${clientSecret}`, {}],
      [key, {}],
    ];
    for (const [authorization, form] of attempts) {
      for (const each of [token, 'x']) {
        const { status, body, headers } = await introspect({ token: each, ...form }, authorization);
        expect(status, authorization).toBe(401);
        expect(Object.keys(body)).toEqual(['error', 'error_description']);
        const isBearer = authorization.startsWith('Bearer');
        expect(body['error']).toBe(isBearer ? 'invalid_token' : 'invalid_client');
        expect(headers.get('www-authenticate')).toBe(
          isBearer ? 'Bearer error="invalid_token"' : 'Basic realm="introspection"',
        );
      }
    }
    // Who is asked for comes before what is asked about.
    expect((await introspect({}, 'Bearer x')).status).toBe(401);
    const said = JSON.stringify(gatehouse.log);
    for (const secret of [key, clientSecret, hash, token]) expect(said).not.toContain(secret);
  });

  it('takes a form only, by POST only, with one token', async () => {
    const url = `${issuer}/oauth/introspect`;
    const headers = { authorization: `Bearer ${key}` };
    expect((await fetch(`${url}?token=${token}`, { headers })).status).toBe(405);
    expect(await introspect({})).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    const json = { ...headers, 'content-type': 'application/json' };
    expect((await fetch(url, { method: 'POST', headers: json, body: JSON.stringify({ token }) })).status).toBe(400);
    const twice = new URLSearchParams(`token=${token}&token=x`);
    expect((await fetch(url, { method: 'POST', headers, body: twice })).status).toBe(400);
    const preflight = await fetch(url, { method: 'OPTIONS' });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('is found by discovery, where there is somebody who may use it', async () => {
    expect(gatehouse.gate.getMetadata()).toMatchObject({
      introspection_endpoint: `${issuer}/oauth/introspect`,
      introspection_endpoint_auth_methods_supported: ['Bearer', 'client_secret_basic', 'private_key_jwt'],
      introspection_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256', 'ES256'],
    });
    const resources = [{ url: notes, introspection: { keys: [key] } }];
    const withKey = makeGate('https://auth.example', { resources });
    expect(withKey.getMetadata()).toMatchObject({
      introspection_endpoint_auth_methods_supported: ['Bearer', 'client_secret_basic'],
    });
    expect(withKey.getMetadata()).not.toHaveProperty('introspection_endpoint_auth_signing_alg_values_supported');
    const without = makeGate('https://auth.example');
    expect(Object.keys(without.getMetadata()).filter((name) => name.startsWith('introspection'))).toEqual([]);
    const answer = await without.fetch(new Request('https://auth.example/oauth/introspect', { method: 'POST' }));
    expect(answer.status).toBe(404);
    await Promise.all([withKey.close(), without.close()]);
  });

  it('serves resource servers that use openid-client', async () => {
    const metadata = gatehouse.gate.getMetadata() as unknown as ServerMetadata;
    for (const [name, secret] of [
      [notes, key],
      ['gateway', clientSecret],
    ] as const) {
      const configuration = new Configuration(metadata, name, undefined, ClientSecretBasic(secret));
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- loopback, in a test
      allowInsecureRequests(configuration);
      expect(await tokenIntrospection(configuration, token)).toMatchObject({ active: true, sub: 'oidc|alice' });
    }
  });
});
