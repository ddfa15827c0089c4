import { createHmac, sign, type KeyObject } from 'node:crypto';
import type { SigningAlgorithm } from './signing-keys.js';

/** The header of a token (RFC 7515 §4). */
export interface JwsHeader {
  readonly alg: SigningAlgorithm;
  readonly typ: string;
  readonly kid: string;
}

/**
 * Signs claims as a JWT in the compact serialization (RFC 7515 §7.1).
 *
 * Tokens are read by `jsonwebtoken`. To write one takes its checks of arguments, which are not a stranger's, and its
 * streams as long as the signature itself.
 */
export function signJwt(header: JwsHeader, claims: object, key: KeyObject): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  return `${input}.${signature(header.alg, input, key).toString('base64url')}`;
}

function signature(algorithm: SigningAlgorithm, input: string, key: KeyObject): Buffer {
  if (algorithm === 'HS256') return createHmac('sha256', key).update(input).digest();
  const bytes = Buffer.from(input);
  // RFC 7518 §3.4: the two numbers of an ECDSA signature one after the other, and not as ASN.1.
  return algorithm === 'ES256' ? sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }) : sign('sha256', bytes, key);
}

function encoded(document: object): string {
  return Buffer.from(JSON.stringify(document)).toString('base64url');
}
