import type { Randomness } from '../keys/randomness.js';
import type { Clock } from '../storage/clock.js';

/** What the doctor knows of the world beyond the deployment. */
export interface Outside {
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Finds all addresses of a host, as clients on this computer would. */
  readonly resolve: (hostname: string) => Promise<readonly string[]>;
  /** The only certificate authority, in place of the system's. */
  readonly ca?: string;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}
