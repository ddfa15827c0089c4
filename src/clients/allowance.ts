import type { Clock } from '../storage/clock.js';

/** Takes one from what is allowed, or answers false when nothing is left at present. */
export type Allowance = () => boolean;

/** Makes an allowance of `burst` at once, which comes back at `perMinute`. */
export function createAllowance(
  { burst, perMinute }: { readonly burst: number; readonly perMinute: number },
  clock: Clock,
): Allowance {
  let left = burst;
  let countedAt = clock();
  return () => {
    const now = clock();
    // A clock that was put back gives nothing, and takes nothing.
    left = Math.min(burst, left + (Math.max(0, now - countedAt) / 60) * perMinute);
    countedAt = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
