import { isWithin, type Clock } from './clock.js';
import type { MakeCounter } from './counter.js';

/** Seconds that a count may take: less than anybody notices, since it is on the way of every request. */
const patience = 1;
/** Seconds for which a place that failed is left alone. */
const restTtl = 10;
/** Seconds between two reports of failures. */
const reportTtl = 60;

/**
 * Counts in a shared place, and in this process while that one fails, or does not answer: a limit that cannot be counted
 * together is no reason to serve nobody, nor everybody.
 *
 * @param report - told of a failure, once a minute at most
 */
export function sturdyCounters(
  shared: MakeCounter,
  own: MakeCounter,
  clock: Clock,
  report: (cause: unknown) => void,
): MakeCounter {
  let failedAt: number | undefined;
  let reportedAt: number | undefined;

  function noteFailure(cause: unknown): void {
    failedAt = clock();
    if (reportedAt !== undefined && isWithin(reportedAt, reportTtl, failedAt)) return;
    reportedAt = failedAt;
    report(cause);
  }

  return (name, quota) => {
    const together = shared(name, quota);
    const alone = own(name, quota);
    return async (key) => {
      if (failedAt !== undefined && isWithin(failedAt, restTtl, clock())) return alone(key);
      try {
        return await withinPatience(together(key));
      } catch (cause) {
        noteFailure(cause);
        return alone(key);
      }
    };
  };
}

async function withinPatience<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('There was no answer.')), patience * 1000);
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
  }
}
