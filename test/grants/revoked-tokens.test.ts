import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGrant, serializeGrant } from '../../src/grants/grant.js';
import {
  isRevoked,
  maxRevokedTokens,
  withRevoked,
  type IssuedToken,
  type RevokedTokens,
} from '../../src/grants/revoked-tokens.js';
import { sampleGrant, start } from './scene.js';

const ttl = 3600;
const tolerance = 60;
const token = (jti: string, iat: number): IssuedToken => ({ jti, iat, exp: iat + ttl });
const revokeAll = (tokens: readonly IssuedToken[], now: number, from?: RevokedTokens) =>
  tokens.reduce<RevokedTokens | undefined>((revoked, each) => withRevoked(each, now, revoked), from);
const many = (count: number, at = start) => Array.from({ length: count }, (_, index) => token(`t${index}`, at + index));

describe('the list of ended access tokens', () => {
  it('tells tokens apart by their jti, also those of one second', () => {
    const revoked = withRevoked(token('a', start), start);
    expect(isRevoked(token('a', start), revoked)).toBe(true);
    expect(isRevoked(token('b', start), revoked)).toBe(false);
    expect(isRevoked(token('a', start), undefined)).toBe(false);
  });

  it('when it is full ends what is as old as the oldest in it, and nothing that is newer', () => {
    const tokens = many(maxRevokedTokens + 1);
    const full = revokeAll(tokens.slice(0, -1), start);
    expect(full).not.toHaveProperty('issuedUntil');
    expect(full?.tokens).toHaveLength(maxRevokedTokens);
    const over = revokeAll(tokens.slice(-1), start, full);
    expect(over).toMatchObject({ issuedUntil: start });
    expect(over?.tokens).toHaveLength(maxRevokedTokens);
    for (const each of tokens) expect(isRevoked(each, over)).toBe(true);
    expect(isRevoked(token('other, older', start - 1), over)).toBe(true);
    expect(isRevoked(token('other, newer', start + 1), over)).toBe(false);
  });

  it('keeps what a full list has ended, also once there is room again', () => {
    const tokens = many(maxRevokedTokens + 1);
    const over = revokeAll(tokens, start);
    const later = withRevoked(token('late', start + ttl), start + ttl + 3 * tolerance, over);
    expect(later.tokens).toHaveLength(1);
    expect(later.issuedUntil).toBe(start);
  });

  it('forgets a token only when no instance can take it for valid, however its clock goes', () => {
    const revoked = withRevoked(token('a', start), start);
    const later = (now: number) => withRevoked(token('b', now), now, revoked).tokens.map(({ jti }) => jti);
    expect(later(start + ttl + 2 * tolerance)).toEqual(['b', 'a']);
    expect(later(start + ttl + 2 * tolerance + 1)).toEqual(['b']);
  });

  it('is part of a record that is understood whole or not at all', () => {
    const revokedTokens = revokeAll(many(40), start);
    const grant = { ...sampleGrant('grant'), ...(revokedTokens && { revokedTokens }) };
    expect(parseGrant(serializeGrant(grant))).toMatchObject({ revokedTokens });
    for (const damaged of [
      {},
      null,
      { tokens: 'all' },
      { tokens: [null] },
      { tokens: [{ jti: 1, iat: start, exp: start }] },
      { tokens: [{ jti: 'a', exp: start }] },
      { tokens: [{ jti: 'a', iat: start, exp: null }] },
      { tokens: [], issuedUntil: 'now' },
      { tokens: [], issuedUntil: null },
    ]) {
      expect(parseGrant(JSON.stringify({ format: 1, ...grant, revokedTokens: damaged }))).toBeUndefined();
    }
  });

  it('is bounded, never gives back what was ended, and takes nothing that is newer than what was', () => {
    const steps = fc.array(
      fc.record({
        wait: fc.oneof({ weight: 20, arbitrary: fc.nat(10) }, { weight: 1, arbitrary: fc.nat(1500) }),
        age: fc.nat(120),
        revokes: fc.boolean(),
        ttl: fc.integer({ min: 600, max: ttl }),
      }),
      { minLength: 60, maxLength: 160 },
    );
    let overflows = 0;
    fc.assert(
      fc.property(steps, (all) => {
        let now = start;
        let revoked: RevokedTokens | undefined;
        const ended: IssuedToken[] = [];
        const living: IssuedToken[] = [];
        all.forEach(({ wait, age, revokes, ttl }, index) => {
          now += wait;
          const iat = Math.max(start, now - age);
          const each = { jti: `t${index}`, iat, exp: iat + ttl };
          if (isRevoked(each, revoked)) return;
          if (!revokes) {
            living.push(each);
            return;
          }
          revoked = withRevoked(each, now, revoked);
          ended.push(each);
          expect(revoked.tokens.length).toBeLessThanOrEqual(maxRevokedTokens);
        });
        if (revoked?.issuedUntil !== undefined) overflows += 1;
        const isValid = ({ exp }: IssuedToken) => now <= exp + 2 * tolerance;
        for (const each of ended.filter(isValid)) expect(isRevoked(each, revoked)).toBe(true);
        const newestEnded = Math.max(-Infinity, ...ended.map(({ iat }) => iat));
        for (const each of living) if (each.iat > newestEnded) expect(isRevoked(each, revoked)).toBe(false);
        if (ended.length <= maxRevokedTokens) {
          for (const each of living) expect(isRevoked(each, revoked)).toBe(false);
        }
      }),
      { seed: 20_261_121, numRuns: 400 },
    );
    expect(overflows).toBeGreaterThan(20);
  });
});
