import type { AuthError, AuthErrorCode } from '../protocol/auth-error.js';
import type { HttpReply } from './message.js';

/** Seconds after which a client may try again when the store or a provider is away. */
const usualRetryAfter = 5;

/** A JSON answer that nobody may keep. */
export function jsonReply(status: number, document: object, headers: HttpReply['headers'] = {}): HttpReply {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache', ...headers },
    body: JSON.stringify(document),
  };
}

/** A JSON document that anybody may keep for `maxAge` seconds. */
export function publicJson(document: object, maxAge: number): HttpReply {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': `public, max-age=${maxAge}` },
    body: JSON.stringify(document),
  };
}

/** Faults of HTTP, which the standards of OAuth have no code for, as the nearest one that clients know. */
const wireCodes: Partial<Record<AuthErrorCode, AuthErrorCode>> = {
  payload_too_large: 'invalid_request',
  method_not_allowed: 'invalid_request',
};

/** An error in the JSON form of RFC 6749 §5.2. */
export function errorReply(error: AuthError, headers: HttpReply['headers'] = {}): HttpReply {
  const document = { error: wireCodes[error.code] ?? error.code, error_description: error.message };
  return jsonReply(error.status, document, { ...retryHeader(error), ...headers });
}

/** The answer to a path that is none of this server's, where no application stands behind it. */
export const notFoundReply: HttpReply = jsonReply(404, {
  error: 'not_found',
  error_description: 'There is nothing here.',
});

/** `Retry-After`, where trying again is worthwhile. */
export function retryHeader({ code, retryAfter }: AuthError): HttpReply['headers'] {
  const seconds = retryAfter ?? (code === 'temporarily_unavailable' ? usualRetryAfter : undefined);
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}

/**
 * Sends the browser somewhere with a GET: 303 and never 307, which would post the form once more (RFC 9700 §4.12).
 *
 * The body stays empty: a page that repeats the location would leave codes in caches and logs.
 */
export function redirectReply(location: string, cookies: readonly string[] = []): HttpReply {
  return {
    status: 303,
    headers: {
      location,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      ...(cookies.length > 0 && { 'set-cookie': cookies }),
    },
  };
}
