import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { createResourceServer } from 'mcp-gatehouse';
import { describe, expect, it } from 'vitest';

const issuer = 'https://auth.example';
const resource = 'https://notes.example/mcp';
const now = 1_800_000_000;

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ec384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ed = generateKeyPairSync('ed25519');

const published = ({ publicKey }: { publicKey: KeyObject }, more: object = {}) => ({
  ...publicKey.export({ format: 'jwk' }),
  kid: 'key',
  ...more,
});

/** A resource server whose issuer publishes this document as its keys. */
function serverWith(jwks: unknown, algorithms?: string[]) {
  const documents: Record<string, unknown> = {
    '/.well-known/oauth-authorization-server': { issuer, jwks_uri: `${issuer}/jwks` },
    '/jwks': jwks,
  };
  const fetch = (url: string) => Promise.resolve(Response.json(documents[new URL(url).pathname]));
  return createResourceServer({ issuer, resource, algorithms, fetch, clock: () => now, log: () => undefined });
}

function tokenOf(key: KeyObject, alg: string): Promise<string> {
  return new SignJWT({ client_id: 'client' })
    .setProtectedHeader({ alg, typ: 'at+jwt', kid: 'key' })
    .setIssuer(issuer)
    .setAudience(resource)
    .setSubject('alice')
    .setIssuedAt(now)
    .setExpirationTime(now + 300)
    .sign(key);
}

const refused = { code: 'invalid_token' };
const unavailable = { code: 'temporarily_unavailable' };

describe('the keys of an issuer', () => {
  it.each([
    ['ES256', ec],
    ['ES384', ec384],
    ['RS256', rsa],
    ['PS256', rsa],
    ['PS512', rsa],
    ['EdDSA', ed],
  ] as const)('verify %s where it is asked for', async (alg, pair) => {
    const token = await tokenOf(pair.privateKey, alg);
    const keys = [published(pair)];
    expect(await serverWith({ keys }, [alg]).verifyAccessToken(token)).toMatchObject({ clientId: 'client' });
    const other = alg === 'ES256' ? 'RS256' : 'ES256';
    await expect(serverWith({ keys }, [other]).verifyAccessToken(token)).rejects.toMatchObject(refused);
  });

  it('are each for one algorithm: the one that it names, or the first of those that count', async () => {
    const token = await tokenOf(rsa.privateKey, 'PS256');
    const verify = (algorithms: string[], more: object = {}) =>
      serverWith({ keys: [published(rsa, more)] }, algorithms).verifyAccessToken(token);
    await expect(verify(['RS256', 'PS256'])).rejects.toMatchObject({ ...refused, cause: { message: 'wrong alg' } });
    await expect(verify(['PS256', 'RS256'], { alg: 'RS256' })).rejects.toMatchObject(refused);
    expect(await verify(['PS256', 'RS256'])).toBeDefined();
    expect(await verify(['RS256', 'PS256'], { alg: 'PS256' })).toBeDefined();
  });

  it.each<[string, object]>([
    ['a private one', { ...ec.privateKey.export({ format: 'jwk' }), kid: 'key' }],
    ['one for encryption', published(ec, { use: 'enc' })],
    ['one for something else', published(ec, { key_ops: ['deriveKey'] })],
    ['one for another algorithm', published(ec, { alg: 'ES384' })],
    ['one without a name', published(ec, { kid: undefined })],
    ['one with a number for its name', published(ec, { kid: 42 })],
    ['half of one', published(ec, { y: undefined })],
    ['one of a made-up kind', published(ec, { kty: '__proto__', crv: undefined })],
    ['a shared one', { kty: 'oct', k: 'c2VjcmV0', kid: 'key', alg: 'ES256' }],
  ])('leave out %s, and the rest still counts', async (_, jwk) => {
    const token = await tokenOf(ec.privateKey, 'ES256');
    await expect(serverWith({ keys: [jwk] }).verifyAccessToken(token)).rejects.toMatchObject({
      ...refused,
      cause: { message: 'unknown key' },
    });
    const keys = [null, 'x', jwk, published(ec)];
    expect(await serverWith({ keys }).verifyAccessToken(token)).toBeDefined();
  });

  it('are not made of weak RSA', async () => {
    const token = await tokenOf(rsa.privateKey, 'RS256');
    const server = serverWith({ keys: [published(weak)] });
    await expect(server.verifyAccessToken(token)).rejects.toMatchObject({
      ...refused,
      cause: { message: 'unknown key' },
    });
  });

  it.each([[{}], [{ keys: 'x' }], [[]], [{ keys: Array(51).fill(published(ec)) }]])(
    'are not in such a document, which refuses nobody',
    async (jwks) => {
      const token = await tokenOf(ec.privateKey, 'ES256');
      await expect(serverWith(jwks).verifyAccessToken(token)).rejects.toMatchObject(unavailable);
    },
  );
});
