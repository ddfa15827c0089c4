import { createHash } from 'node:crypto';
import { randomText, type Randomness } from '../keys/randomness.js';
import { clockTolerance } from '../storage/clock.js';
import type { Key, Store } from '../storage/store.js';

/** The access tokens of clients that act for themselves, as far as they were ended: they have no grant to note it in. */
export interface RevokedClientTokens {
  /** Ends one. May be repeated. */
  add(token: { readonly jti: string; readonly exp: number }): Promise<void>;
  /** Tells whether one was ended. */
  has(jti: string): Promise<boolean>;
}

/** Keeps a record for each, until no instance takes the token for valid, however its clock goes. */
export function createRevokedClientTokens(store: Store, randomness: Randomness): RevokedClientTokens {
  return {
    async add({ jti, exp }) {
      const expiresAt = Math.ceil(exp + 2 * clockTolerance);
      await store.set(keyOf(jti), 'revoked', { version: randomText(randomness), expiresAt });
    },
    has: async (jti) => (await store.get(keyOf(jti))) !== undefined,
  };
}

function keyOf(jti: string): Key {
  return { partition: 'revoked token', id: createHash('sha256').update(jti).digest('base64url') };
}
