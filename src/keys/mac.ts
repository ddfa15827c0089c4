import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Joins parts so that no two lists of parts give the same bytes. */
export function lengthPrefixed(parts: readonly (string | Buffer)[]): Buffer {
  const chunks: Buffer[] = [];
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    chunks.push(length, bytes);
  }
  return Buffer.concat(chunks);
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
  return timingSafeEqual(sha256(presented), sha256(expected));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
