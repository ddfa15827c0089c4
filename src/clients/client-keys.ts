import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** How clients may sign their assertions. Nothing symmetric, and never `none` (RFC 8725 §3.2). */
export const assertionAlgorithms = ['RS256', 'PS256', 'ES256'] as const;

/** A way of signing an assertion. */
export type AssertionAlgorithm = (typeof assertionAlgorithms)[number];

/** A public key of a client, pinned to the one algorithm that it verifies (RFC 8725 §3.1). */
export interface ClientKey {
  readonly kid: string | undefined;
  readonly algorithm: AssertionAlgorithm;
  readonly key: KeyObject;
}

/** Where the keys of one client come from. */
export interface ClientKeys {
  /**
   * The keys as they were last seen.
   *
   * @throws {AuthError} temporarily_unavailable when they cannot be fetched
   */
  current(): Promise<readonly ClientKey[]>;
  /**
   * Looks for others, because none of `tried` fits; undefined when there are none, or somebody looked just now.
   *
   * @throws {AuthError} temporarily_unavailable when they cannot be fetched
   */
  renewed(tried: readonly ClientKey[]): Promise<readonly ClientKey[] | undefined>;
}

const maxKeys = 20;
/** Larger ones make each verification slow, and the public exponent of strangers even more so. */
const maxModulusBits = 8192;
const maxExponent = 2n ** 32n;

/** Keys that change only with the configuration. */
export function fixedKeys(keys: readonly ClientKey[]): ClientKeys {
  return { current: () => Promise.resolve(keys), renewed: () => Promise.resolve(undefined) };
}

/**
 * Reads the usable keys of a JWK set (RFC 7517 §5); what cannot be used is left out, as the RFC wants it.
 *
 * @returns undefined when it is no JWK set, or holds more keys than anybody needs
 */
export function readClientKeys(jwks: unknown): ClientKey[] | undefined {
  if (typeof jwks !== 'object' || jwks === null || !('keys' in jwks) || !Array.isArray(jwks.keys)) return undefined;
  if (jwks.keys.length > maxKeys) return undefined;
  return (jwks.keys as unknown[]).flatMap((jwk) => readKey(jwk) ?? []);
}

function readKey(jwk: unknown): ClientKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  const { kid, use, key_ops, alg, d, k } = jwk as Record<string, unknown>;
  // A private key that lies open belongs to everybody, and a symmetric one proves nothing about its holder.
  if (d !== undefined || k !== undefined) return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (key_ops !== undefined && !(Array.isArray(key_ops) && key_ops.includes('verify'))) return undefined;
  if (kid !== undefined && typeof kid !== 'string') return undefined;
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    const algorithm = algorithmsOf(key).find((each) => alg === undefined || each === alg);
    return algorithm && { kid, algorithm, key };
  } catch {
    return undefined;
  }
}

/** What a key can verify; the first one is meant when the key does not say. */
function algorithmsOf(key: KeyObject): readonly AssertionAlgorithm[] {
  const { namedCurve, modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (namedCurve === 'prime256v1') return ['ES256'];
  if (key.asymmetricKeyType !== 'rsa' || modulusLength < 2048) return []; // RFC 7518 §3.3
  return modulusLength <= maxModulusBits && publicExponent <= maxExponent ? ['RS256', 'PS256'] : [];
}
