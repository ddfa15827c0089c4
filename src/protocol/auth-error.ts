import type { RedirectTarget } from './redirect-target.js';

/** Every error code that this package puts on the wire, with the HTTP status that goes with it. */
const statusByCode = {
  // RFC 6749 §4.1.2.1, §5.2
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_scope: 400,
  access_denied: 403,
  server_error: 500,
  temporarily_unavailable: 503,
  // RFC 6750 §3.1
  invalid_token: 401,
  insufficient_scope: 403,
  // RFC 7591 §3.2.2
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
  // RFC 8707 §2
  invalid_target: 400,
  // RFC 9101 §6, OpenID Connect Core §3.1.2.6
  request_not_supported: 400,
  request_uri_not_supported: 400,
  consent_required: 400,
  // HTTP itself
  not_found: 404,
  conflict: 409,
  method_not_allowed: 405,
  payload_too_large: 413,
  too_many_requests: 429, // RFC 6585 §4; the code is the one that the MCP SDKs know
} as const;

/** The codes that an {@link AuthError} can carry. */
export type AuthErrorCode = keyof typeof statusByCode;

/** What an error is about, for a person who has to be told on a page, where the code does not say it. */
export type ErrorTopic = 'expired' | 'otherBrowser' | 'badRedirect' | 'blockedClient';

/**
 * The one error type of this package.
 *
 * `code` and `message` may be shown to anybody: the thrower never puts a secret, an upstream's text or a stranger's
 * string into them. What really happened travels in `cause`, for the log only.
 */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  readonly code: AuthErrorCode;
  /** Where a browser takes the error to; without it the user has to be told. */
  readonly redirect: RedirectTarget | undefined;
  /** Seconds after which trying again is worthwhile, where that is known. */
  readonly retryAfter: number | undefined;
  /** What a person is told of it; without it the code says enough. */
  readonly topic: ErrorTopic | undefined;

  /**
   * @param code - the error code of the standard that was violated
   * @param description - one wire-safe sentence for the developer of the client (RFC 6749 §5.2 `error_description`)
   * @param options - `cause`: what the log shall show; `redirect`: the proven target that shall hear of it;
   *   `retryAfter`: in seconds; `topic`: what a person is told of it
   */
  constructor(
    code: AuthErrorCode,
    description: string,
    options: {
      cause?: unknown;
      redirect?: RedirectTarget;
      retryAfter?: number | undefined;
      topic?: ErrorTopic | undefined;
    } = {},
  ) {
    super(description, options);
    this.code = code;
    this.redirect = options.redirect;
    this.retryAfter = options.retryAfter;
    this.topic = options.topic;
  }

  /** The same error, to be delivered to the client. */
  deliveredTo(redirect: RedirectTarget): AuthError {
    const { cause, retryAfter, topic } = this;
    return new AuthError(this.code, this.message, { cause, redirect, retryAfter, topic });
  }

  /** The HTTP status that answers this error where it is not a redirect. */
  get status(): number {
    return statusByCode[this.code];
  }
}

/** Makes an {@link AuthError} of whatever was thrown; an error that is not ours says nothing about itself. */
export function toAuthError(thrown: unknown): AuthError {
  if (thrown instanceof AuthError) return thrown;
  return new AuthError('server_error', 'The server met an unexpected condition.', { cause: thrown });
}
