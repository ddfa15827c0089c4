import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { publicJwk, sharedSigningKeys, suppliedSigningKeys, thumbprint } from '../../src/keys/signing-keys.js';

const newEc = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

describe('the name of a key', () => {
  it('is the thumbprint of the example in RFC 7638 §3.1', () => {
    const jwk = {
      kty: 'RSA',
      n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
      e: 'AQAB',
      alg: 'RS256',
      kid: '2011-04-29',
    };
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    expect(thumbprint(key)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });

  it('is the same for the private and the public half', () => {
    const key = newEc();
    expect(thumbprint(createPublicKey(key))).toBe(thumbprint(key));
    expect(thumbprint(newEc())).not.toBe(thumbprint(key));
  });
});

describe('a published key', () => {
  it.each([
    ['ES256' as const, newEc(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']],
    [
      'RS256' as const,
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    ],
  ])('has no private member (%s)', (algorithm, key, members) => {
    const jwk = publicJwk(key, 'name', algorithm);
    expect(Object.keys(jwk).sort()).toEqual(members);
    expect(jwk).toMatchObject({ alg: algorithm, kid: 'name', use: 'sig' });
  });
});

describe('supplied keys', () => {
  it('sign with the first, verify with all, and publish the public halves', async () => {
    const [one, other] = [newEc(), newEc()];
    const keys = suppliedSigningKeys('ES256', [one, other]);
    expect(await keys.current()).toEqual({ kid: thumbprint(one), key: one });
    expect((await keys.find(thumbprint(other)))?.equals(createPublicKey(other))).toBe(true);
    expect((await keys.find(thumbprint(one)))?.type).toBe('public');
    const { keys: published } = await keys.jwks();
    expect(published.map(({ kid }) => kid)).toEqual([thumbprint(one), thumbprint(other)]);
    expect(JSON.stringify(published)).not.toContain('"d"');
    for (const kid of ['', '__proto__', thumbprint(newEc())]) expect(await keys.find(kid)).toBeUndefined();
  });
});

describe('shared secrets', () => {
  const secrets: [string, string] = ['the first shared secret, 32 characters', 'the second shared secret, 32 chars'];

  it('sign with the first, verify with all, and publish nothing', async () => {
    const keys = sharedSigningKeys(secrets);
    const second = await sharedSigningKeys([secrets[1]]).current();
    const current = await keys.current();
    expect(current.key.export().toString()).toBe(secrets[0]);
    expect((await keys.find(second.kid))?.equals(second.key)).toBe(true);
    expect(await keys.find('none')).toBeUndefined();
    expect(await keys.jwks()).toEqual({ keys: [] });
    expect(current.kid).not.toBe(second.kid);
  });
});
