import type { CustomFetch } from 'openid-client';
import type { Claims, UpstreamProvider } from './provider.js';
import { wholeResponse } from './whole-response.js';

/** Errors of several token endpoints, by the names of RFC 6749 §5.2. */
const commonErrors: Readonly<Record<string, string>> = { redirect_uri_mismatch: 'invalid_grant' };

/**
 * Wraps a fetch so that the answers of a provider's token endpoint are as RFC 6749 §5 has them, whatever the provider
 * sends: form-encoded, errors with status 200, lists of scopes, numbers in quotes.
 *
 * What is no such answer at all passes as it came.
 */
export function readingTokenAnswers(
  provider: UpstreamProvider,
  tokenEndpoint: string,
  fetch: CustomFetch,
): CustomFetch {
  return async (url, options) => {
    const response = await fetch(url, options);
    if (options.method !== 'POST' || url !== tokenEndpoint) return response;
    const text = await response.text();
    const body = bodyOf(text, response.headers.get('content-type') ?? '');
    if (!body) return withBody(response, response.status, text);
    const error = errorOf(body, response, provider.errorCodes);
    if (error !== undefined) return withBody(response, response.ok ? 400 : response.status, { error });
    return response.ok ? withBody(response, 200, successOf(body, provider)) : withBody(response, response.status, text);
  };
}

/** JSON by whatever media type it is announced, or else a form. */
function bodyOf(text: string, mediaType: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    const isForm = /^(?:application\/x-www-form-urlencoded|text\/plain)\b/i.test(mediaType);
    const form = isForm ? Object.fromEntries(new URLSearchParams(text)) : {};
    return 'access_token' in form || 'error' in form ? form : undefined;
  }
}

function errorOf(
  { error, errorCode, ok }: Claims,
  { ok: isSuccess, status }: Response,
  errorCodes: Readonly<Record<string, string>> = {},
): string | undefined {
  const code = [error, errorCode].find((value) => typeof value === 'string' && value !== '') as string | undefined;
  if (code !== undefined) {
    // No user takes part in a token request: a client that is refused has the wrong secret.
    if (code === 'access_denied' && status === 401) return 'invalid_client';
    const known = { ...commonErrors, ...errorCodes };
    return Object.hasOwn(known, code) ? known[code] : code;
  }
  // An error that is an object, or a plain refusal, must not pass for a success because of a token beside it.
  const isRefused = isSuccess && ((error !== undefined && error !== null && error !== '') || ok === false);
  return isRefused ? 'server_error' : undefined;
}

function successOf(body: Claims, { protocol }: UpstreamProvider): Claims {
  const text = (name: string) => {
    const value = body[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return {
    ...body,
    token_type: typeOf(body.token_type),
    expires_in: lifetimeOf(body.expires_in),
    refresh_token: text('refresh_token'),
    // Without OpenID Connect there are no keys to verify one with.
    id_token: protocol === 'oauth2' ? undefined : text('id_token'),
    scope: scopeOf(body.scope),
  };
}

/** Every token here is used as a bearer token (RFC 6750), also those that are named after whom they speak for. */
function typeOf(value: unknown): unknown {
  if (value === undefined || value === null || value === '') return 'bearer';
  const type = typeof value === 'string' ? value.toLowerCase() : value;
  return type === 'bot' || type === 'user' ? 'bearer' : type;
}

/** Seconds, or undefined for what is unknown. */
function lifetimeOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^[0-9]+(?:\.[0-9]+)?$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds) : undefined;
}

function scopeOf(value: unknown): string | undefined {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const scopes = list.flatMap((item) => (typeof item === 'string' ? item.split(/[\s,]+/) : []));
  return scopes.filter(Boolean).join(' ') || undefined;
}

function withBody({ headers: given }: Response, status: number, body: string | Claims): Response {
  const isRead = typeof body !== 'string';
  const headers = new Headers(given);
  for (const name of ['content-length', 'content-encoding', 'transfer-encoding']) headers.delete(name);
  if (isRead) headers.set('content-type', 'application/json');
  // The library looks at a challenge instead of the body, which says more.
  if (isRead) headers.delete('www-authenticate');
  return wholeResponse(isRead ? JSON.stringify(body) : body, { status, headers });
}
