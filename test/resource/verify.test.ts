import { createPrivateKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import type { Store } from 'mcp-gatehouse';
import { memoryStore } from 'mcp-gatehouse';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callResource, postForm, refresh, signIn } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { claimsOf, es256, forge, headerOf } from './tokens.js';
import { foreignKey, issuerKey as privateKey, pemOf, verifierContract } from './verifier-contract.js';

verifierContract('a verifier in the process of its issuer', async (settings) => {
  const own = await startGatehouse(settings);
  return { ...own, url: own.mcpUrl, asked: [] };
});

let gatehouse: Gatehouse;
let good: string;
let header: Record<string, unknown>;
let claims: Record<string, unknown>;

beforeAll(async () => {
  gatehouse = await startGatehouse({ signing: { keys: [pemOf(privateKey)] } });
  good = (await signIn(gatehouse.issuer)).accessToken;
  header = headerOf(good);
  claims = claimsOf(good);
});
afterAll(() => gatehouse.close());
beforeEach(() => {
  gatehouse.log.length = 0;
});

/** Expects a refusal; only the log tells the reason. */
async function expectRefused(token: string, reason: string): Promise<void> {
  gatehouse.log.length = 0;
  expect((await callResource(gatehouse.mcpUrl, token)).status, reason).toBe(401);
  expect(gatehouse.log.map(({ causes }) => causes)).toEqual([[`invalid_token: ${reason}`]]);
}

const sign = (changes: Record<string, unknown>) => forge(header, { ...claims, ...changes }, es256(privateKey));

async function publishedKeys(issuer = gatehouse.issuer): Promise<{ keys: (JsonWebKey & { kid: string })[] }> {
  return (await (await fetch(`${issuer}/oauth/jwks`)).json()) as { keys: (JsonWebKey & { kid: string })[] };
}

describe('an access token', () => {
  it('counts when this server signed it, also when a test signs it with the key of the server', async () => {
    expect((await callResource(gatehouse.mcpUrl, good)).status).toBe(200);
    expect((await callResource(gatehouse.mcpUrl, sign({}))).status).toBe(200);
  });

  it('does not lend its signature to another one, also when it was shown before', async () => {
    const [head = '', , signature = ''] = good.split('.');
    const scope = Buffer.from(JSON.stringify({ ...claims, scope: 'mcp:tools mcp:admin' })).toString('base64url');
    expect((await callResource(gatehouse.mcpUrl, good)).status).toBe(200);
    await expectRefused(`${head}.${scope}.${signature}`, 'bad signature or claims');
    expect((await callResource(gatehouse.mcpUrl, good)).status).toBe(200);
  });

  it('is small, says what it is, and names its key', () => {
    expect(good.length).toBeLessThan(1024);
    expect(header).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.stringMatching(/^[\w-]{43}$/) as string });
    expect(claims).toMatchObject({
      iss: gatehouse.issuer,
      aud: gatehouse.mcpUrl,
      sub: 'oidc|alice',
      scope: 'mcp:tools',
    });
    expect(Object.keys(claims)).toEqual(expect.arrayContaining(['exp', 'iat', 'jti', 'client_id', 'grant_id']));
  });

  it('does not count for several resources', async () => {
    const { mcpUrl } = gatehouse;
    for (const aud of [[mcpUrl], [mcpUrl, 'https://other.example']]) {
      await expectRefused(sign({ aud }), 'bad signature or claims');
    }
  });

  it('does not count when it lacks a claim', async () => {
    for (const name of ['scope', 'grant_id', 'idp', 'iat', 'jti']) {
      await expectRefused(sign({ [name]: undefined }), 'bad signature or claims');
    }
  });

  it('does not count when its grant was made up', async () => {
    for (const grant_id of ['', 'x', 'a.b.c', `${'a'.repeat(22)}.${'b'.repeat(22)}.${'c'.repeat(11)}`, '__proto__']) {
      await expectRefused(sign({ grant_id }), 'grant ended');
    }
  });
});

describe('an access token that has expired', () => {
  it('ends for good, also where it was verified before', async () => {
    const own = await startGatehouse({ accessTokenTtl: 600 });
    try {
      const { accessToken } = await signIn(own.issuer);
      const status = async () => (await callResource(own.mcpUrl, accessToken)).status;
      expect(await status()).toBe(200);
      own.advance(655);
      expect(await status()).toBe(200);
      own.advance(10);
      expect(await status()).toBe(401);
      expect(own.log.at(-1)?.causes).toEqual(['invalid_token: expired']);
    } finally {
      await own.close();
    }
  });
});

/** A memory store that counts how often the signing keys are read. */
function countingStore() {
  let reads = 0;
  let offset = 0;
  const inner = memoryStore({ clock: () => Date.now() / 1000 + offset });
  const store: Store = {
    ...inner,
    get(key) {
      if (key.partition.endsWith('keys') && key.id === 'signing') reads++;
      return inner.get(key);
    },
  };
  return { store, reads: () => reads, advance: (seconds: number) => (offset += seconds) };
}

describe('an unknown key name', () => {
  it('makes the server look for new keys at most once in five seconds', async () => {
    const counted = countingStore();
    const own = await startGatehouse({ store: counted.store });
    try {
      const { accessToken } = await signIn(own.issuer);
      const strange = (kid: string) =>
        forge({ ...headerOf(accessToken), kid }, claimsOf(accessToken), es256(foreignKey));
      const before = counted.reads();
      own.advance(6);
      for (let attempt = 0; attempt < 20; attempt++) await callResource(own.mcpUrl, strange(`kid-${attempt}`));
      expect(counted.reads() - before).toBe(1);
      own.advance(6);
      await Promise.all(Array.from({ length: 20 }, (_, index) => callResource(own.mcpUrl, strange(`more-${index}`))));
      expect(counted.reads() - before).toBe(2);
    } finally {
      await own.close();
    }
  });
});

describe('a resource server that knows only the published keys', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  it.each([
    ['ES256, by itself', undefined, 'ES256'],
    ['ES256, with a key in PEM', { keys: [pemOf(privateKey)] }, 'ES256'],
    ['ES256, with a key in JWK', { keys: [{ ...privateKey.export({ format: 'jwk' }) }] }, 'ES256'],
    ['RS256, with a key in PEM', { algorithm: 'RS256', keys: [pemOf(rsa)] }, 'RS256'],
    ['RS256, with a key in JWK', { algorithm: 'RS256', keys: [{ ...rsa.export({ format: 'jwk' }) }] }, 'RS256'],
  ] as const)('verifies a token of %s', async (_, signing, algorithm) => {
    const options = signing === undefined ? {} : { signing: { ...signing, keys: [...signing.keys] } };
    const own = await startGatehouse(options);
    try {
      const { accessToken } = await signIn(own.issuer);
      const document = await publishedKeys(own.issuer);
      const { payload, protectedHeader } = await jwtVerify(
        accessToken,
        createLocalJWKSet(document as unknown as JSONWebKeySet),
        { issuer: own.issuer, audience: own.mcpUrl, typ: 'at+jwt', algorithms: [algorithm] },
      );
      expect(payload).toMatchObject({ sub: 'oidc|alice', scope: 'mcp:tools' });
      expect(protectedHeader.kid).toBe(document.keys[0]?.kid);
      expect((await callResource(own.mcpUrl, accessToken)).status).toBe(200);
      expect(own.gate.getMetadata().id_token_signing_alg_values_supported).toEqual([algorithm]);
    } finally {
      await own.close();
    }
  });

  it('verifies HS256 with the shared secret, of which nothing is published', async () => {
    const secret = 'hs256-secret-that-is-shared-with-the-resource';
    const old = 'hs256-secret-that-was-shared-before-that-one';
    const own = await startGatehouse({ signing: { algorithm: 'HS256', secret: old } });
    try {
      const before = await signIn(own.issuer);
      const { payload } = await jwtVerify(before.accessToken, Buffer.from(old), {
        audience: own.mcpUrl,
        typ: 'at+jwt',
      });
      expect(payload.sub).toBe('oidc|alice');
      expect(await publishedKeys(own.issuer)).toEqual({ keys: [] });

      await own.restart({ signing: { algorithm: 'HS256', secret: [secret, old] } });
      const after = await refresh(own.issuer, before.client, before.refreshToken);
      await jwtVerify(String(after.body['access_token']), Buffer.from(secret), { audience: own.mcpUrl });
      expect((await callResource(own.mcpUrl, before.accessToken)).status).toBe(200);
      expect((await callResource(own.mcpUrl, String(after.body['access_token']))).status).toBe(200);
    } finally {
      await own.close();
    }
  });

  it('meets a supplied key that was replaced for as long as it is still listed', async () => {
    const own = await startGatehouse({ signing: { keys: [pemOf(privateKey)] } });
    try {
      const { accessToken, client, refreshToken } = await signIn(own.issuer);
      await own.restart({ signing: { keys: [pemOf(foreignKey), pemOf(privateKey)] } });
      const next = String((await refresh(own.issuer, client, refreshToken)).body['access_token']);
      const { keys } = await publishedKeys(own.issuer);
      expect(keys.map(({ kid }) => kid)).toEqual([headerOf(next)['kid'], headerOf(accessToken)['kid']]);
      for (const token of [accessToken, next]) expect((await callResource(own.mcpUrl, token)).status).toBe(200);
      await own.restart({ signing: { keys: [pemOf(foreignKey)] } });
      expect((await callResource(own.mcpUrl, accessToken)).status).toBe(401);
      expect((await callResource(own.mcpUrl, next)).status).toBe(200);
    } finally {
      await own.close();
    }
  });

  it('is never shown a private member', async () => {
    const { keys } = await publishedKeys();
    expect(keys).toHaveLength(1);
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
      expect(() => createPrivateKey({ key, format: 'jwk' })).toThrow();
    }
  });
});

describe('an access token of a client that acts for itself', () => {
  let own: Gatehouse;
  let token: string;
  const machine = { clientId: 'machine', name: 'Machine', clientSecret: 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU' };
  beforeAll(async () => {
    own = await startGatehouse({ signing: { keys: [pemOf(privateKey)] }, clients: [machine] });
    const { body } = await postForm(
      `${own.issuer}/oauth/token`,
      { grant_type: 'client_credentials' },
      { authorization: `Basic ${Buffer.from(`machine:${machine.clientSecret}`).toString('base64')}` },
    );
    token = String(body['access_token']);
  });
  afterAll(() => own.close());

  const signed = (changes: Record<string, unknown>) =>
    forge(headerOf(token), { ...claimsOf(token), ...changes }, es256(privateKey));
  const statusOf = async (each: string) => (await callResource(own.mcpUrl, each)).status;

  it('counts, and says that there is no user', async () => {
    const answer = (await (await callResource(own.mcpUrl, token)).json()) as { extra: object };
    expect(answer.extra).toEqual({ sub: 'machine', claims: {} });
    expect(await statusOf(signed({}))).toBe(200);
  });

  it.each<[string, Record<string, unknown>]>([
    ['names a user', { sub: 'oidc|alice' }],
    ['names another client as its subject', { sub: 'other' }],
    ['names a client that is not there', { sub: 'other', client_id: 'other' }],
    ['names a member of every object', { sub: 'constructor', client_id: 'constructor' }],
    ['names a provider', { idp: 'oidc' }],
    ['has half of a grant', { grant_id: 'x' }],
    ['has a grant of nobody', { grant_id: 'x', idp: 'oidc' }],
    ['has a grant that is null', { grant_id: null, idp: null }],
    ['has an empty grant', { grant_id: '', idp: '' }],
    ['names nobody', { sub: undefined, client_id: undefined }],
    ['names nobody in two ways', { sub: null, client_id: null }],
    ['is for another resource', { aud: 'https://other.example/mcp' }],
  ])('does not count when it %s', async (_, changes) => {
    expect(await statusOf(signed(changes))).toBe(401);
  });

  it('is malformed with half of a grant, and not merely without one that lives', async () => {
    for (const changes of [{ grant_id: 'x' }, { grant_id: null }, { idp: 'oidc' }]) {
      own.log.length = 0;
      expect(await statusOf(signed(changes))).toBe(401);
      expect(own.log.map(({ causes }) => causes)).toEqual([['invalid_token: bad signature or claims']]);
    }
  });

  it('counts no longer than its time', async () => {
    own.advance(3600 + 61);
    expect(await statusOf(token)).toBe(401);
    own.advance(-3661);
  });

  it('does not count while nobody can tell whether it was ended', async () => {
    const { body } = await signIn(own.issuer);
    await own.restart({ store: brokenStore });
    expect(await statusOf(String(body['access_token']))).toBe(503);
    expect(await statusOf(token)).toBe(503);
  });
});

const away = () => Promise.reject(new Error('The database is away.'));
const brokenStore = { get: away, set: away, delete: away, list: away, close: () => Promise.resolve() };
