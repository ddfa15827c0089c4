import { createHmac, hash, timingSafeEqual } from 'node:crypto';

/** Joins parts so that no two lists of parts give the same bytes. */
export function lengthPrefixed(parts: readonly (string | Buffer)[]): Buffer {
  let total = 0;
  for (const part of parts) total += 4 + (typeof part === 'string' ? Buffer.byteLength(part) : part.length);
  const joined = Buffer.allocUnsafe(total);
  let at = 0;
  for (const part of parts) {
    const length = typeof part === 'string' ? joined.write(part, at + 4) : part.copy(joined, at + 4);
    at = joined.writeUInt32BE(length, at) + length;
  }
  return joined;
}

/** HMAC-SHA-256 over length-prefixed parts, cut to `bytes` (16 unless told). */
export function mac(key: Buffer, parts: readonly (string | Buffer)[], bytes = 16): Buffer {
  return createHmac('sha256', key).update(lengthPrefixed(parts)).digest().subarray(0, bytes);
}

/** {@link mac} in base64url. */
export function macText(key: Buffer, parts: readonly (string | Buffer)[], bytes = 16): string {
  return mac(key, parts, bytes).toString('base64url');
}

/** Compares two strings in a time that tells nothing about where they differ, nor how long the right one is. */
export function secretsEqual(presented: string, expected: string): boolean {
  return timingSafeEqual(digestOf(presented), digestOf(expected));
}

/** By way of text: a buffer of its own costs more than the hash that it holds. */
function digestOf(text: string): Buffer {
  return Buffer.from(hash('sha256', text, 'base64url'), 'latin1');
}
