import type { CryptoKey, JWK } from 'jose';
import { AuthError } from '../protocol/auth-error.js';
import type { Clock } from '../storage/clock.js';
import { createRemoteCopy, type RemoteCopy } from '../storage/remote-copy.js';
import type { AskIssuer } from './ask-issuer.js';
import { issuerUnavailable, type IssuerMetadata } from './issuer-metadata.js';
import { loadJose } from './jose.js';

/** A public key of an authorization server, pinned to the one algorithm that it verifies (RFC 8725 §3.1). */
export interface IssuerKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly key: CryptoKey;
}

const maxKeys = 50;
/** Larger ones make each verification slow. */
const maxModulusBits = 8192;

/** The algorithms of each kind of key, in the names of RFC 7518 and RFC 8037. Nothing symmetric, and never `none`. */
const algorithmsOfKind: Readonly<Record<string, readonly string[]>> = {
  RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  'EC P-256': ['ES256'],
  'EC P-384': ['ES384'],
  'EC P-521': ['ES512'],
  'OKP Ed25519': ['EdDSA', 'Ed25519'],
};

/** Every algorithm that tokens can be verified with. */
export const verifiableAlgorithms: readonly string[] = Object.values(algorithmsOfKind).flat();

/**
 * Keeps the keys that an authorization server publishes (RFC 7517 §5); its rotations are followed.
 *
 * @param failed - hears of each attempt that failed, also where earlier keys still serve
 */
export function createIssuerKeys(
  metadata: RemoteCopy<IssuerMetadata>,
  algorithms: readonly string[],
  ask: AskIssuer,
  clock: Clock,
  failed: (cause: unknown) => void,
): RemoteCopy<readonly IssuerKey[]> {
  const load = async () => {
    const { jwksUri } = await metadata.current();
    if (jwksUri === undefined) throw new AuthError('temporarily_unavailable', 'The metadata has no jwks_uri.');
    return readIssuerKeys(await ask(jwksUri), algorithms);
  };
  return createRemoteCopy(load, clock, { unavailable: issuerUnavailable, failed });
}

/** Reads the usable keys of a JWK set; what cannot be used is left out, as the RFC wants it. */
async function readIssuerKeys({ keys }: Record<string, unknown>, algorithms: readonly string[]): Promise<IssuerKey[]> {
  if (!Array.isArray(keys) || keys.length > maxKeys) {
    throw new AuthError('temporarily_unavailable', 'The document at the jwks_uri is no JWK set.');
  }
  const read = await Promise.all((keys as unknown[]).map((jwk) => readKey(jwk, algorithms)));
  return read.filter((key) => key !== undefined);
}

async function readKey(jwk: unknown, algorithms: readonly string[]): Promise<IssuerKey | undefined> {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  const { kid, use, key_ops, alg, kty, crv, x, y, n, e, d, k } = jwk as Record<string, unknown>;
  // A private key that lies open belongs to everybody.
  if (d !== undefined || k !== undefined || typeof kid !== 'string' || kid === '') return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (key_ops !== undefined && !(Array.isArray(key_ops) && key_ops.includes('verify'))) return undefined;
  const kind = kty === 'RSA' ? kty : `${String(kty)} ${String(crv)}`;
  const possible = Object.hasOwn(algorithmsOfKind, kind) ? (algorithmsOfKind[kind] ?? []) : [];
  // A key that does not say is for the first that it could be for.
  const algorithm = algorithms.find((each) => possible.includes(each) && (alg === undefined || alg === each));
  if (algorithm === undefined) return undefined;
  const { importJWK } = await loadJose();
  try {
    // Only its public numbers: whatever else stands there has no say.
    const key = await importJWK({ kty, crv, x, y, n, e, alg: algorithm } as JWK, algorithm);
    return key instanceof Uint8Array || !isSane(key) ? undefined : { kid, algorithm, key };
  } catch {
    return undefined;
  }
}

function isSane(key: CryptoKey): boolean {
  const { modulusLength } = key.algorithm as { modulusLength?: number };
  return modulusLength === undefined || (modulusLength >= 2048 && modulusLength <= maxModulusBits); // RFC 7518 §3.3
}
