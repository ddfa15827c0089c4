import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatScope, isScopeToken, isSubset, parseScope, withImplied } from '../../src/protocol/scope.js';

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

describe('a scope parameter', () => {
  const token = fc.constantFrom('mcp:tools', 'notes:write', 'a', '!', '~', 'x'.repeat(200));
  const junk = fc.constantFrom('', '"', '\\', '\t', '\n', 'é', '\u0000', 'x'.repeat(201));

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(token), (all) => {
        expect(parseScope(formatScope(all))).toEqual(all);
      }),
      { seed: 7, numRuns: 200 },
    );
    expect(parseScope(undefined)).toEqual([]);
  });

  it('says the same with what no scope is, and with anything said twice', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(token, junk)), (all) => {
        const read = parseScope(all.join(' '));
        expect(read).toEqual([...new Set(all.filter((each) => isScopeToken(each)))]);
        expect(parseScope(formatScope([...read, ...read]))).toEqual(read);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('is a list of scope tokens in the order of the text, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), (text) => {
        const read = parseScope(text);
        expect(read.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(scope))).toBe(true);
        expect(new Set(read).size).toBe(read.length);
        const words = text.split(' ');
        expect(read).toEqual([...read].sort((a, b) => words.indexOf(a) - words.indexOf(b)));
      }),
      { seed: 7, numRuns: 1000 },
    );
  });
});

describe('a part of scopes', () => {
  it('is a part of what the whole is a part of; each is of itself; both ways means the same scopes', () => {
    fc.assert(
      fc.property(scopes, scopes, scopes, (one, two, three) => {
        expect(isSubset(one, one)).toBe(true);
        expect(isSubset([], one)).toBe(true);
        if (isSubset(one, two) && isSubset(two, three)) expect(isSubset(one, three)).toBe(true);
        if (isSubset(one, two) && isSubset(two, one)) expect([...one].sort()).toEqual([...two].sort());
      }),
      { seed: 7, numRuns: 1000 },
    );
  });

  it('implies no more than the whole implies, whatever implies what', () => {
    fc.assert(
      fc.property(scopes, scopes, graph, (one, two, implied) => {
        const [narrow, broad] = [withImplied(one, implied), withImplied(two, implied)];
        expect(isSubset(one, broad)).toBe(isSubset(narrow, broad));
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});
