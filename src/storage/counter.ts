import { RateLimiterRes } from 'rate-limiter-flexible';

/** How often something may happen, within how many seconds. */
export interface Quota {
  readonly requests: number;
  readonly seconds: number;
}

/**
 * Counts once more for a key.
 *
 * @returns undefined while there is room; else the seconds until there is some again
 */
export type Counter = (key: string) => Promise<number | undefined>;

/** Makes the counter of one quota; the names of counters keep their keys apart. */
export type MakeCounter = (name: string, quota: Quota) => Counter;

/** Makes an answer of what the library does: it rejects with its result when there is no room. */
export async function waitOf(consumed: Promise<unknown>): Promise<number | undefined> {
  try {
    await consumed;
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof RateLimiterRes)) throw thrown;
    return Math.max(thrown.msBeforeNext / 1000, 0);
  }
}
