import { AuthError } from '../protocol/auth-error.js';
import type { Store } from '../storage/store.js';
import { randomText, type Randomness } from './randomness.js';
import type { Sealing } from './sealing.js';

const key = { partition: 'keys', id: 'installation' } as const;
const purpose = 'seal installation key';

/**
 * Reads the key of this installation, or makes it at the first start of all.
 *
 * It stays the same for the life of the store, so that users keep their partitions and grants their ids whatever
 * happens to the secrets; when the secret was rotated, the key is sealed anew.
 *
 * @throws {AuthError} temporarily_unavailable when the store was written under a secret that is not on the ring
 */
export async function loadInstallationKey(store: Store, sealing: Sealing, randomness: Randomness): Promise<Buffer> {
  const seal = (text: string) => sealing.seal(purpose, key.id, text);
  const write = (text: string, expect: string) =>
    store.set(key, seal(text), { version: randomText(randomness), expiresAt: 'never', expect });

  let entry = await store.get(key);
  if (!entry) {
    await write(randomText(randomness, 32), 'absent');
    // Whoever was first: all instances read the same key.
    entry = await store.get(key);
  }
  if (!entry) throw new AuthError('temporarily_unavailable', 'The store does not hold what was written to it.');
  const text = sealing.open(purpose, key.id, entry.value);
  if (text === undefined) throw wrongSecret();
  if (!sealing.isCurrent(entry.value)) await write(text, entry.version);
  return Buffer.from(text, 'base64url');
}

/** Tells whether a server of this installation has been started on the store. */
export async function isInstalled(store: Pick<Store, 'get'>): Promise<boolean> {
  return (await store.get(key)) !== undefined;
}

/** The error that tells an operator, and nobody else, that the secrets and the store do not belong together. */
export function wrongSecret(): AuthError {
  return new AuthError('temporarily_unavailable', 'The server is not ready.', {
    cause: new AuthError(
      'server_error',
      'The store was written under another secret. Give the earlier secret too, behind the new one, or use another store.',
    ),
  });
}
