import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lengthPrefixed, mac, macText, secretsEqual } from '../../src/keys/mac.js';

const key = Buffer.alloc(32, 7);
const parts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\0', '\0\0\0\x01', 'a')), {
  maxLength: 5,
});

describe('length prefixing', () => {
  it('lets no two lists of parts give the same bytes', () => {
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const same =
          one.length === other.length &&
          one.every((part, index) => part.toWellFormed() === other[index]?.toWellFormed());
        expect(lengthPrefixed(one).equals(lengthPrefixed(other))).toBe(same);
      }),
    );
  });

  it('keeps lists apart that merely cut the same text at another place', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 20 }), fc.nat(20), fc.nat(20), (text, one, other) => {
        const cut = (at: number) => [text.slice(0, at), text.slice(at)];
        const same = Math.min(one, text.length) === Math.min(other, text.length);
        expect(lengthPrefixed(cut(one)).equals(lengthPrefixed(cut(other)))).toBe(same);
      }),
    );
    const lists = [[], [''], ['', ''], ['ab'], ['a', 'b'], ['', 'ab'], ['ab', '']];
    expect(new Set(lists.map((list) => macText(key, list))).size).toBe(lists.length);
  });

  it('counts bytes, so that text and the same bytes are one part', () => {
    expect(lengthPrefixed(['é€'])).toEqual(lengthPrefixed([Buffer.from('é€')]));
    expect(lengthPrefixed(['é'])).toEqual(Buffer.from([0, 0, 0, 2, 0xc3, 0xa9]));
  });
});

describe('a MAC', () => {
  it('is HMAC-SHA-256, cut to the length that is asked for', () => {
    expect(mac(key, ['a'], 32)).toHaveLength(32);
    expect(mac(key, ['a'])).toEqual(mac(key, ['a'], 32).subarray(0, 16));
    expect(macText(key, ['a'], 8)).toBe(mac(key, ['a'], 32).subarray(0, 8).toString('base64url'));
  });

  it('changes with the key and with every part', () => {
    const all = [
      macText(key, ['a', 'b']),
      macText(Buffer.alloc(32, 8), ['a', 'b']),
      macText(key, ['a', 'c']),
      macText(key, ['c', 'b']),
    ];
    expect(new Set(all).size).toBe(4);
  });
});

describe('the comparison of secrets', () => {
  it('finds equal what is equal, and nothing else, whatever the lengths', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        expect(secretsEqual(one, one)).toBe(true);
        expect(secretsEqual(one, other)).toBe(one === other);
        expect(secretsEqual(one, `${one}x`)).toBe(false);
      }),
    );
  });
});
