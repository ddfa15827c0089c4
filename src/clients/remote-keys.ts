import { AuthError } from '../protocol/auth-error.js';
import { isWithin, type Clock } from '../storage/clock.js';
import { RecentMap } from './recent-map.js';
import { FetchFault } from './fetch-fault.js';
import { readClientKeys, type ClientKey, type ClientKeys } from './client-keys.js';

/** Fetches the JWK set of a client, and answers the parsed document. Bounds time and size, and the address. */
export type FetchKeys = (jwksUri: string) => Promise<unknown>;

/** Seconds for which fetched keys are good. A key that a client withdraws counts for that long. */
const freshTtl = 600;
/** Seconds for which the last good keys still serve while they cannot be fetched again. */
const staleTtl = 24 * 3600;
/** Seconds between two attempts, so that nobody can make this server hammer another one. */
const pauseTtl = 30;
const maxKnownUris = 500;

/** Makes the keys at an address; those of one address are one, however many clients name it. */
export function createRemoteKeys(fetchKeys: FetchKeys, clock: Clock): (jwksUri: string) => ClientKeys {
  const known = new RecentMap<string, ClientKeys>(maxKnownUris);
  return (jwksUri) => {
    const keys = known.get(jwksUri) ?? remoteKeys(jwksUri, fetchKeys, clock);
    known.set(jwksUri, keys);
    return keys;
  };
}

/**
 * The keys that a client publishes at its `jwks_uri` (RFC 7591 §2).
 *
 * An assertion that no known key fits makes them be fetched at once, since the client may have rotated; then there is
 * a pause. Strangers can cause that too, so the pause is the same for everybody.
 */
export function remoteKeys(jwksUri: string, fetchKeys: FetchKeys, clock: Clock): ClientKeys {
  let good: { readonly keys: readonly ClientKey[]; readonly at: number } | undefined;
  let failure: { readonly at: number; readonly cause: unknown } | undefined;
  let renewedAt: number | undefined;
  let running: Promise<void> | undefined;

  async function fetchNow(): Promise<void> {
    try {
      const keys = readClientKeys(await fetchKeys(jwksUri));
      if (!keys) throw new AuthError('temporarily_unavailable', 'The document at the jwks_uri is no JWK set.');
      good = { keys, at: clock() };
      failure = undefined;
    } catch (cause) {
      // What this server had no time for is no failure of the client's, and may be tried again at once.
      const isBusy = cause instanceof FetchFault && cause.isBusy;
      failure = { at: isBusy ? -Infinity : clock(), cause };
    }
  }

  const fetchOnce = () => (running ??= fetchNow().finally(() => (running = undefined)));
  const isPausing = (since: number | undefined) => since !== undefined && isWithin(since, pauseTtl, clock());

  return {
    async current() {
      const isFresh = good !== undefined && isWithin(good.at, freshTtl, clock());
      if (!isFresh && !isPausing(failure?.at)) await fetchOnce();
      if (good && isWithin(good.at, staleTtl, clock())) return good.keys;
      throw unavailable(failure?.cause);
    },

    async renewed(tried) {
      // Somebody else has renewed them while these were tried.
      if (good && good.keys !== tried) return good.keys;
      if (running) await running;
      else if (!isPausing(renewedAt) && !isPausing(failure?.at)) {
        renewedAt = clock();
        await fetchOnce();
      }
      // Nobody can say that the assertion is wrong while the client's new keys may be out of reach.
      if (failure) throw unavailable(failure.cause);
      return good?.keys === tried ? undefined : good?.keys;
    },
  };
}

/** The client drops all it has when it hears that it is unknown: a fault of fetching must not sound like that. */
function unavailable(cause: unknown): AuthError {
  return new AuthError('temporarily_unavailable', "The client's keys cannot be fetched.", { cause });
}
