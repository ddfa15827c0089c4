import type { BrowserFlow } from '../flow/browser-flow.js';
import { header, type HttpReply, type HttpRequest } from '../http/message.js';
import { errorReply, retryHeader } from '../http/reply.js';
import { readerOf } from '../pages/language.js';
import type { NoticeKind } from '../pages/notice-view.js';
import type { AuthError } from '../protocol/auth-error.js';

/**
 * Makes an answer of an error on a browser's way: a redirect where the target is proven, else a page.
 *
 * A program that asks for JSON only gets JSON: this is how mcp-remote finds out that its registration is gone.
 */
export function renderForBrowser({ deliver, pages }: Pick<BrowserFlow, 'deliver' | 'pages'>) {
  return (error: AuthError, request: HttpRequest): HttpReply | Promise<HttpReply> => {
    const { code, message, redirect } = error;
    if (redirect) return deliver(request, redirect, { error: code, error_description: message });
    const accept = header(request, 'accept') ?? '';
    if (accept.includes('json') && !accept.includes('html')) return errorReply(error);
    const headers = retryHeader(error);
    return pages.notice(
      {
        kind: kindOf(error),
        // A page is no challenge: 401 would ask the browser for a password.
        status: error.status === 401 ? 400 : error.status,
        detail: message,
        retryAfter: 'retry-after' in headers ? Number(headers['retry-after']) : undefined,
        requestId: request.id,
        headers,
      },
      readerOf(request),
    );
  };
}

function kindOf({ code, status, topic }: AuthError): NoticeKind {
  if (topic !== undefined) return topic;
  if (code === 'invalid_client') return 'unknownClient';
  if (code === 'access_denied') return 'denied';
  if (code === 'too_many_requests') return 'tooMany';
  if (status === 503) return 'unavailable';
  return status >= 500 ? 'fault' : 'badRequest';
}
