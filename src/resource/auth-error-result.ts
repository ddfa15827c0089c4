import { bearerChallenge } from '../protocol/challenge.js';
import { formatScope, parseScope } from '../protocol/scope.js';
import { challengeMember, challengingResult, type AuthErrorResult } from './tool-result.js';

/** What an auth error says beside its message. */
export interface AuthErrorOptions {
  /** Where the metadata of the protected resource is (RFC 9728 §3): an absolute http(s) URL. */
  resourceMetadataUrl: string | URL;
  /** @defaultValue `insufficient_scope` where `requiredScopes` are named, else `invalid_token` (RFC 6750 §3.1) */
  error?: string | undefined;
  /** For the client. @defaultValue the message */
  errorDescription?: string | undefined;
  /** What the client shall ask for. */
  requiredScopes?: readonly string[] | undefined;
}

/**
 * Makes the tool result that asks a client for authorization in the middle of a session, as ChatGPT expects it.
 *
 * ```ts
 * return createAuthError('Please sign in to see your orders.', { resourceMetadataUrl });
 * ```
 *
 * @param message - what the user, or the model, reads
 * @throws {TypeError} when `resourceMetadataUrl` is not an absolute http(s) URL
 */
export function createAuthError(message: string, options: AuthErrorOptions): AuthErrorResult {
  // Split and joined again, so that no text of a scope can be more than scopes.
  const scope = formatScope(parseScope(options.requiredScopes?.join(' ')));
  const challenge = bearerChallenge({
    error: sayable(options.error) ?? (scope === '' ? 'invalid_token' : 'insufficient_scope'),
    error_description: sayable(options.errorDescription) ?? sayable(message) ?? 'Authentication is required.',
    scope,
    resource_metadata: webUrl(options.resourceMetadataUrl),
  });
  return challengingResult(message, challenge);
}

/** Tells whether a tool result asks for authorization, whoever made it. */
export function isAuthError(result: unknown): result is Pick<AuthErrorResult, 'isError' | '_meta'> {
  if (!isObject(result) || result['isError'] !== true || !isObject(result['_meta'])) return false;
  const challenges = result['_meta'][challengeMember];
  return Array.isArray(challenges) && challenges.length > 0 && challenges.every((each) => typeof each === 'string');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A header has room for ASCII only; of a text without any there would be nothing left, and ChatGPT needs one. */
function sayable(text: string | undefined): string | undefined {
  return text !== undefined && /[A-Za-z0-9]/.test(text) ? text : undefined;
}

/** Written by the parser, which leaves nothing in it that a quoted string has no room for. */
function webUrl(text: string | URL): string {
  const url = URL.canParse(String(text)) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url.href;
  throw new TypeError('createAuthError: resourceMetadataUrl has to be an absolute http(s) URL.');
}
