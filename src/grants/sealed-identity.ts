import { AuthError } from '../protocol/auth-error.js';
import type { Sealing } from '../keys/sealing.js';
import { BoundedMap } from '../storage/bounded-map.js';
import type { Grant, Identity } from './grant.js';

/**
 * Reads who the user of a grant is.
 *
 * @throws {AuthError} invalid_grant when the secret that sealed it is no longer on the ring
 */
export type OpenIdentity = (grant: Pick<Grant, 'grantId' | 'identity'>) => Identity;

/** Who the users of grants are, sealed into their records. */
export interface SealedIdentities {
  /** Seals who the user is for the record of a grant. */
  seal(grantId: string, identity: Identity): string;
  readonly open: OpenIdentity;
}

/** One request asks two or three times, and most codes are exchanged where they were issued. Some megabyte. */
const maxOpened = 2000;

const purpose = 'seal claims';

/** Seals identities, and keeps the last ones at hand. */
export function createSealedIdentities(sealing: Sealing): SealedIdentities {
  const opened = new BoundedMap<string, { readonly grantId: string; readonly identity: Identity }>(maxOpened);

  /** As it was sealed, and nothing that the sealed text does not say. */
  function keep(grantId: string, sealed: string, text: string): Identity {
    const identity = JSON.parse(text) as Identity;
    opened.set(sealed, { grantId, identity });
    return identity;
  }

  return {
    seal(grantId, identity) {
      const text = JSON.stringify(identity);
      const sealed = sealing.seal(purpose, grantId, text);
      keep(grantId, sealed, text);
      return sealed;
    },

    open({ grantId, identity: sealed }) {
      const known = opened.get(sealed);
      // In the record of another grant it is worth nothing.
      if (known?.grantId === grantId) return known.identity;
      const text = sealing.open(purpose, grantId, sealed);
      if (text === undefined) throw new AuthError('invalid_grant', 'The grant can no longer be used.');
      return keep(grantId, sealed, text);
    },
  };
}
