import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSubset, withImplied } from '../../src/protocol/scope.js';

const names = ['a', 'b', 'c', 'd', 'e'];
const scopes = fc.uniqueArray(fc.constantFrom(...names));
const graph = fc
  .array(fc.tuple(fc.constantFrom(...names), scopes), { maxLength: 5 })
  .map((entries) => new Map<string, readonly string[]>(entries));

describe('a scope that implies others', () => {
  it('brings them along, and what those imply', () => {
    const implied = new Map([
      ['admin', ['write']],
      ['write', ['read']],
    ]);
    expect(withImplied(['admin'], implied)).toEqual(['admin', 'write', 'read']);
    expect(withImplied(['read'], implied)).toEqual(['read']);
    expect(withImplied([], implied)).toEqual([]);
  });

  it('may stand in a circle', () => {
    const circle = new Map([
      ['a', ['b']],
      ['b', ['a']],
    ]);
    expect(withImplied(['b'], circle)).toEqual(['b', 'a']);
  });

  it('adds and never takes away; once is enough; more scopes give no less', () => {
    fc.assert(
      fc.property(scopes, scopes, graph, (some, more, implied) => {
        const all = withImplied(some, implied);
        expect(isSubset(some, all)).toBe(true);
        expect(withImplied(all, implied)).toEqual(all);
        expect(isSubset(all, withImplied([...some, ...more], implied))).toBe(true);
        // Whatever was added is implied by something that is there.
        for (const scope of all) {
          expect(some.includes(scope) || all.some((each) => implied.get(each)?.includes(scope))).toBe(true);
        }
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});
