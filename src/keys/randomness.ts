/** Makes unguessable bytes. Handed in at the root, so that nothing below reads the system's randomness by itself. */
export type Randomness = (bytes: number) => Buffer;

/** Random bytes as base64url text: 16 bytes are 22 characters. */
export function randomText(randomness: Randomness, bytes = 16): string {
  return randomness(bytes).toString('base64url');
}
