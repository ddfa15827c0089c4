import type * as Crypto from 'node:crypto';
import { beforeEach, expect, it, vi } from 'vitest';
import { secretsEqual } from '../../src/keys/mac.js';
import { codeChallengeOf, codeVerifierMatches } from '../../src/protocol/pkce.js';

/** The lengths of what was compared in constant time. */
const compared = vi.hoisted((): [number, number][] => []);
vi.mock('node:crypto', async (importOriginal) => {
  const crypto = await importOriginal<typeof Crypto>();
  const timingSafeEqual = (one: Buffer, other: Buffer) => {
    compared.push([one.length, other.length]);
    return crypto.timingSafeEqual(one, other);
  };
  return { ...crypto, timingSafeEqual };
});
beforeEach(() => {
  compared.length = 0;
});

const secret = 'a secret of some length';

it.each([secret, `${secret}x`, secret.slice(1), '', 'x'.repeat(10_000), '\ud800', 'é'])(
  'a secret is compared in constant time with %j, whatever the lengths',
  (presented) => {
    expect(secretsEqual(presented, secret)).toBe(presented === secret);
    expect(compared).toEqual([[43, 43]]);
  },
);

it('so is the challenge of a verifier', () => {
  const verifier = 'v'.repeat(43);
  expect(codeVerifierMatches(verifier, codeChallengeOf(verifier))).toBe(true);
  expect(codeVerifierMatches('w'.repeat(43), codeChallengeOf(verifier))).toBe(false);
  expect(compared).toEqual([
    [43, 43],
    [43, 43],
  ]);
});
