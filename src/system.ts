import { randomBytes } from 'node:crypto';
import { setTimeout as startTimer } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import { Resolver } from 'node:dns/promises';
import type { ResolveHost } from './clients/guarded-fetch.js';
import type { Later } from './grants/unused-tokens.js';
import type { Randomness } from './keys/randomness.js';
import type { Sleep } from './storage/clock.js';

export { systemClock } from './web-system.js';

/** Waits by the system's timers. */
export const systemSleep: Sleep = (seconds, signal) =>
  setTimeout(seconds * 1000, undefined, { signal }).catch(() => undefined);

/** Does something later by the system's timers, which keep no process alive. */
export const systemLater: Later = (seconds, act) => {
  const timer = startTimer(act, seconds * 1000).unref();
  return () => clearTimeout(timer);
};

/** The system's randomness, drawn in larger portions: a call for each few bytes costs far more. */
export function createSystemRandomness(): Randomness {
  let pool = Buffer.alloc(0);
  let used = 0;
  return (bytes) => {
    if (pool.length - used < bytes) [pool, used] = [randomBytes(Math.max(4096, bytes)), 0];
    const drawn = Buffer.allocUnsafe(bytes);
    used += pool.copy(drawn, 0, used, used + bytes);
    return drawn;
  };
}

/**
 * Makes a resolver that asks the name servers themselves.
 *
 * The system's own look-up runs on the few threads that everything else shares: names that resolve slowly, which
 * strangers can make up, would stop them. It would also find what only this computer knows under a name.
 */
export function createSystemResolver(): ResolveHost {
  const resolver = new Resolver({ timeout: 1500, tries: 2 });
  return async (hostname) => {
    const families = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    return families.flatMap((family) => (family.status === 'fulfilled' ? family.value : []));
  };
}
