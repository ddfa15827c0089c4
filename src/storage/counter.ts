import type * as limiters from 'rate-limiter-flexible';

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

/** Makes a limiter of the library, which is loaded with the first count: to start takes none of it. */
export function onFirstCount<T>(make: (library: typeof limiters) => T): () => Promise<T> {
  let made: T | undefined;
  return async () => {
    if (made !== undefined) return made;
    const library = await import('rate-limiter-flexible');
    // Others may have waited for the library as well, and there is one limiter.
    return (made ??= make(library));
  };
}

/** Makes an answer of what the library does: it rejects with its result when there is no room. */
export async function waitOf(consumed: Promise<unknown>): Promise<number | undefined> {
  try {
    await consumed;
    return undefined;
  } catch (thrown) {
    if (!isResult(thrown)) throw thrown;
    return Math.max(thrown.msBeforeNext / 1000, 0);
  }
}

function isResult(thrown: unknown): thrown is Pick<limiters.RateLimiterRes, 'msBeforeNext'> {
  return typeof thrown === 'object' && thrown !== null && 'msBeforeNext' in thrown;
}
