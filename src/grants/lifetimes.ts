import { clockTolerance } from '../storage/clock.js';
import type { Grant } from './grant.js';

/** How long grants live; all in seconds. */
export interface GrantLifetimes {
  /** From the last refresh to the next. */
  readonly refreshTokenTtl: number;
  /** From the user's approval to the end, however often it is refreshed. */
  readonly grantTtl: number;
}

/** Into so many steps the life of a grant that idles is divided, and in such steps its record lives longer. */
const expirySteps = 30;

/**
 * When a grant's record may go: an unredeemed code's with the code, an ended grant's with its last access token, any
 * other when it can no longer be refreshed, or a thirtieth of `refreshTokenTtl` later.
 *
 * Most refreshes leave it as it is, so that a database with an index of it has that index to write once in a while only.
 */
export function recordExpiry(grant: Grant, now: number, { refreshTokenTtl, grantTtl }: GrantLifetimes): number {
  const { ended, refresh, code, createdAt, lastTokenExpiresAt = code.expiresAt } = grant;
  const lastToken = lastTokenExpiresAt + clockTolerance;
  if (ended || !refresh) return Math.ceil(lastToken);
  const step = Math.ceil(refreshTokenTtl / expirySteps);
  const age = Math.ceil((now - createdAt) / step) * step;
  return Math.ceil(Math.max(lastToken, createdAt + Math.min(age + refreshTokenTtl, grantTtl)));
}

/** When a grant can no longer be refreshed. Its record may live longer: as long as its last access token. */
export function refreshableUntil(
  { createdAt, code, refresh }: Grant,
  { refreshTokenTtl, grantTtl }: GrantLifetimes,
): number {
  const lastIssuedAt = refresh?.superseded[0]?.at ?? code.redeemedAt ?? createdAt;
  return Math.min(lastIssuedAt + refreshTokenTtl, createdAt + grantTtl);
}

/** How long the upstream tokens are to be kept: some refreshes longer than the record, so as not to write at each. */
export function vaultExpiry(grant: Grant, now: number, lifetimes: GrantLifetimes): number {
  const { refreshTokenTtl, grantTtl } = lifetimes;
  const needed = recordExpiry(grant, now, lifetimes);
  if (!grant.refresh) return needed;
  return Math.ceil(Math.max(needed, Math.min(now + 2 * refreshTokenTtl, grant.createdAt + grantTtl)));
}

/** `pending`: the code was not redeemed yet. `expired`: it can no longer be refreshed, and its last token is over. */
export type GrantState = 'pending' | 'active' | 'expired' | 'ended';

/** Tells what a grant is still worth. */
export function stateOf(grant: Grant, now: number, lifetimes: GrantLifetimes): GrantState {
  const { ended, code, refresh, lastTokenExpiresAt = 0 } = grant;
  if (ended) return 'ended';
  if (code.redeemedAt === undefined) return now < code.expiresAt ? 'pending' : 'expired';
  const until = Math.max(refresh ? refreshableUntil(grant, lifetimes) : 0, lastTokenExpiresAt);
  return now < until ? 'active' : 'expired';
}
