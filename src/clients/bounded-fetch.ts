import { BoundedMap } from '../storage/bounded-map.js';
import type { Clock } from '../storage/clock.js';
import { createAllowance, type Allowance } from './allowance.js';
import { FetchFault } from './fetch-fault.js';
import type { GuardedFetch } from './guarded-fetch.js';

/** How much may be fetched. */
interface Bounds {
  readonly atOnce: number;
  readonly burst: number;
  readonly perMinute: number;
}

/** Far more than honest clients cause, whose documents are kept; too little to hurt anybody, or this server. */
const inAll: Bounds = { atOnce: 32, burst: 100, perMinute: 120 };
/** ChatGPT has a document for each connector of each user on one host. */
const perHost: Bounds = { atOnce: 8, burst: 30, perMinute: 60 };
const maxHosts = 1000;

/**
 * Bounds what strangers can make this server fetch, in all and from one host. What is above is refused at once, and
 * not kept waiting, so that it costs nothing.
 *
 * @throws {FetchFault} `BUSY` when a bound is met
 */
export function bounded(fetch: GuardedFetch, clock: Clock): GuardedFetch {
  const all = createGate(inAll, clock);
  const hosts = new BoundedMap<string, Gate>(maxHosts);

  return async (url, limits) => {
    const name = URL.canParse(url) ? new URL(url).host : '';
    const host = hosts.get(name) ?? createGate(perHost, clock);
    hosts.set(name, host);
    // The host first: what one host has too much of shall not use up what is for all.
    if (!host.enter()) throw new FetchFault('BUSY');
    try {
      if (!all.enter()) throw new FetchFault('BUSY');
      try {
        return await fetch(url, limits);
      } finally {
        all.leave();
      }
    } finally {
      host.leave();
    }
  };
}

interface Gate {
  enter(): boolean;
  leave(): void;
}

function createGate({ atOnce, ...rate }: Bounds, clock: Clock): Gate {
  const allowance: Allowance = createAllowance(rate, clock);
  let inside = 0;
  return {
    enter() {
      if (inside >= atOnce || !allowance()) return false;
      inside += 1;
      return true;
    },
    leave: () => void (inside -= 1),
  };
}
