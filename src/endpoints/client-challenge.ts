import type { HttpReply, HttpRequest } from '../http/message.js';
import { errorReply } from '../http/reply.js';
import type { AuthError } from '../protocol/auth-error.js';

/** Answers an error at a door of clients: with a challenge in the scheme that the client tried (RFC 6749 §5.2). */
export function renderForClient(error: AuthError, request: HttpRequest): HttpReply {
  const triedBasic = error.code === 'invalid_client' && request.headers['authorization'] !== undefined;
  return errorReply(error, triedBasic ? { 'www-authenticate': 'Basic realm="token"' } : {});
}
