import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Randomness } from './randomness.js';
import type { KeyPurpose, KeyRing } from './key-ring.js';
import { mac } from './mac.js';

/** The purposes that seal. */
export type SealPurpose = Extract<KeyPurpose, `seal ${string}`>;

/** Encrypts and authenticates text, so that only this installation can read it, and only where it belongs. */
export interface Sealing {
  /**
   * Seals a text.
   *
   * @param context - where the text belongs (a record's id, say): it opens nowhere else
   */
  seal(purpose: SealPurpose, context: string, text: string): string;
  /** Opens a seal, or answers undefined when it is damaged, foreign, of another place, or of a secret long gone. */
  open(purpose: SealPurpose, context: string, sealed: string): string | undefined;
  /** Tells whether a seal was made with the ring's current secret. */
  isCurrent(sealed: string): boolean;
}

const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals with AES-256-GCM under a key of its own for each message.
 *
 * Strangers can cause seals in any number, and GCM bears only some 2^32 random nonces under one key; with a salted key
 * for each message that bound does not matter.
 */
export function createSealing(ring: KeyRing, randomness: Randomness): Sealing {
  return {
    seal(purpose, context, text) {
      const { kid, key } = ring.current(purpose);
      const salt = randomness(saltBytes);
      const nonce = randomness(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', mac(key, [salt], 32), nonce).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([salt, nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${kid}.${sealed.toString('base64url')}`;
    },

    open(purpose, context, sealed) {
      const [kid = '', body = ''] = sealed.split('.');
      const key = ring.find(purpose, kid);
      const bytes = Buffer.from(body, 'base64url');
      if (!key || bytes.length < saltBytes + nonceBytes + tagBytes) return undefined;
      const nonceEnd = saltBytes + nonceBytes;
      const nonce = bytes.subarray(saltBytes, nonceEnd);
      const decipher = createDecipheriv('aes-256-gcm', mac(key, [bytes.subarray(0, saltBytes)], 32), nonce, {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-tagBytes));
      try {
        const text = Buffer.concat([decipher.update(bytes.subarray(nonceEnd, -tagBytes)), decipher.final()]);
        return text.toString('utf8');
      } catch {
        return undefined;
      }
    },

    isCurrent: (sealed) => sealed.startsWith(`${ring.currentKid}.`),
  };
}
