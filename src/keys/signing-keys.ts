import { createHash, createHmac, createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto';

import type { RequestOrigin } from '../telemetry/audit.js';

/** The algorithms that access tokens can be signed with. */
export type SigningAlgorithm = 'ES256' | 'RS256' | 'HS256';

/** A key that signs access tokens. */
export interface SigningKey {
  readonly kid: string;
  readonly key: KeyObject;
}

/** The keys of access tokens, wherever they come from. */
export interface SigningKeys {
  /** The one algorithm of this installation: a verifier accepts no other. */
  readonly algorithm: SigningAlgorithm;
  /** The key to sign with now. */
  current(): Promise<SigningKey>;
  /** The key to verify with, or undefined when there is none of that name. */
  find(kid: string): Promise<KeyObject | undefined>;
  /** The public keys (RFC 7517 §5): those that sign, will sign soon, or signed tokens that may still be alive. */
  jwks(): Promise<{ readonly keys: readonly JsonWebKey[] }>;
  /**
   * Begins a rotation before its time: publishes a new key, which signs once every cache has seen it. While one is under
   * way nothing happens. Absent where the operator supplies the keys.
   *
   * @param origin - who asks, for the audit
   */
  rotate?(origin: RequestOrigin): Promise<void>;
  /** The keys as they are kept, in the order in which they were made; reads only. Absent where {@link rotate} is. */
  list?(): Promise<readonly KeptSigningKey[]>;
}

/** One of the signing keys that are made and rotated by themselves. Instants are epoch seconds. */
export interface KeptSigningKey {
  readonly kid: string;
  readonly publishedAt: number;
  /** From when it signs, unless a newer one does by then. */
  readonly signsFrom: number;
  /** `published` waits for its time; `verifying` has signed tokens that may still be alive. */
  readonly state: 'published' | 'signing' | 'verifying';
}

/** A public key as it is published. */
export function publicJwk(key: KeyObject, kid: string, algorithm: SigningAlgorithm): JsonWebKey {
  const jwk = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return { ...jwk, kid, alg: algorithm, use: 'sig' };
}

/** The name of a key: its JWK thumbprint (RFC 7638). */
export function thumbprint(key: KeyObject): string {
  const jwk = key.export({ format: 'jwk' });
  const members = jwk.kty === 'EC' ? ['crv', 'kty', 'x', 'y'] : ['e', 'kty', 'n'];
  const required = Object.fromEntries(members.map((name) => [name, jwk[name]]));
  return createHash('sha256').update(JSON.stringify(required)).digest('base64url');
}

/** Signing keys that the operator supplies and rotates. The first one signs; the others only verify. */
export function suppliedSigningKeys(
  algorithm: 'ES256' | 'RS256',
  keys: readonly [KeyObject, ...KeyObject[]],
): SigningKeys {
  const named = keys.map((key) => ({ kid: thumbprint(key), key }));
  const verification = new Map(named.map(({ kid, key }) => [kid, createPublicKey(key)]));
  const document = { keys: named.map(({ kid, key }) => publicJwk(key, kid, algorithm)) };
  const signing = { kid: thumbprint(keys[0]), key: keys[0] };
  return {
    algorithm,
    current: () => Promise.resolve(signing),
    find: (kid) => Promise.resolve(verification.get(kid)),
    jwks: () => Promise.resolve(document),
  };
}

/** Secrets shared with resource servers that verify HS256. The first one signs; nothing of them is published. */
export function sharedSigningKeys(secrets: readonly [string, ...string[]]): SigningKeys {
  const keyOf = (secret: string) => ({
    kid: createHmac('sha256', secret).update('key name').digest().subarray(0, 6).toString('base64url'),
    key: createSecretKey(secret, 'utf8'),
  });
  const verification = new Map(secrets.map(keyOf).map(({ kid, key }) => [kid, key]));
  const signing = keyOf(secrets[0]);
  return {
    algorithm: 'HS256',
    current: () => Promise.resolve(signing),
    find: (kid) => Promise.resolve(verification.get(kid)),
    jwks: () => Promise.resolve({ keys: [] }),
  };
}
