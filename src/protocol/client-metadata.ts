import { z } from 'zod';
import { AuthError } from './auth-error.js';
import { isScopeToken } from './scope.js';
import { checkRedirectUri, isProtectedWebUri } from './redirect-uri.js';

/** The client authentication methods that a client can register. */
export const registrableMethods = ['none', 'client_secret_basic', 'client_secret_post'] as const;
/** The client authentication methods of this server. The keys of `private_key_jwt` have no room in a registered id. */
export const clientAuthenticationMethods = [...registrableMethods, 'private_key_jwt'] as const;
/** The grant types that a client can register. */
const grantTypes = ['authorization_code', 'refresh_token'] as const;
/** The grant types of this server. */
export const supportedGrantTypes = [...grantTypes, 'client_credentials'] as const;
const maxRedirectUris = 50;

/** How a client proves at the token endpoint that it is the client (RFC 7591 §2 `token_endpoint_auth_method`). */
export type ClientAuthenticationMethod = (typeof clientAuthenticationMethods)[number] | 'private_key_jwt';

/** What is registered of a client (RFC 7591 §2), under the names that the RFC gives. */
export interface ClientMetadata {
  /** Each one checked; none only for a client that never sends a user here. */
  readonly redirect_uris: readonly string[];
  readonly token_endpoint_auth_method: ClientAuthenticationMethod;
  readonly grant_types: readonly (typeof supportedGrantTypes)[number][];
  readonly response_types: readonly 'code'[];
  /** Chosen by the client, so it proves nothing; fit to be shown once it is escaped. */
  readonly client_name?: string;
  readonly client_uri?: string;
  readonly tos_uri?: string;
  readonly policy_uri?: string;
  readonly scope?: string;
  readonly software_id?: string;
  readonly software_version?: string;
  /** OpenID Connect Registration §2. Kept for the client's own sake: nothing depends on it. */
  readonly application_type?: 'native' | 'web';
  /** The public keys of a client that authenticates with `private_key_jwt`, or where they are: never both. */
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  readonly jwks_uri?: string;
}

/** What each member has to be, as the client's developer is told. */
const demands: Readonly<Record<keyof typeof registration.shape, string>> = {
  redirect_uris: `redirect_uris has to be a list of 1 to ${maxRedirectUris} URIs.`,
  token_endpoint_auth_method: `token_endpoint_auth_method has to be one of: ${registrableMethods.join(', ')}.`,
  grant_types: 'grant_types has to be a list that includes authorization_code.',
  response_types: 'response_types has to be a list that includes code.',
  client_name: 'client_name has to be text of at most 200 characters, without control characters.',
  client_uri: 'client_uri has to be an https URI.',
  tos_uri: 'tos_uri has to be an https URI.',
  policy_uri: 'policy_uri has to be an https URI.',
  scope: 'scope has to be a list of scope tokens with single spaces between them.',
  software_id: 'software_id has to be text of at most 200 characters, without control characters.',
  software_version: 'software_version has to be text of at most 200 characters, without control characters.',
  application_type: 'application_type has to be native or web.',
};

const shownText = z.string().trim().max(200).refine(isPlainText).optional();
/** Shown at most, and never needed: one that cannot be shown is not registered (RFC 7591 §3.2.1), and hinders nobody. */
const webUri = z
  .string()
  .max(1024)
  .refine(isPlainText)
  .transform((uri) => (isProtectedWebUri(uri) ? uri : undefined))
  .optional();

const registration = z.object({
  redirect_uris: z.array(z.string()).min(1).max(maxRedirectUris),
  // RFC 7591 §2. Every known client reads the answer, so one that leaves the member out gets, and uses, a secret.
  token_endpoint_auth_method: z.enum(registrableMethods).default('client_secret_basic'),
  // Clients declare what they could do anywhere (device_code, jwt-bearer): they get what exists here. One that
  // declares nothing would by the RFC have no refresh_token, and its users would sign in every hour.
  grant_types: z
    .array(z.string())
    .default([...grantTypes])
    .transform((declared) => grantTypes.filter((each) => declared.includes(each)))
    .refine((supported) => supported.includes('authorization_code')), // RFC 7591 §2.1: what the code response needs
  response_types: z
    .array(z.string())
    .default(['code'])
    .refine((declared) => declared.includes('code'))
    .transform(() => ['code'] as const),
  client_name: shownText,
  client_uri: webUri,
  tos_uri: webUri,
  policy_uri: webUri,
  scope: z
    .string()
    .max(4096)
    .transform((scope) => scope.trim().replace(/ +/g, ' '))
    .refine((scope) => scope.split(' ').every(isScopeToken)) // RFC 6749 §3.3
    .optional(),
  software_id: shownText,
  software_version: shownText,
  application_type: z.enum(['native', 'web']).optional().catch(undefined),
});

/**
 * Reads a registration request (RFC 7591 §3.1) and answers what is registered of it.
 *
 * Members that are unknown here are ignored, as RFC 7591 §2 demands; `null` and blank text count as absent.
 *
 * @throws {AuthError} invalid_redirect_uri when a redirect URI is missing or not acceptable; invalid_client_metadata
 * when anything else is
 */
export function parseClientMetadata(document: unknown): ClientMetadata {
  const { data, error } = registration.safeParse(presentMembers(document));
  if (error) throw refusal(error);
  const redirectUris = [...new Set(data.redirect_uris)];
  redirectUris.forEach(checkRedirectUri);
  return { ...data, redirect_uris: redirectUris };
}

function presentMembers(document: unknown): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined;
  const isPresent = (value: unknown) => value !== null && !(typeof value === 'string' && value.trim() === '');
  return Object.fromEntries(Object.entries(document).filter(([, value]) => isPresent(value)));
}

function refusal(error: z.ZodError): AuthError {
  const member = error.issues[0]?.path[0] as keyof typeof demands | undefined;
  if (member === undefined)
    return new AuthError('invalid_client_metadata', 'Send the client metadata as a JSON object.');
  const code = member === 'redirect_uris' ? 'invalid_redirect_uri' : 'invalid_client_metadata';
  return new AuthError(code, demands[member]);
}

/** Half a surrogate pair breaks encoders; controls, line breaks and changes of direction make a name look like another. */
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && !/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.test(text);
}
