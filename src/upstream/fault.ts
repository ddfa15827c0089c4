import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { AuthError, type AuthErrorCode } from '../protocol/auth-error.js';
import { FetchFault } from './pooled-fetch.js';
import { Refusal } from './refusal.js';

/** Where in the conversation with the provider something went wrong. */
export type UpstreamStep =
  | 'discovery'
  | 'authorization response'
  | 'token response'
  | 'refresh response'
  | 'userinfo response'
  | 'identity'
  | 'revocation response';

/** Why an answer that came cannot be used, where no library says so. */
export class AnswerFault extends Error {
  override readonly name = 'AnswerFault';
  /** Such as `NOT_JSON`; in our words, never the provider's. */
  readonly code: string;
  readonly status: number | undefined;

  constructor(code: string, status?: number) {
    super('The answer cannot be used.');
    this.code = code;
    this.status = status;
  }
}

const descriptions = {
  access_denied: 'The sign-in was cancelled or refused.',
  temporarily_unavailable: 'The identity provider is not available at the moment. Try again in a little while.',
  server_error: 'The identity provider gave an answer that cannot be accepted.',
} as const satisfies Partial<Record<AuthErrorCode, string>>;

type UpstreamCode = keyof typeof descriptions;

/** The errors that providers send, by what they mean to the one who waits for the sign-in. */
const meanings: ReadonlyMap<string, UpstreamCode> = new Map([
  // RFC 6749 §4.1.2.1 and §5.2
  ['access_denied', 'access_denied'],
  ['invalid_grant', 'access_denied'],
  ['temporarily_unavailable', 'temporarily_unavailable'],
  ['server_error', 'server_error'],
  ['invalid_request', 'server_error'],
  ['invalid_client', 'server_error'],
  ['invalid_scope', 'server_error'],
  ['unauthorized_client', 'server_error'],
  ['unsupported_grant_type', 'server_error'],
  ['unsupported_response_type', 'server_error'],
  // of several providers, in place of invalid_request
  ['redirect_uri_mismatch', 'server_error'],
  // OpenID Connect Core §3.1.2.6
  ['login_required', 'access_denied'],
  ['consent_required', 'access_denied'],
  ['interaction_required', 'access_denied'],
  ['account_selection_required', 'access_denied'],
]);

/**
 * Makes an {@link AuthError} of what went wrong with a provider; an `access_denied` that its preset threw is a
 * {@link Refusal}, as against one that the provider sent.
 *
 * The libraries' errors hold responses, tokens and parameters, so nothing of them is kept but class, code, status and
 * an error code of the standards; `cause` says that in our words.
 */
export function upstreamFault(provider: string, step: UpstreamStep, thrown: unknown, account?: string): AuthError {
  if (thrown instanceof AuthError) {
    return thrown.code === 'access_denied' ? new Refusal(thrown.message, { account, cause: thrown.cause }) : thrown;
  }
  const code = meaningOf(step, thrown);
  return new AuthError(code, descriptions[code], {
    cause: new AuthError(code, `Provider ${provider}, ${step}: ${detailOf(thrown)}.`),
  });
}

/**
 * Makes an {@link AuthError} of what went wrong with a refresh: `invalid_grant` when the provider says that the refresh
 * token does not count, a {@link Refusal} when its user may not sign in here, and `temporarily_unavailable` for the rest.
 *
 * A secret that was mistyped, or a proxy's page, must not sign everybody out.
 */
export function refreshFault(provider: string, thrown: unknown): AuthError {
  const fault = upstreamFault(provider, 'refresh response', thrown);
  if (fault instanceof Refusal || (fault === thrown && fault.code === 'invalid_grant')) return fault;
  const cause = fault.cause ?? fault;
  if (isFinal(thrown))
    return new AuthError('invalid_grant', 'The sign-in at the identity provider is over.', { cause });
  return new AuthError('temporarily_unavailable', descriptions.temporarily_unavailable, { cause });
}

function isFinal(thrown: unknown): boolean {
  const { status = 0 } = thrown instanceof ResponseBodyError ? thrown : {};
  return errorOf(thrown) === 'invalid_grant' && status < 500 && status !== 429;
}

/** Tells whether a provider refused to revoke a token because it does not count any more (RFC 7009 §2.2 has it answer 200). */
export function isRevokedAlready(thrown: unknown): boolean {
  const error = errorOf(thrown);
  return error === 'invalid_token' || error === 'invalid_grant';
}

function meaningOf(step: UpstreamStep, thrown: unknown): UpstreamCode {
  if (thrown instanceof FetchFault) return thrown.code === 'TOO_LARGE' ? 'server_error' : 'temporarily_unavailable';
  const status = statusOf(thrown);
  if (status !== undefined && (status >= 500 || status === 429)) return 'temporarily_unavailable';
  const named = meanings.get(errorOf(thrown) ?? '');
  if (named) return named;
  // A page in place of JSON is what proxies and maintenance modes send.
  if (/^(?:OAUTH_(?:RESPONSE_IS_NOT_JSON|PARSE_ERROR|TIMEOUT|ABORT)|NOT_JSON|RATE_LIMITED)$/.test(codeOf(thrown))) {
    return 'temporarily_unavailable';
  }
  return step === 'authorization response' ? 'access_denied' : 'server_error';
}

function detailOf(thrown: unknown): string {
  const name = thrown instanceof Error ? thrown.constructor.name : typeof thrown;
  const error = errorOf(thrown);
  const status = statusOf(thrown);
  const known = error !== undefined && (meanings.has(error) ? error : 'an error of its own');
  return [name, codeOf(thrown), status !== undefined && `HTTP ${status}`, known].filter(Boolean).join(' ');
}

function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,59}$/.test(code) ? code : '';
}

function errorOf(thrown: unknown): string | undefined {
  const isNamed = thrown instanceof ResponseBodyError || thrown instanceof AuthorizationResponseError;
  return isNamed ? thrown.error : undefined;
}

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof AnswerFault) return thrown.status;
  if (thrown instanceof ResponseBodyError || thrown instanceof WWWAuthenticateChallengeError) return thrown.status;
  return thrown instanceof ClientError && thrown.cause instanceof Response ? thrown.cause.status : undefined;
}
