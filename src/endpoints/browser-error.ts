import { header, type HttpReply, type HttpRequest } from '../http/message.js';
import { errorReply, redirectReply, retryHeader } from '../http/reply.js';
import { errorPage } from '../pages/notice.js';
import type { AuthError } from '../protocol/auth-error.js';
import { responseUrl } from '../protocol/redirect-target.js';

/**
 * Makes an answer of an error on a browser's way: a redirect where the target is proven, else a page.
 *
 * A program that asks for JSON only gets JSON: this is how mcp-remote finds out that its registration is gone.
 */
export function renderForBrowser(issuer: string) {
  return (error: AuthError, request: HttpRequest): HttpReply => {
    if (error.redirect) {
      const { code, message } = error;
      return redirectReply(responseUrl(error.redirect, issuer, { error: code, error_description: message }));
    }
    const accept = header(request, 'accept') ?? '';
    if (accept.includes('json') && !accept.includes('html')) return errorReply(error);
    return errorPage({
      // A page is no challenge: 401 would ask the browser for a password.
      status: error.status === 401 ? 400 : error.status,
      title: titleOf(error),
      message: error.message,
      ...(error.code === 'invalid_client' && { advice: registerAgain }),
      ...(error.code === 'too_many_requests' && { advice: reloadLater }),
      requestId: request.id,
      headers: retryHeader(error),
    });
  };
}

const registerAgain = 'Remove this connection in the app, and add it again: the app then introduces itself anew.';

const reloadLater = 'Wait a little while, then reload this page. Nothing is lost.';

function titleOf({ code, status }: AuthError): string {
  if (code === 'invalid_client') return 'This app is not known here';
  if (code === 'access_denied') return 'Access was refused';
  if (code === 'too_many_requests') return 'Too many requests';
  if (status === 503) return 'Not available right now';
  return status >= 500 ? 'Something went wrong here' : 'This request cannot be used';
}
