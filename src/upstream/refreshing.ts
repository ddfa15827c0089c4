import { isWithin, type Clock } from '../storage/clock.js';

/** How long something loaded is good, and how long nobody asks again after a failure; in seconds. */
export interface RefreshSettings {
  readonly freshTtl: number;
  readonly pauseTtl: number;
}

/**
 * Wraps a loader: loads when first asked, keeps what it got, renews it when it is old, and keeps the last good one
 * while that fails.
 *
 * However many callers wait, there is one attempt at a time; after a failed one all get the answer of that one until
 * the pause is over, so that a source that is down is not hammered.
 */
export function refreshing<T>(load: () => Promise<T>, clock: Clock, settings: RefreshSettings): () => Promise<T> {
  let good: { readonly value: T; readonly at: number } | undefined;
  let failure: { readonly thrown: unknown; readonly at: number } | undefined;
  let running: Promise<void> | undefined;

  async function attempt(): Promise<void> {
    try {
      good = { value: await load(), at: clock() };
      failure = undefined;
    } catch (thrown) {
      failure = { thrown, at: clock() };
    } finally {
      running = undefined;
    }
  }

  return async () => {
    const isFresh = good !== undefined && isWithin(good.at, settings.freshTtl, clock());
    const isPausing = failure !== undefined && isWithin(failure.at, settings.pauseTtl, clock());
    if (!isFresh && !isPausing) await (running ??= attempt());
    if (good) return good.value;
    throw failure?.thrown;
  };
}
