import { createRateLimits } from './clients/rate-limits.js';
import type { Settings } from './config.js';
import { createClientAddress } from './http/client-address.js';
import type { Entrance } from './http/entrance.js';
import type { Audit } from './telemetry/audit.js';
import { describeCauses, type Log } from './telemetry/log.js';
import type { KeyRing } from './keys/key-ring.js';
import { macText } from './keys/mac.js';
import { quotasOf, type CountingPlace } from './limits-config.js';
import type { Clock } from './storage/clock.js';
import type { MakeCounter } from './storage/counter.js';
import { memoryCounter } from './storage/memory-counter.js';
import { postgresCounters } from './storage/postgres-counter.js';
import { redisCounters } from './storage/redis-counter.js';
import { sturdyCounters } from './storage/sturdy-counter.js';

/** What the entrance stands on. */
export interface EntranceParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
  readonly ring: KeyRing;
  readonly tag: string;
  /** The connection of the store that was opened here, where others can count on it too. */
  readonly connection: CountingPlace | undefined;
}

/** Puts together what every request passes: whose it is, and whether that one has asked too much. */
export function createEntrance({ rateLimits, trustedProxies }: Settings, parts: EntranceParts): Entrance {
  const { clock, log, audit, ring, tag, connection } = parts;
  const makeCounter = countersAt(rateLimits.store ?? connection ?? 'memory', `gatehouse:rate:${tag}`, clock, log);
  const quotas = quotasOf(rateLimits);
  const { key } = ring.current('rate limit');
  return {
    clientAddress: createClientAddress(trustedProxies, quotas.length > 0 ? warningOnce(log) : () => undefined),
    limits: createRateLimits({
      counters: new Map(quotas.map(([name, quota]) => [name, makeCounter(name, quota)])),
      keyOf: (kind, name) => macText(key, [kind, name]),
      clock,
      log,
      audit,
    }),
  };
}

function countersAt(place: CountingPlace, prefix: string, clock: Clock, log: Log): MakeCounter {
  const own: MakeCounter = (_, quota) => memoryCounter(quota);
  if (place === 'memory') return own;
  const shared = 'query' in place ? postgresCounters(place, prefix, clock) : redisCounters(place, prefix);
  return sturdyCounters(shared, own, clock, (cause) =>
    log({
      level: 'warn',
      event: 'rate limits counted here',
      description: 'The place where all instances count together cannot be used: each counts for itself meanwhile.',
      causes: describeCauses(new Error('', { cause })),
    }),
  );
}

function warningOnce(log: Log): () => void {
  let isWarned = false;
  return () => {
    if (isWarned) return;
    isWarned = true;
    log({
      level: 'warn',
      event: 'proxy not trusted',
      description:
        'A proxy that is not in trustedProxies forwards requests: all that come through it count as one address. Name it there.',
    });
  };
}
