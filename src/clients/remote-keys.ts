import { AuthError } from '../protocol/auth-error.js';
import type { Clock } from '../storage/clock.js';
import { createRemoteCopy } from '../storage/remote-copy.js';
import { RecentMap } from './recent-map.js';
import { FetchFault } from './fetch-fault.js';
import { readClientKeys, type ClientKeys } from './client-keys.js';

/** Fetches the JWK set of a client, and answers the parsed document. Bounds time and size, and the address. */
export type FetchKeys = (jwksUri: string) => Promise<unknown>;

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

/** The keys that a client publishes at its `jwks_uri` (RFC 7591 §2); its rotations are followed. */
export function remoteKeys(jwksUri: string, fetchKeys: FetchKeys, clock: Clock): ClientKeys {
  const load = async () => {
    const keys = readClientKeys(await fetchKeys(jwksUri));
    if (!keys) throw new AuthError('temporarily_unavailable', 'The document at the jwks_uri is no JWK set.');
    return keys;
  };
  return createRemoteCopy(load, clock, {
    unavailable,
    // What this server had no time for is no failure of the client's.
    isOurs: (cause) => cause instanceof FetchFault && cause.isBusy,
  });
}

/** The client drops all it has when it hears that it is unknown: a fault of fetching must not sound like that. */
function unavailable(cause: unknown): AuthError {
  return new AuthError('temporarily_unavailable', "The client's keys cannot be fetched.", { cause });
}
