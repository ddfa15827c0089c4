import { hkdfSync } from 'node:crypto';
import { lengthPrefixed } from './mac.js';

/** What a key is for. No two purposes share a key, so nothing made for one is ever valid for another. */
export type KeyPurpose =
  | 'client id'
  | 'client secret'
  | 'credential'
  | 'browser cookie'
  | 'rate limit'
  | 'sign-in cookie'
  | 'seal transaction'
  | 'seal sign-in'
  | 'seal user hint'
  | 'seal account form'
  | 'seal account session'
  | 'seal account sign-in'
  | 'seal claims'
  | 'seal vault'
  | 'seal installation key'
  | 'seal signing keys'
  | 'seal registry';

/** A key together with the name that credentials and seals carry to find it again. */
export interface NamedKey {
  readonly kid: string;
  readonly key: Buffer;
}

/**
 * The secrets of this installation, as keys by purpose. The first secret makes; all of them verify and open.
 *
 * To rotate: add the new secret last on every instance, then move it to the front, and drop the old one only when it
 * is compromised.
 */
export interface KeyRing {
  /** The name of the current secret. */
  readonly currentKid: string;
  /** The key that makes new things. */
  current(purpose: KeyPurpose): NamedKey;
  /** The key that made an older thing, or `undefined` when its secret is no longer on the ring. */
  find(purpose: KeyPurpose, kid: string): Buffer | undefined;
  /** All keys of one purpose, the current one first. */
  all(purpose: KeyPurpose): NamedKey[];
}

/**
 * Derives every key of the ring with HKDF-SHA-256 (RFC 5869), the purpose and the issuer in its `info`.
 *
 * @param secrets - high-entropy secrets of at least 32 characters; the first one is current
 */
export function createKeyRing(secrets: readonly [string, ...string[]], issuer: string): KeyRing {
  const ring = new Map(secrets.map((secret) => [nameOf(secret, issuer), new SecretKeys(secret, issuer)]));
  const current = nameOf(secrets[0], issuer);
  const named = (purpose: KeyPurpose, kid: string, keys: SecretKeys) => ({ kid, key: keys.key(purpose) });
  const [first] = ring.values();
  if (!first) throw new TypeError('A key ring needs a secret.');
  return {
    currentKid: current,
    current: (purpose) => named(purpose, current, first),
    find: (purpose, kid) => ring.get(kid)?.key(purpose),
    all: (purpose) => [...ring].map(([kid, keys]) => named(purpose, kid, keys)),
  };
}

/** The public name of a secret: 24 bits, enough to tell the few secrets of a ring apart. */
function nameOf(secret: string, issuer: string): string {
  return derive(secret, 'key name', issuer, 3).toString('base64url');
}

class SecretKeys {
  readonly #keys = new Map<KeyPurpose, Buffer>();
  readonly #secret: string;
  readonly #issuer: string;

  constructor(secret: string, issuer: string) {
    this.#secret = secret;
    this.#issuer = issuer;
  }

  key(purpose: KeyPurpose): Buffer {
    let key = this.#keys.get(purpose);
    if (!key) {
      key = derive(this.#secret, purpose, this.#issuer, 32);
      this.#keys.set(purpose, key);
    }
    return key;
  }
}

function derive(secret: string, purpose: string, issuer: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'mcp-gatehouse', lengthPrefixed([purpose, issuer]), bytes));
}
