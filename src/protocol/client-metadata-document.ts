import { z } from 'zod';
import { AuthError } from './auth-error.js';
import { parseClientMetadata, type ClientMetadata } from './client-metadata.js';
import { isProtectedWebUri } from './redirect-uri.js';

/** Members of a public key (RFC 7517 §4); a private or a symmetric one has no place in a public document. */
const publicKey = z
  .record(z.string(), z.union([z.string(), z.array(z.string()), z.boolean(), z.number()]))
  .refine(({ kty }) => typeof kty === 'string' && kty !== 'oct')
  .refine((key) => ['d', 'k', 'p', 'q'].every((secret) => !Object.hasOwn(key, secret)));

const keys = z.object({
  jwks: z.object({ keys: z.array(publicKey).max(20) }).optional(),
  jwks_uri: z
    .string()
    .max(1024)
    .refine((uri) => uri.startsWith('https:') && isProtectedWebUri(uri))
    .optional(),
});

/** Methods of a client that shares no secret with this server. */
const methods = z.enum(['none', 'private_key_jwt']).default('none');

/**
 * Reads a Client ID Metadata Document (draft-ietf-oauth-client-id-metadata-document-01 §4.1).
 *
 * What it says is treated as a registration of the same words would be. A document that leaves the authentication
 * method out means `none`: the default of RFC 7591 is a shared secret, which such a client cannot have.
 *
 * @param url - the client id, from which the document came
 * @throws {AuthError} invalid_client_metadata, invalid_redirect_uri when the document is not acceptable
 */
export function parseMetadataDocument(document: unknown, url: string): ClientMetadata {
  const members = membersOf(document);
  if (members.get('client_id') !== url) throw fault('client_id is not the URL of the document'); // §4.1
  if (members.has('client_secret') || members.has('client_secret_expires_at')) {
    throw fault('it must not contain a client secret'); // §4.1
  }
  const name = members.get('client_name');
  if (typeof name !== 'string' || name.trim() === '') throw fault('client_name is missing');
  const method = methods.safeParse(members.get('token_endpoint_auth_method') ?? undefined);
  if (!method.success) throw fault('token_endpoint_auth_method has to be none or private_key_jwt'); // §4.1

  const metadata = parseClientMetadata({ ...(document as object), token_endpoint_auth_method: 'none' });
  const { client_uri, ...others } = metadata;
  return {
    ...others,
    // What another site says of itself is not this document's to tell.
    ...(client_uri !== undefined && new URL(client_uri).host === new URL(url).host && { client_uri }),
    token_endpoint_auth_method: method.data,
    ...(method.data === 'private_key_jwt' && keysOf(members)),
  };
}

/** Where the client's public keys are: by value or by reference, and never both (RFC 7591 §2). */
function keysOf(members: ReadonlyMap<string, unknown>): Pick<ClientMetadata, 'jwks' | 'jwks_uri'> {
  const { data } = keys.safeParse({
    jwks: members.get('jwks') ?? undefined,
    jwks_uri: members.get('jwks_uri') ?? undefined,
  });
  const { jwks, jwks_uri } = data ?? {};
  if (jwks && jwks_uri === undefined) return { jwks };
  if (!jwks && jwks_uri !== undefined) return { jwks_uri };
  throw fault('private_key_jwt needs either jwks, with public keys, or an https jwks_uri');
}

/** Own members only, in a Map: a member called `__proto__` is then one like any other. */
function membersOf(document: unknown): ReadonlyMap<string, unknown> {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw fault('it has to be a JSON object');
  }
  return new Map(Object.entries(document));
}

function fault(reason: string): AuthError {
  return new AuthError('invalid_client_metadata', `The metadata document cannot be used: ${reason}.`);
}
