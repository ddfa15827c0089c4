import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuthError } from '../../src/protocol/auth-error.js';
import { joinClaims, readUserInfo } from '../../src/upstream/user-info.js';

describe('the claims of a user', () => {
  it('are copied into a fixed shape', () => {
    const claims = { sub: '1', email: 'a@example.test', email_verified: true, name: 'A', locale: 'de', extra: ['x'] };
    const { raw, ...user } = readUserInfo(claims);
    expect(user).toEqual({ sub: '1', email: 'a@example.test', email_verified: true, name: 'A', locale: 'de' });
    expect(raw).toEqual(claims);
  });

  it.each([
    [true, true],
    ['true', true],
    ['false', false],
    [1, false],
    ['TRUE', false],
    [{}, false],
    [undefined, false],
  ])('have a verified address when email_verified is %j: %s', (value, expected) => {
    expect(readUserInfo({ sub: '1', email: 'a@b.test', email_verified: value }).email_verified).toBe(expected);
  });

  it('have no verified address without an address', () => {
    expect(readUserInfo({ sub: '1', email: 7, email_verified: true }).email_verified).toBe(false);
  });

  it.each([
    ['text', 'text'],
    [42, '42'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ])('have the subject %j', (sub, expected) => {
    expect(readUserInfo({ sub }).sub).toBe(expected);
  });

  it.each([undefined, null, '', {}, [], true, 1.5, 2 ** 53, NaN, 'x'.repeat(256), 'a\u0000b', '\ud800'])(
    'with the subject %j are nobody',
    (sub) => {
      expect(() => readUserInfo({ sub })).toThrow(AuthError);
    },
  );

  it('leave out what has the wrong type or size, or cannot be shown', () => {
    const claims = { sub: '1', email: ['a'], name: 'x'.repeat(300), locale: 'a\nb', picture: 'javascript:alert(1)' };
    expect(Object.keys(readUserInfo(claims))).toEqual(['sub', 'email_verified', 'raw']);
  });

  it.each([
    [
      ['a', 'b', 'a'],
      ['a', 'b'],
    ],
    [[], []],
    [['a', 7, '', 'x'.repeat(257)], ['a']],
    [[{ id: 1 }], undefined],
    ['a', undefined],
    [null, undefined],
    [Array.from({ length: 11_001 }, (_, index) => `g${index}`), undefined],
  ])('have the groups and organizations of %j, where unknown is not none', (value, expected) => {
    const user = readUserInfo({ sub: '1', groups: value, organizations: value });
    expect(user.groups).toEqual(expected);
    expect(user.organizations).toEqual(expected);
    expect('groups' in user).toBe(expected !== undefined);
  });

  it('keep what the provider said beside what was made of it', () => {
    expect(readUserInfo({ sub: '1' }, { id: 1 })).toEqual({ sub: '1', email_verified: false, raw: { id: 1 } });
  });

  it('bring no prototype with them', () => {
    const hostile = JSON.parse('{"sub":"1","__proto__":{"admin":true},"deep":{"__proto__":{"admin":true}}}') as object;
    const { raw } = readUserInfo(hostile as never);
    expect(JSON.stringify(raw)).toBe('{"sub":"1","deep":{}}');
    expect((raw as { admin?: unknown }).admin).toBeUndefined();
  });

  it('are read or refused, whatever they are', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (others, sub) => {
        try {
          expect(typeof readUserInfo({ ...others, sub }).sub).toBe('string');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AuthError);
        }
      }),
    );
  });
});

describe('two documents about one user', () => {
  it('are joined, the profile first', () => {
    const evidence = { idToken: { sub: '1', name: 'Old', hd: 'x' }, profile: { sub: '1', name: 'New' } };
    expect(joinClaims(evidence)).toMatchObject({ sub: '1', name: 'New', hd: 'x' });
  });

  it("do not verify one another's address", () => {
    const profile = { sub: '1', email: 'other@example.test' };
    const idToken = { sub: '1', email: 'a@example.test', email_verified: true };
    const user = readUserInfo(joinClaims({ idToken, profile }));
    expect(user).toMatchObject({ email: 'other@example.test', email_verified: false });
  });
});
