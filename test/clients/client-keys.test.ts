import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fixedKeys, readClientKeys } from '../../src/clients/client-keys.js';
import { ecKeyPair, rsaKeyPair } from '../support/assertion.js';

const ec = ecKeyPair();
const rsa = rsaKeyPair();
const jwkOf = (key: KeyObject): JsonWebKey => key.export({ format: 'jwk' });
const algorithmsIn = (...keys: unknown[]) => readClientKeys({ keys })?.map(({ algorithm }) => algorithm);

describe('the keys of a client', () => {
  it('are pinned to one algorithm each: what they name, or the usual one of their type', () => {
    expect(algorithmsIn(ec.jwk, rsa.jwk)).toEqual(['ES256', 'RS256']);
    expect(
      algorithmsIn({ ...rsa.jwk, alg: 'PS256' }, { ...rsa.jwk, alg: 'RS256' }, { ...ec.jwk, alg: 'ES256' }),
    ).toEqual(['PS256', 'RS256', 'ES256']);
  });

  it.each<[string, unknown]>([
    ['a private key', jwkOf(ec.privateKey)],
    ['a private RSA key', jwkOf(rsa.privateKey)],
    ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0' }],
    ['a public key with a secret beside it', { ...ec.jwk, k: 'c2VjcmV0' }],
    ['a key for encryption', { ...ec.jwk, use: 'enc' }],
    ['a key that may not verify', { ...ec.jwk, key_ops: ['encrypt'] }],
    ['a key of an algorithm that is not its own', { ...ec.jwk, alg: 'RS256' }],
    ['a key of a symmetric algorithm', { ...rsa.jwk, alg: 'HS256' }],
    ['a key of no algorithm', { ...rsa.jwk, alg: 'none' }],
    ['a key of another length of hash', { ...rsa.jwk, alg: 'RS512' }],
    ['a key whose name is no text', { ...ec.jwk, kid: 7 }],
    ['a point that is not on the curve', { ...ec.jwk, x: ec.jwk.y }],
    ['another curve', jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)],
    ['a curve of coins', jwkOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)],
    ['an Edwards curve', jwkOf(generateKeyPairSync('ed25519').publicKey)],
    ['a short RSA key', jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
    ['a huge RSA key', { ...rsa.jwk, n: Buffer.alloc(2000, 0xff).toString('base64url') }],
    ['an RSA key that takes for ever', { ...rsa.jwk, e: rsa.jwk.n }],
    ['nothing', {}],
    ['null', null],
    ['text', 'key'],
    ['a list', []],
  ])('are not: %s', (_, jwk) => {
    expect(algorithmsIn(jwk)).toEqual([]);
    expect(algorithmsIn(jwk, ec.jwk)).toEqual(['ES256']);
  });

  it.each([null, undefined, 7, 'keys', [], {}, { keys: null }, { keys: {} }, { keys: 'x' }])(
    'are none in %j, which is no set',
    (jwks) => {
      expect(readClientKeys(jwks)).toBeUndefined();
    },
  );

  it('are twenty at most', () => {
    const keys = Array.from({ length: 20 }, () => ec.jwk);
    expect(readClientKeys({ keys })).toHaveLength(20);
    expect(readClientKeys({ keys: [...keys, ec.jwk] })).toBeUndefined();
  });

  it('of the configuration stay what they are', async () => {
    const keys = readClientKeys({ keys: [ec.jwk] }) ?? [];
    expect(await fixedKeys(keys).current()).toBe(keys);
    expect(await fixedKeys(keys).renewed(keys)).toBeUndefined();
  });
});
