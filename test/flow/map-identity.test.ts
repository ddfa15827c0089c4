import { describe, expect, it } from 'vitest';
import { mapIdentity, type TokenMapper } from '../../src/flow/map-identity.js';
import { reservedClaims } from '../../src/protocol/access-token-claims.js';
import { AuthError } from '../../src/protocol/auth-error.js';
import type { UserInfo } from '../../src/upstream/provider.js';

const provider = { id: 'google', name: 'Google', clientSecret: 'client-secret-canary' };
const tokens = { access_token: 'upstream-access', token_type: 'bearer' };
const user: UserInfo = { sub: '1234', email: 'alice@example.test', email_verified: true, raw: {} };
const map = (mapper?: TokenMapper) => mapIdentity(mapper, (sub) => sub === 'nightly-job')(provider, tokens, user);
const returning = (value: unknown) => map(() => value as Record<string, unknown>);

describe('the identity in our tokens', () => {
  it('without a mapper is the provider and its subject, and nothing else', async () => {
    expect(await map()).toEqual({ sub: 'google|1234', provider: 'google', claims: {} });
  });

  it.each([undefined, null, {}])('is the same when the mapper returns %j', async (value) => {
    expect(await returning(value)).toEqual(await map());
  });

  it('carries the claims that the mapper returns, at once or later', async () => {
    const claims = { email: 'a@b.test', roles: ['x'], nested: { deep: true }, none: null, zero: 0 };
    expect((await returning(claims)).claims).toEqual(claims);
    expect((await returning(Promise.resolve(claims))).claims).toEqual(claims);
  });

  it('has the subject that the mapper chose', async () => {
    expect((await returning({ sub: 'employee-7' })).sub).toBe('employee-7');
  });

  it('never has a bare upstream subject, so that two providers cannot share a user', async () => {
    expect((await returning({ sub: '1234' })).sub).toBe('google|1234');
    expect((await returning({ sub: undefined })).sub).toBe('google|1234');
  });

  it('never is a client that acts for itself, whoever chose the name', async () => {
    await expect(returning({ sub: 'nightly-job' })).rejects.toMatchObject({
      code: 'server_error',
      cause: { message: 'tokenMapper returned the id of a client as sub.' },
    });
    const namesake = { ...user, sub: 'nightly-job' };
    const { sub } = await mapIdentity(undefined, (each) => each === 'nightly-job')(provider, tokens, namesake);
    expect(sub).toBe('google|nightly-job');
  });

  it('never lets the mapper replace a claim of this server', async () => {
    const forged = Object.fromEntries([...reservedClaims].map((name) => [name, 'forged']));
    expect(await returning({ ...forged, mine: 1 })).toEqual({
      sub: 'google|1234',
      provider: 'google',
      claims: { mine: 1 },
    });
  });

  it('names every claim of RFC 9068 and ours among those', () => {
    for (const name of [
      'iss',
      'aud',
      'exp',
      'iat',
      'nbf',
      'jti',
      'client_id',
      'scope',
      'grant_id',
      'idp',
      'cnf',
      'act',
    ]) {
      expect(reservedClaims.has(name), name).toBe(true);
    }
  });

  it('is not polluted by a document that an upstream sent', async () => {
    const { claims } = await returning(JSON.parse('{"__proto__":{"admin":true},"a":1}'));
    expect((claims as { admin?: unknown }).admin).toBeUndefined();
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
    expect(claims['a']).toBe(1);
  });

  it.each([[null], [7], [''], [{}], [['a']], ['a'.repeat(256)]])('is refused with %j for a subject', async (sub) => {
    await expect(returning({ sub })).rejects.toMatchObject({ code: 'server_error' });
  });

  it('takes a subject of 255 characters', async () => {
    expect((await returning({ sub: 'a'.repeat(255) })).sub).toHaveLength(255);
  });

  it('has room for a kibibyte of claims, and no more', async () => {
    const sized = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });
    expect((await returning(sized(1024))).claims).toEqual(sized(1024));
    await expect(returning(sized(1025))).rejects.toMatchObject({
      code: 'server_error',
      cause: { message: expect.stringContaining('1024') as string },
    });
    await expect(returning({ a: 'é'.repeat(600) })).rejects.toMatchObject({ code: 'server_error' });
  });

  it('is what the mapper makes of the upstream tokens, the user and the provider, without its secrets', async () => {
    let seen: unknown;
    await map((...all) => void (seen = all));
    expect(seen).toEqual([tokens, user, { id: 'google', name: 'Google' }]);
  });

  it('is refused when the mapper throws: politely, without its words, which the log gets', async () => {
    for (const thrower of [
      () => {
        throw new Error('alice is not on the list');
      },
      () => Promise.reject(new Error('alice is not on the list')),
    ]) {
      const thrown = await map(thrower).catch((error: unknown) => error as Error);
      expect(thrown).toMatchObject({ code: 'access_denied', message: 'Access was refused.' });
      expect((thrown as Error).cause).toMatchObject({ message: 'alice is not on the list' });
    }
  });

  it('is refused with the error of this package that a mapper throws', async () => {
    const error = new AuthError('temporarily_unavailable', 'The directory is away.');
    await expect(map(() => Promise.reject(error))).rejects.toBe(error);
  });
});
