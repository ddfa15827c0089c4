import type { RateLimiterMemory } from 'rate-limiter-flexible';
import { onFirstCount, waitOf, type Counter, type Quota } from './counter.js';

/** As many addresses in a minute as no honest crowd has; some three megabytes. */
const maxCountedKeys = 10_000;

/**
 * Counts in the memory of this process, for so many keys at most: those whose window began longest ago are forgotten
 * first, and so begin anew. Whoever has that many addresses needs no second attempt with any of them.
 */
export function memoryCounter({ requests, seconds }: Quota, maxKeys = maxCountedKeys): Counter {
  const limiterHere = onFirstCount(
    ({ RateLimiterMemory }) => new RateLimiterMemory({ points: requests, duration: seconds }),
  );
  // In the order in which their windows began.
  const counted = new Set<string>();

  async function noteBeginning(limiter: RateLimiterMemory, key: string): Promise<void> {
    counted.delete(key);
    counted.add(key);
    const [oldest = key] = counted;
    if (counted.size <= maxKeys) return;
    counted.delete(oldest);
    await limiter.delete(oldest);
  }

  return async (key) => {
    const limiter = await limiterHere();
    const consumed = limiter.consume(key);
    return waitOf(
      consumed.then(({ isFirstInDuration }) => (isFirstInDuration ? noteBeginning(limiter, key) : undefined)),
    );
  };
}
