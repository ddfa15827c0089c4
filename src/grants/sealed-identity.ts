import { AuthError } from '../protocol/auth-error.js';
import type { Sealing } from '../keys/sealing.js';
import { BoundedMap } from '../storage/bounded-map.js';
import type { Grant, Identity } from './grant.js';

const purpose = 'seal claims';

/** Seals who the user is for the record of a grant. */
export function sealIdentity(sealing: Sealing, grantId: string, identity: Identity): string {
  return sealing.seal(purpose, grantId, JSON.stringify(identity));
}

/**
 * Reads who the user of a grant is.
 *
 * @throws {AuthError} invalid_grant when the secret that sealed it is no longer on the ring
 */
export type OpenIdentity = (grant: Pick<Grant, 'grantId' | 'identity'>) => Identity;

/** One request asks two or three times. */
const maxOpened = 100;

/** Opens what {@link sealIdentity} sealed, and keeps the last few open. */
export function createOpenIdentity(sealing: Sealing): OpenIdentity {
  const opened = new BoundedMap<string, { readonly grantId: string; readonly identity: Identity }>(maxOpened);
  return ({ grantId, identity: sealed }) => {
    const known = opened.get(sealed);
    // In the record of another grant it is worth nothing.
    if (known?.grantId === grantId) return known.identity;
    const text = sealing.open(purpose, grantId, sealed);
    if (text === undefined) throw new AuthError('invalid_grant', 'The grant can no longer be used.');
    const identity = JSON.parse(text) as Identity;
    opened.set(sealed, { grantId, identity });
    return identity;
  };
}
