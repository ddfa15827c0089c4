import { neighbourhoodOf, networkOf } from '../http/client-address.js';
import type { LimitedRequest, LimitName, RateLimits } from '../http/rate-limits.js';
import { originOf } from '../http/message.js';
import type { Audit, AuditCircumstances } from '../telemetry/audit.js';
import type { Log } from '../telemetry/log.js';
import { AuthError } from '../protocol/auth-error.js';
import { BoundedMap } from '../storage/bounded-map.js';
import { isWithin, type Clock } from '../storage/clock.js';
import type { Counter } from '../storage/counter.js';

/** Who asked too much, beside the address. */
type Whose = Pick<AuditCircumstances, 'clientId' | 'resource'>;

type Kind = 'address' | 'client' | 'resource';

/** What counting needs. */
export interface RateLimitServices {
  /** A limit without a counter is off. */
  readonly counters: ReadonlyMap<LimitName, Counter>;
  /** Makes a short key of what is counted for, which tells nobody who that is. */
  readonly keyOf: (kind: Kind, name: string) => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
}

/** Who was refused lately; more of them are asked for again. */
const maxRefused = 10_000;
/** Whose keys are at hand: who asks once asks again. */
const maxKeys = 2000;

/** Limits how much an address, or a client that has authenticated, may ask for. */
export function createRateLimits({ counters, keyOf, clock, log, audit }: RateLimitServices): RateLimits {
  const refused = new BoundedMap<string, { readonly at: number; readonly wait: number }>(maxRefused);
  const keys = new BoundedMap<string, string>(maxKeys);
  let isWarned = false;

  function keyFor(kind: Kind, name: string): string {
    const known = keys.get(`${kind} ${name}`);
    if (known !== undefined) return known;
    const key = keyOf(kind, name);
    keys.set(`${kind} ${name}`, key);
    return key;
  }

  /** How long somebody who was refused has still to wait, so that a flood is not even counted. */
  function leftOf(who: string): number | undefined {
    const refusal = refused.get(who);
    const now = clock();
    return refusal && isWithin(refusal.at, refusal.wait, now) ? refusal.at + refusal.wait - now : undefined;
  }

  /** @throws {AuthError} too_many_requests */
  async function count(limit: LimitName, kind: Kind, name: string, tell: (wait: number) => void) {
    const counter = counters.get(limit);
    if (!counter) return;
    const key = keyFor(kind, name);
    const who = `${limit} ${key}`;
    const wait = leftOf(who) ?? (await counter(key));
    if (wait === undefined) return;
    if (leftOf(who) === undefined) {
      refused.set(who, { at: clock(), wait });
      tell(wait);
    }
    throw new AuthError('too_many_requests', 'There were too many requests. Try again later.', {
      retryAfter: Math.max(1, Math.ceil(wait)),
    });
  }

  /** One line for the first refusal of a window: one for each would be a flood of its own. */
  function tellOf(
    limit: LimitName,
    request: LimitedRequest,
    by: () => string,
    whose: Whose = {},
  ): (wait: number) => void {
    const { id, path } = request;
    return (wait) => {
      audit({ event: 'request.rate_limited', ...originOf(request), limit, ...whose });
      log({
        level: 'warn',
        event: 'rate limited',
        ...(id !== undefined && { requestId: id }),
        ...(path !== undefined && { path }),
        code: limit,
        description: `There were too many requests ${by()}: none is served for ${Math.ceil(wait)} s.`,
      });
    };
  }

  function warnOfNoAddress(): void {
    if (isWarned) return;
    isWarned = true;
    log({
      level: 'warn',
      event: 'client address unknown',
      description:
        'Nobody knows the addresses of clients, so no limit applies to them. Tell them: gate.fetch(request, { ip }).',
    });
  }

  return {
    async byAddress(limit, request) {
      if (!counters.has(limit)) return;
      // One count for all who are unknown would let any one of them shut out the others.
      if (request.ip === undefined) warnOfNoAddress();
      else {
        const { ip } = request;
        const by = () => `from one address in ${neighbourhoodOf(ip)}`;
        await count(limit, 'address', networkOf(ip), tellOf(limit, request, by));
      }
    },

    byClient: (limit, clientId, request) =>
      count(
        limit,
        'client',
        clientId,
        tellOf(limit, request, () => 'of one client', { clientId }),
      ),

    byResource(limit, resources, request) {
      const resource = resources.join(' ');
      return count(
        limit,
        'resource',
        resource,
        tellOf(limit, request, () => 'of one resource server', { resource }),
      );
    },
  };
}
