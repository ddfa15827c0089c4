import { z } from 'zod';
import { readClientKeys, type ClientKey } from './clients/client-keys.js';
import { hashOfSecret, type ConfiguredClient } from './clients/pre-registered.js';
import { looksRegistered } from './clients/registered-client-id.js';
import {
  clientAuthenticationMethods,
  isPlainText,
  supportedGrantTypes,
  type ClientAuthenticationMethod,
} from './protocol/client-metadata.js';
import { checkRedirectUri, describeRedirect, isProtectedWebUri } from './protocol/redirect-uri.js';
import { canonicalResource } from './protocol/resource-indicator.js';
import { placeholder } from './signing-config.js';

const makeOne = 'make one with `openssl rand -base64 32`';
const isHashOfNothing = (hash: string) => hash.toLowerCase() === hashOfSecret('');

/** Unreserved characters: no encoding of a header or a form changes it, and it never looks like a URL or a user. */
const clientId = z
  .string({ error: 'is missing' })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,199}$/, { error: 'has to be 1 to 200 letters, digits, or any of . _ ~ -' })
  .refine((id) => !looksRegistered(id), { error: 'looks like the id of a client that registered itself' });

const redirectUri = z.string({ error: 'has to be text' }).superRefine((uri, context) => {
  try {
    checkRedirectUri(uri);
  } catch (error) {
    const message = error instanceof Error ? error.message.replace(/\.$/, '') : 'it is malformed';
    context.addIssue({ code: 'custom', message: `cannot be registered: ${message}` });
  }
});

/** The keys of a set; each of them has to be usable, since an operator who gives one means it. */
const jwks = z.unknown().transform((value, context): readonly ClientKey[] => {
  const keys = readClientKeys(value) ?? [];
  const given = (value as { keys?: unknown[] } | null)?.keys;
  if (keys.length > 0 && keys.length === given?.length) return keys;
  const message = 'has to be { keys: [ … ] } with public keys only: RSA of 2048 to 8192 bits, or EC on P-256';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const secretHash = z
  .string({ error: 'has to be text' })
  .regex(/^[0-9a-f]{64}$/i, { error: 'has to be the SHA-256 of the secret, as 64 hexadecimal digits' })
  .refine((hash) => !isHashOfNothing(hash), { error: 'is the hash of nothing: the secret was empty' });

const shape = z.strictObject({
  clientId,
  name: z
    .string({ error: 'is missing: say what people call it' })
    .trim()
    .min(1, { error: 'is empty' })
    .max(100, { error: 'has more than 100 characters' })
    .refine(isPlainText, { error: 'has control characters' }),
  clientSecret: z
    .string({ error: 'has to be text' })
    .min(32, { error: `has to have at least 32 random characters: ${makeOne}` })
    .refine((secret) => !placeholder.test(secret), { error: `is a placeholder: ${makeOne}` })
    .optional(),
  clientSecretHash: z
    .union([secretHash, z.array(secretHash).min(1, { error: 'is empty' })], { error: 'has to be text' })
    .optional(),
  jwks: jwks.optional(),
  jwksUri: z
    .string({ error: 'has to be text' })
    .refine((uri) => isProtectedWebUri(uri) && !uri.includes('#'), { error: 'has to be an https URL' })
    .optional(),
  authenticationMethod: z
    .enum(clientAuthenticationMethods, { error: `has to be one of ${clientAuthenticationMethods.join(', ')}` })
    .optional(),
  redirectUris: z.array(redirectUri, { error: 'has to be a list' }).default([]),
  grantTypes: z
    .array(z.enum(supportedGrantTypes, { error: `has to be one of ${supportedGrantTypes.join(', ')}` }))
    .min(1, { error: 'is empty: leave it out' })
    .optional(),
  scopes: z.array(z.string()).min(1, { error: 'is empty: leave it out for all of them' }).optional(),
  resources: z.array(z.string()).min(1, { error: 'is empty: leave it out for all of them' }).optional(),
  consent: z.enum(['ask', 'skip'], { error: 'has to be ask or skip' }).default('ask'),
});
type Given = z.output<typeof shape>;

/** One of the option `clients`. */
export const client = shape
  .superRefine((given, context) => {
    for (const message of contradictionsOf(given)) context.addIssue({ code: 'custom', message });
  })
  .transform((given): ConfiguredClient => {
    const { name, scopes, resources } = given;
    return {
      clientId: given.clientId,
      metadata: {
        client_name: name,
        redirect_uris: [...new Set(given.redirectUris)],
        grant_types: grantTypesOf(given),
        response_types: ['code'],
        token_endpoint_auth_method: given.authenticationMethod ?? methodsFor(given)[0],
      },
      limits: {
        ...(scopes && { scopes }),
        ...(resources && { resources: resources.map((url) => canonicalResource(url) ?? url) }),
      },
      skipsConsent: given.consent === 'skip',
      proof: proofOf(given),
    };
  });

function proofOf({ clientSecret, clientSecretHash, jwks: keys, jwksUri }: Given): ConfiguredClient['proof'] {
  if (clientSecret !== undefined) return { kind: 'secret', hashes: [hashOfSecret(clientSecret)] };
  if (clientSecretHash !== undefined) {
    return { kind: 'secret', hashes: [clientSecretHash].flat().map((hash) => hash.toLowerCase()) };
  }
  if (keys !== undefined) return { kind: 'keys', keys };
  return jwksUri === undefined ? { kind: 'none' } : { kind: 'remote keys', jwksUri };
}

/** The ways in which a client can authenticate with what it was given, the usual one first. */
function methodsFor(given: Given): readonly [ClientAuthenticationMethod, ...ClientAuthenticationMethod[]] {
  const { kind } = proofOf(given);
  if (kind === 'none') return ['none'];
  return kind === 'secret' ? ['client_secret_basic', 'client_secret_post'] : ['private_key_jwt'];
}

function grantTypesOf({ grantTypes, redirectUris }: Given): readonly (typeof supportedGrantTypes)[number][] {
  return grantTypes ?? (redirectUris.length > 0 ? ['authorization_code', 'refresh_token'] : ['client_credentials']);
}

function contradictionsOf(given: Given): string[] {
  const { clientSecret, clientSecretHash, jwks: keys, jwksUri, authenticationMethod: method, redirectUris } = given;
  const proofs = [clientSecret, clientSecretHash, keys, jwksUri].filter((proof) => proof !== undefined);
  const isPublic = proofs.length === 0;
  const secretMembers = ['clientSecret', 'clientSecretHash', 'jwks', 'jwksUri'] as const;
  const missing = secretMembers.filter((name) => name in given && given[name] === undefined);
  const grantTypes = grantTypesOf(given);
  const sendsUsers = grantTypes.includes('authorization_code');
  const isDistantWeb = (uri: string) => URL.canParse(uri) && describeRedirect(uri).kind === 'web';
  const rules: [boolean, string][] = [
    // A variable that is not set must not make a public client of a confidential one.
    [isPublic && missing.length > 0, `has a ${missing.join(', ')} that is undefined: leave it out for a public client`],
    [proofs.length > 1, 'has more than one of clientSecret, clientSecretHash, jwks and jwksUri: give one'],
    [
      method !== undefined && proofs.length < 2 && !methodsFor(given).includes(method),
      `cannot authenticate by ${method ?? ''} with what it was given`,
    ],
    [sendsUsers && redirectUris.length === 0, 'needs redirectUris for authorization_code'],
    [!sendsUsers && redirectUris.length > 0, 'has redirectUris, which only authorization_code uses'],
    [!sendsUsers && grantTypes.includes('refresh_token'), 'can only refresh what it got by authorization_code'],
    // RFC 6749 §4.4: confidential clients only.
    [
      isPublic && missing.length === 0 && grantTypes.includes('client_credentials'),
      'needs a secret or keys for client_credentials',
    ],
    // What listens on loopback or behind an app's scheme is not proven to be the client (RFC 8252 §8.6).
    [
      given.consent === 'skip' && !(sendsUsers && redirectUris.every(isDistantWeb)),
      'can only skip the consent with redirectUris that are https, and none on loopback',
    ],
  ];
  return rules.filter(([applies]) => applies).map(([, message]) => message);
}
