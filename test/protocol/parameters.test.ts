import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuthError } from '../../src/protocol/auth-error.js';
import { parseParameters } from '../../src/protocol/parameters.js';

describe('parameters', () => {
  it('are read as URLSearchParams wrote them, whatever they are', () => {
    const text = fc.string({ unit: 'binary', minLength: 1 }).filter((each) => each.isWellFormed());
    // eslint-disable-next-line no-control-regex -- control characters are refused
    const value = text.filter((each) => !/[\u0000-\u001f\u007f]/.test(each));
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(text, value), { selector: ([name]) => name, maxLength: 20 }), (pairs) => {
        const parameters = parseParameters(new URLSearchParams(pairs).toString());
        for (const [name, each] of pairs) expect(parameters.get(name)).toBe(each);
      }),
      { seed: 20_261_120, numRuns: 300 },
    );
  });

  it('are text or one error, whatever is read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          parseParameters(text).get('a');
        } catch (error) {
          expect(error).toBeInstanceOf(AuthError);
          expect(error).toMatchObject({ code: 'invalid_request' });
        }
      }),
      { seed: 20_261_120, numRuns: 300 },
    );
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('have no %s that was not sent', (name) => {
    expect(parseParameters('a=b').get(name)).toBeUndefined();
    expect(parseParameters(`${name}=b`).get(name)).toBe('b');
  });

  it('may number a hundred', () => {
    expect(parseParameters('a=b&'.repeat(100)).all('a')).toHaveLength(100);
    expect(() => parseParameters('a=b&'.repeat(101))).toThrow('too many parameters');
  });
});
