import { createSign, generateKeyPairSync, randomUUID, sign, type JsonWebKey, type KeyObject } from 'node:crypto';
import { forge } from '../resource/tokens.js';

/** A key pair of a client, with the JWK that it publishes. */
export interface ClientKeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: JsonWebKey & { kid: string };
}

function published(pair: { privateKey: KeyObject; publicKey: KeyObject }, kid: string, alg?: string): ClientKeyPair {
  return { ...pair, jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid, ...(alg !== undefined && { alg }) } };
}

/** A key for ES256. */
export const ecKeyPair = (kid = 'ec') => published(generateKeyPairSync('ec', { namedCurve: 'P-256' }), kid);
/** A key for RS256, or for the algorithm that it names. */
export const rsaKeyPair = (kid = 'rsa', alg?: string) =>
  published(generateKeyPairSync('rsa', { modulusLength: 2048 }), kid, alg);

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

type Json = Record<string, unknown>;

/** Signs with a private key, as `alg` says. */
export function signer(key: KeyObject, alg: string): (input: string) => string {
  if (alg === 'ES256') {
    return (input) => createSign('sha256').update(input).sign({ key, dsaEncoding: 'ieee-p1363' }, 'base64url');
  }
  // RSASSA-PSS with a salt as long as the hash (RFC 7518 §3.5).
  const padding = alg === 'PS256' ? { padding: 6, saltLength: 32 } : {};
  return (input) => sign('sha256', Buffer.from(input), { key, ...padding }).toString('base64url');
}

/** The claims of a good assertion, with changes; one that is undefined is left out. */
export function assertionClaims(clientId: string, audience: unknown, now: number, changes: Json = {}): Json {
  return { iss: clientId, sub: clientId, aud: audience, iat: now, exp: now + 300, jti: randomUUID(), ...changes };
}

/** A client assertion (RFC 7523 §3), signed with a key of the client. */
export function assertionOf(pair: ClientKeyPair, claims: Json, header: Json = {}): string {
  const isRsa = pair.privateKey.asymmetricKeyType === 'rsa';
  const full = { alg: isRsa ? 'RS256' : 'ES256', typ: 'JWT', kid: pair.jwk.kid, ...header };
  const alg = isRsa && full.alg === 'PS256' ? 'PS256' : isRsa ? 'RS256' : 'ES256';
  return forge(full, claims, signer(pair.privateKey, alg));
}
