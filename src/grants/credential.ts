import { AuthError } from '../protocol/auth-error.js';
import type { KeyRing } from '../keys/key-ring.js';
import { macText, secretsEqual } from '../keys/mac.js';
import type { Grant } from './grant.js';

/** What a credential is: an authorization code (`ac`) or a refresh token (`rt`). */
export type CredentialKind = 'ac' | 'rt';

/** A credential taken apart. Nothing in it is proven yet. */
export interface Credential {
  readonly kind: CredentialKind;
  readonly kid: string;
  readonly grantId: string;
  readonly generation: number;
  readonly mac: string;
}

const form = /^(ac|rt)\.([\w-]{4})\.([\w-]{22}\.[\w-]{22}\.[\w-]{11})\.(0|[1-9]\d{0,8})\.([\w-]{22})$/;

/** Takes a credential apart, or answers undefined when it cannot be one. */
export function parseCredential(text: string): Credential | undefined {
  const [, kind, kid = '', grantId = '', generation, mac = ''] = form.exec(text) ?? [];
  if (kind !== 'ac' && kind !== 'rt') return undefined;
  return { kind, kid, grantId, generation: Number(generation), mac };
}

/** Derives the authorization codes and refresh tokens of a grant, and recognises them. */
export interface Credentials {
  /** The name of the ring key that derives new generations. */
  currentKid(): string;
  /**
   * A credential as the client gets it. The same arguments always give the same text.
   *
   * @throws {AuthError} invalid_grant when the key that derives it is no longer on the ring
   */
  derive(kind: CredentialKind, kid: string, grant: Grant, generation: number): string;
  /** Tells whether this server issued the credential on this grant. */
  proves(credential: Credential, grant: Grant): boolean;
}

/**
 * Credentials are `kind.kid.grantId.generation.mac`.
 *
 * The MAC needs a secret of the ring and the salt in the grant's record: neither alone can make one.
 */
export function createCredentials(ring: KeyRing): Credentials {
  const macOf = (key: Buffer, kind: CredentialKind, kid: string, { grantId, salt }: Grant, generation: number) =>
    macText(key, [kind, kid, grantId, String(generation), salt]);
  return {
    currentKid: () => ring.currentKid,

    derive(kind, kid, grant, generation) {
      const key = ring.find('credential', kid);
      // The operator took the secret off the ring: what it made is worth nothing any more.
      if (!key) throw new AuthError('invalid_grant', 'The grant can no longer be used.');
      return `${kind}.${kid}.${grant.grantId}.${generation}.${macOf(key, kind, kid, grant, generation)}`;
    },

    proves({ kind, kid, grantId, generation, mac }, grant) {
      const key = ring.find('credential', kid);
      if (!key || grantId !== grant.grantId) return false;
      return secretsEqual(mac, macOf(key, kind, kid, grant, generation));
    },
  };
}
