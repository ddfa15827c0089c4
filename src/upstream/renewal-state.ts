import { clockTolerance, isWithin } from '../storage/clock.js';
import { accessTokenExpiry } from './session.js';
import type { VaultRecord } from './vault.js';

/**
 * How long one renewal has for itself. All that it asks of a provider and of the store is done, or given up, in far
 * less; the rest is for clocks that differ.
 */
const leaseTtl = 150;
/** After a failed renewal nobody tries for so long; shorter than what clients are told to wait. */
const pauseTtl = 3;

/** What is to be done about the tokens of a record. */
export type RenewalVerdict = 'hand out' | 'renew' | 'wait' | 'pause' | 'expired';

/** Judges the tokens of a record for somebody who needs them for so many seconds. */
export function judgeTokens(record: VaultRecord, minimumTtl: number, now: number): RenewalVerdict {
  const { session, lease, failedAt, isUnchecked = false } = record;
  if (!isUnchecked) {
    const expiresAt = accessTokenExpiry(session);
    // What the provider did not say is no reason to ask.
    if (expiresAt === undefined) return 'hand out';
    const canRenew = session.tokens.refresh_token !== undefined;
    // Of tokens that never live as long as is asked for, the younger half has to do.
    const neededTtl = Math.min(minimumTtl, (expiresAt - session.receivedAt) / 2);
    if (now < expiresAt - (canRenew ? neededTtl : 0)) return 'hand out';
    if (!canRenew) return 'expired';
  }
  if (lease && isRunning(lease.at, now)) return 'wait';
  if (failedAt !== undefined && isWithin(failedAt, pauseTtl, now)) return 'pause';
  return 'renew';
}

/** The clock of whoever took a lease may be ahead of ours: that must not make the lease look like one long past. */
function isRunning(at: number, now: number): boolean {
  return now >= at - clockTolerance && now - at < leaseTtl;
}
