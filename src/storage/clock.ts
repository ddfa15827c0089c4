/** Tells the time in epoch seconds, with fractions. Handed in at the root; tests move it by assignment. */
export type Clock = () => number;

/** Lets so many seconds pass, or fewer when the signal says so; handed in at the root, like the clock. */
export type Sleep = (seconds: number, signal?: AbortSignal) => Promise<void>;

/** How far apart, in seconds, the clocks of instances, clients and providers may be. */
export const clockTolerance = 60;

/**
 * Tells whether `ttl` seconds have not passed since an instant.
 *
 * An instant that lies ahead is one of before the clock was put back: it counts as long past, since nobody can tell.
 */
export function isWithin(at: number, ttl: number, now: number): boolean {
  return now >= at && now - at < ttl;
}
