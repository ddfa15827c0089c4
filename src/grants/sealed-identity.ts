import { AuthError } from '../protocol/auth-error.js';
import type { Sealing } from '../keys/sealing.js';
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
export function openIdentity(sealing: Sealing, { grantId, identity }: Grant): Identity {
  const text = sealing.open(purpose, grantId, identity);
  if (text === undefined) throw new AuthError('invalid_grant', 'The grant can no longer be used.');
  return JSON.parse(text) as Identity;
}
