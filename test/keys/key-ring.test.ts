import { describe, expect, it } from 'vitest';
import { createKeyRing, type KeyPurpose } from '../../src/keys/key-ring.js';

const issuer = 'https://auth.example';
const [first, second, third] = [
  'the first secret, thirty-two characters',
  'the second secret, thirty-two chars',
  'the third secret, thirty-two chars!',
] as const;

const purposes: KeyPurpose[] = [
  'client id',
  'client secret',
  'credential',
  'browser cookie',
  'sign-in cookie',
  'seal transaction',
  'seal sign-in',
  'seal claims',
  'seal vault',
  'seal installation key',
  'seal signing keys',
];

describe('a key ring', () => {
  it('gives each purpose, each secret and each issuer a key of 256 bits of its own', () => {
    const keys = [first, second].flatMap((secret) =>
      [issuer, 'https://auth.example/', 'https://other.example'].flatMap((each) => {
        const ring = createKeyRing([secret], each);
        return purposes.map((purpose) => ring.current(purpose).key.toString('hex'));
      }),
    );
    expect(new Set(keys).size).toBe(2 * 3 * purposes.length);
    expect(keys.every((key) => key.length === 64)).toBe(true);
  });

  it('derives the same keys again, so that they survive a restart', () => {
    for (const purpose of purposes) {
      expect(createKeyRing([first, second], issuer).current(purpose)).toEqual(
        createKeyRing([first, second], issuer).current(purpose),
      );
    }
  });

  it('never changes how keys are derived, since everything in the field depends on it', () => {
    const { kid, key } = createKeyRing([first], issuer).current('credential');
    expect({ kid, key: key.toString('base64url') }).toMatchInlineSnapshot(`
      {
        "key": "8IMtwGoFR7ZDRZVhiAff0r9ti16RviAzHO7FUzSMG_4",
        "kid": "Xajr",
      }
    `);
  });

  it('makes with the first secret, and finds the keys of all of them by name', () => {
    const ring = createKeyRing([first, second, third], issuer);
    const alone = [first, second, third].map((secret) => createKeyRing([secret], issuer).current('credential'));
    expect(ring.current('credential')).toEqual(alone[0]);
    expect(ring.all('credential')).toEqual(alone);
    for (const { kid, key } of alone) expect(ring.find('credential', kid)).toEqual(key);
  });

  it('keeps a name with its secret, whatever the order', () => {
    const before = createKeyRing([first, second], issuer);
    const after = createKeyRing([second, first], issuer);
    expect(after.current('seal vault')).toEqual(before.all('seal vault')[1]);
    expect(after.find('seal vault', before.current('seal vault').kid)).toEqual(before.current('seal vault').key);
  });

  it('does not know the name of a secret that was taken off, nor any other', () => {
    const gone = createKeyRing([first], issuer).current('credential').kid;
    const ring = createKeyRing([second], issuer);
    for (const kid of [gone, '', '__proto__', 'constructor']) expect(ring.find('credential', kid)).toBeUndefined();
  });

  it('names a secret differently under each issuer, so that names do not tell of a shared secret', () => {
    const names = [issuer, 'https://other.example'].map(
      (each) => createKeyRing([first], each).current('credential').kid,
    );
    expect(names[0]).not.toBe(names[1]);
    for (const name of names) expect(name).toMatch(/^[\w-]{4}$/);
  });
});
