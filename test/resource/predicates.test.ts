import type { AuthInfo as AuthInfoV1 } from '@modelcontextprotocol/sdk/server/auth/types.js';
import type { AuthInfo as AuthInfoV2 } from '@modelcontextprotocol/server';
import { all, any, requireClaim, requireScopes, type AuthInfo, type AuthSubject, type Permit } from 'mcp-gatehouse';
import { describe, expect, expectTypeOf, it } from 'vitest';

const whoHas = (claims: Record<string, unknown>, scopes: string[] = []): AuthInfo => ({
  token: 't',
  clientId: 'c',
  scopes,
  expiresAt: 1,
  resource: new URL('https://mcp.example/mcp'),
  extra: { sub: 'alice', provider: 'google', grantId: 'g', claims },
});
const yes: Permit = () => true;
const no: Permit = () => false;

describe('a predicate', () => {
  it('takes what tool code of both SDK lines receives', () => {
    expectTypeOf<AuthInfo>().toExtend<AuthSubject>();
    expectTypeOf<AuthInfoV1>().toExtend<AuthSubject>();
    expectTypeOf<AuthInfoV2>().toExtend<AuthSubject>();
  });

  it('permits nobody nothing', () => {
    for (const permit of [requireScopes('read'), requireClaim('role'), requireClaim('sub')]) {
      expect(permit(undefined)).toBe(false);
      expect(permit({ scopes: [] })).toBe(false);
      expect(permit({ scopes: [], extra: {} })).toBe(false);
    }
  });
});

describe('requireScopes', () => {
  it('wants all of them', () => {
    expect(requireScopes('read')(whoHas({}, ['read', 'write']))).toBe(true);
    expect(requireScopes('read', 'write')(whoHas({}, ['write', 'read']))).toBe(true);
    expect(requireScopes('read', 'admin')(whoHas({}, ['read', 'write']))).toBe(false);
  });

  it('is told what it wants', () => {
    for (const scopes of [[], [''], ['read write']]) expect(() => requireScopes(...scopes)).toThrow(TypeError);
  });
});

describe('requireClaim', () => {
  it('wants a claim that says something', () => {
    for (const value of ['x', 0, true, ['x'], {}]) {
      expect(requireClaim('role')(whoHas({ role: value })), JSON.stringify(value)).toBe(true);
    }
    for (const value of [null, false, '', [], undefined]) {
      expect(requireClaim('role')(whoHas({ role: value })), JSON.stringify(value)).toBe(false);
    }
    expect(requireClaim('role')(whoHas({}))).toBe(false);
  });

  it('wants a value, or a list that has it', () => {
    const isAdmin = requireClaim('role', 'admin');
    expect(isAdmin(whoHas({ role: 'admin' }))).toBe(true);
    expect(isAdmin(whoHas({ role: ['user', 'admin'] }))).toBe(true);
    for (const role of ['administrator', 'user admin', ['user'], [['admin']], { admin: true }, true]) {
      expect(isAdmin(whoHas({ role })), JSON.stringify(role)).toBe(false);
    }
    expect(requireClaim('level', 3)(whoHas({ level: 3 }))).toBe(true);
    expect(requireClaim('level', 3)(whoHas({ level: '3' }))).toBe(false);
    expect(requireClaim('email_verified', true)(whoHas({ email_verified: 'true' }))).toBe(false);
    expect(requireClaim('suspended', false)(whoHas({ suspended: false }))).toBe(true);
    expect(requireClaim('suspended', false)(whoHas({}))).toBe(false);
  });

  it('wants one of several values', () => {
    const isStaff = requireClaim('role', ['admin', 'editor']);
    expect(isStaff(whoHas({ role: 'editor' }))).toBe(true);
    expect(isStaff(whoHas({ role: ['user', 'admin'] }))).toBe(true);
    expect(isStaff(whoHas({ role: ['user'] }))).toBe(false);
    expect(requireClaim('role', [])(whoHas({ role: 'admin' }))).toBe(false);
  });

  it('asks a function, whose answer has to be true', () => {
    const isHigh = requireClaim('level', (level) => typeof level === 'number' && level > 2);
    expect(isHigh(whoHas({ level: 3 }))).toBe(true);
    expect(isHigh(whoHas({ level: 2 }))).toBe(false);
    const always = requireClaim('level', () => true);
    expect(always(whoHas({}))).toBe(false);
    // What a JavaScript user may write.
    const promised = requireClaim('level', (() => Promise.resolve(false)) as unknown as () => boolean);
    expect(promised(whoHas({ level: 1 }))).toBe(false);
  });

  it('never falls back to mere presence for a setting that nobody made', () => {
    expect(() => requireClaim('role', undefined as unknown as string)).toThrow(TypeError);
  });

  it('knows own claims only', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(requireClaim(name)(whoHas({})), name).toBe(false);
      expect(requireClaim(name, () => true)(whoHas({})), name).toBe(false);
    }
    const parsed = JSON.parse('{"__proto__": {"role": "admin"}}') as Record<string, unknown>;
    expect(requireClaim('role', 'admin')(whoHas(parsed))).toBe(false);
    expect(requireClaim('role', 'admin')(whoHas(Object.create({ role: 'admin' }) as object & typeof parsed))).toBe(
      false,
    );
  });

  it('takes sub and idp from the token itself, and nothing else', () => {
    const auth = whoHas({ sub: 'mallory', idp: 'other', provider: 'mapped' });
    expect(requireClaim('sub', 'alice')(auth)).toBe(true);
    expect(requireClaim('sub', 'mallory')(auth)).toBe(false);
    expect(requireClaim('idp', ['google', 'github'])(auth)).toBe(true);
    expect(requireClaim('provider', 'mapped')(auth)).toBe(true);
    expect(requireClaim('provider', 'google')(auth)).toBe(false);
    expect(requireClaim('grantId')(auth)).toBe(false);
  });
});

describe('predicates', () => {
  it('can be put together', () => {
    const auth = whoHas({});
    expect([all(yes, yes)(auth), all(yes, no)(auth), any(no, yes)(auth), any(no, no)(auth)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    const permit = all(requireScopes('read'), any(requireClaim('role', 'admin'), requireClaim('sub', 'alice')));
    expect(permit(whoHas({}, ['read']))).toBe(true);
    expect(permit(whoHas({ role: 'admin' }, []))).toBe(false);
  });

  it('are not made of nothing, nor of promises', () => {
    expect(() => all()).toThrow(TypeError);
    expect(() => any()).toThrow(TypeError);
    const promised = (() => Promise.resolve(false)) as unknown as Permit;
    expect(all(promised)(whoHas({}))).toBe(false);
    expect(any(promised)(whoHas({}))).toBe(false);
  });
});
