import { z } from 'zod';
import type { AdminCredential } from './endpoints/admin/door.js';
import { hashedKey } from './introspection-config.js';

const name = z
  .string({ error: 'is missing' })
  .regex(/^[\w@. -]{1,60}$/, { error: 'has to be 1 to 60 letters, digits, spaces, or any of _ @ . -' });

/** The option `admin`. */
export const admin = z
  .strictObject({
    tokens: z
      .array(
        z.union([hashedKey, z.strictObject({ name, token: hashedKey })], {
          error: 'has to be text, or { name, token }',
        }),
        {
          error: 'is missing: name at least one, or leave out admin',
        },
      )
      .min(1, { error: 'is empty: name at least one, or leave out admin' }),
  })
  .transform(({ tokens }): readonly AdminCredential[] =>
    tokens.map((token, index) =>
      typeof token === 'string'
        ? { name: tokens.length === 1 ? 'admin' : `admin ${index + 1}`, hash: token }
        : { name: token.name, hash: token.token },
    ),
  )
  .optional();

/**
 * Says what is wrong with the credentials of the admin API as they stand among the rest of a configuration.
 *
 * @param others - the hashes of every other secret
 */
export function adminFaults(credentials: readonly AdminCredential[] = [], others: readonly string[]): string[] {
  const hashes = credentials.map(({ hash }) => hash);
  const names = credentials.map((each) => each.name);
  const rules: [boolean, string][] = [
    [hashes.some((hash) => others.includes(hash)), 'admin has a token that is used for something else too.'],
    [new Set(hashes).size < hashes.length, 'admin has the same token twice.'],
    [new Set(names).size < names.length, 'admin has two tokens of the same name.'],
  ];
  return rules.filter(([applies]) => applies).map(([, message]) => message);
}
