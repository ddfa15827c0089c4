import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { createSealing, type SealPurpose } from '../../src/keys/sealing.js';

const issuer = 'https://auth.example';
const [first, second] = ['the first secret, thirty-two characters', 'the second secret, thirty-two chars'] as const;
const sealingOf = (secrets: readonly [string, ...string[]], at = issuer) =>
  createSealing(createKeyRing(secrets, at), randomBytes);

const purposes: SealPurpose[] = [
  'seal transaction',
  'seal sign-in',
  'seal claims',
  'seal vault',
  'seal installation key',
  'seal signing keys',
];
const sealing = sealingOf([first]);

describe('a seal', () => {
  it('gives back what was sealed, whatever it was', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 300 });
    fc.assert(
      fc.property(fc.constantFrom(...purposes), text, text, (purpose, context, sealed) => {
        expect(sealing.open(purpose, context, sealing.seal(purpose, context, sealed))).toBe(sealed);
      }),
    );
  });

  it('shows nothing of the text, and never looks the same twice', () => {
    const seals = Array.from({ length: 50 }, () => sealing.seal('seal vault', 'a', 'upstream-token'));
    expect(new Set(seals).size).toBe(50);
    for (const seal of seals) {
      expect(seal).toMatch(/^[\w-]{4}\.[\w-]+$/);
      expect(Buffer.from(seal.slice(5), 'base64url').includes('upstream')).toBe(false);
    }
  });

  it('opens for no other purpose, in no other place, and at no other issuer', () => {
    const sealed = sealing.seal('seal vault', 'place', 'text');
    for (const purpose of purposes) {
      expect(sealing.open(purpose, 'place', sealed)).toBe(purpose === 'seal vault' ? 'text' : undefined);
    }
    for (const context of ['', 'plac', 'place ', 'Place', 'place\0']) {
      expect(sealing.open('seal vault', context, sealed)).toBeUndefined();
    }
    expect(sealingOf([first], 'https://other.example').open('seal vault', 'place', sealed)).toBeUndefined();
  });

  it('does not open at another issuer even under the name that the key has there', () => {
    const other = sealingOf([first], 'https://other.example');
    const foreignName = other.seal('seal vault', 'place', 'x').slice(0, 5);
    const sealed = sealing.seal('seal vault', 'place', 'text');
    expect(other.open('seal vault', 'place', foreignName + sealed.slice(5))).toBeUndefined();
  });

  it('does not open when a single byte of it was changed', () => {
    const sealed = sealing.seal('seal claims', 'a', 'some text');
    const bytes = Buffer.from(sealed.slice(5), 'base64url');
    expect(bytes).toHaveLength(16 + 12 + 9 + 16);
    for (let index = 0; index < bytes.length; index++) {
      for (const bit of [1, 128]) {
        const changed = Buffer.from(bytes);
        changed[index] = (changed[index] ?? 0) ^ bit;
        expect(sealing.open('seal claims', 'a', sealed.slice(0, 5) + changed.toString('base64url'))).toBeUndefined();
      }
    }
  });

  it('does not open when it was cut short or made longer', () => {
    const sealed = sealing.seal('seal claims', 'a', 'some text');
    const bytes = Buffer.from(sealed.slice(5), 'base64url');
    for (let length = 0; length < bytes.length; length++) {
      for (const part of [bytes.subarray(0, length), bytes.subarray(bytes.length - length)]) {
        expect(sealing.open('seal claims', 'a', sealed.slice(0, 5) + part.toString('base64url'))).toBeUndefined();
      }
    }
    const longer = Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url');
    expect(sealing.open('seal claims', 'a', sealed.slice(0, 5) + longer)).toBeUndefined();
  });

  it('answers undefined to any other text, and never throws', () => {
    const name = sealing.seal('seal claims', 'a', '').slice(0, 5);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(sealing.open('seal claims', 'a', text)).toBeUndefined();
        expect(sealing.open('seal claims', 'a', name + text)).toBeUndefined();
      }),
    );
  });
});

describe('after a rotation of the secret', () => {
  const old = sealing.seal('seal vault', 'a', 'text');

  it('a seal of the old secret still opens, and is known to be old', () => {
    const rotated = sealingOf([second, first]);
    expect(rotated.open('seal vault', 'a', old)).toBe('text');
    expect(rotated.isCurrent(old)).toBe(false);
    expect(rotated.isCurrent(rotated.seal('seal vault', 'a', 'text'))).toBe(true);
  });

  it('a seal of any purpose is known to be current', () => {
    for (const purpose of purposes) expect(sealing.isCurrent(sealing.seal(purpose, 'a', 'text'))).toBe(true);
    for (const other of ['', '.', 'abcd', 'abcd.']) expect(sealing.isCurrent(other)).toBe(false);
  });

  it('an instance that knows the new secret only as a later one opens the new seals', () => {
    const rotated = sealingOf([second, first]);
    expect(sealingOf([first, second]).open('seal vault', 'a', rotated.seal('seal vault', 'a', 'new'))).toBe('new');
  });

  it('a seal of a secret that was taken off does not open', () => {
    const without = sealingOf([second]);
    expect(without.open('seal vault', 'a', old)).toBeUndefined();
    const renamed = without.seal('seal vault', 'a', 'x').slice(0, 5) + old.slice(5);
    expect(without.open('seal vault', 'a', renamed)).toBeUndefined();
  });
});
