import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';

const day = 24 * 3600;

const makeOne = 'make one with `openssl rand -base64 32`, and keep it where you keep your other secrets';

/** Text that examples put where a secret belongs. */
export const placeholder = /change[-_ ]?(me|this)|replace[-_ ]?(me|this)|your[-_ ]?secret|example[-_ ]?secret/i;

/** Secrets of a ring: one, or several with the current one first. */
export const secrets = z
  .union([z.string(), z.array(z.string()).min(1, { error: `is missing: ${makeOne}` })], {
    error: `is missing: ${makeOne}`,
  })
  .transform((value) => (typeof value === 'string' ? [value] : value) as [string, ...string[]])
  .refine((list) => list.every((secret) => secret.length >= 32), {
    error: `has to have at least 32 random characters: ${makeOne}`,
  })
  .refine((list) => !list.some((secret) => placeholder.test(secret)), { error: `is a placeholder: ${makeOne}` })
  .refine((list) => new Set(list).size === list.length, { error: 'names the same secret twice' });

/** The option `signing`, with its keys read. */
export const signing = z
  .strictObject({
    algorithm: z.enum(['ES256', 'RS256', 'HS256']).default('ES256'),
    keys: z
      .array(z.union([z.string(), z.record(z.string(), z.unknown())]))
      .min(1)
      .optional(),
    secret: secrets.optional(),
    rotationTtl: z
      .int()
      .min(3600)
      .max(3650 * day)
      .default(90 * day),
    publishTtl: z
      .int()
      .min(900)
      .max(30 * day)
      .default(day),
  })
  .prefault({})
  .transform((options, context): SigningSettings => {
    const fail = (message: string): never => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    const { algorithm, keys, secret, rotationTtl, publishTtl } = options;
    if (algorithm === 'HS256') {
      if (keys) return fail('has keys, which HS256 cannot use');
      return secret ? { kind: 'shared', secret } : fail('needs a secret for HS256');
    }
    if (secret) return fail('has a secret, which only HS256 can use');
    if (!keys) {
      if (algorithm === 'RS256') return fail('needs keys for RS256');
      if (publishTtl >= rotationTtl) return fail('has a publishTtl that is not shorter than its rotationTtl');
      return { kind: 'rotating', rotationTtl, publishTtl };
    }
    const read = keys.map((key) => readPrivateKey(key, algorithm));
    if (read.includes(undefined)) return fail(`has a key that is not a private key for ${algorithm} (PEM or JWK)`);
    return { kind: 'supplied', algorithm, keys: read as [KeyObject, ...KeyObject[]] };
  });

/** How access tokens are signed, once it was checked. */
export type SigningSettings =
  | { readonly kind: 'rotating'; readonly rotationTtl: number; readonly publishTtl: number }
  | { readonly kind: 'shared'; readonly secret: readonly [string, ...string[]] }
  | {
      readonly kind: 'supplied';
      readonly algorithm: 'ES256' | 'RS256';
      readonly keys: readonly [KeyObject, ...KeyObject[]];
    };

function readPrivateKey(text: string | Record<string, unknown>, algorithm: 'ES256' | 'RS256'): KeyObject | undefined {
  try {
    const key =
      typeof text === 'string' ? createPrivateKey(text) : createPrivateKey({ key: text as JsonWebKey, format: 'jwk' });
    const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
    // RSA-PSS keys have a modulus too, but cannot sign RS256.
    const isRsa = key.asymmetricKeyType === 'rsa' && modulusLength >= 2048;
    const fits = algorithm === 'ES256' ? namedCurve === 'prime256v1' : isRsa;
    return fits ? key : undefined;
  } catch {
    return undefined;
  }
}
