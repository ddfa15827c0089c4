import { AuthError } from '../protocol/auth-error.js';

/** One text for every client that did not prove itself; which reason it was is for the log. */
export function clientRefusal(reason: string): AuthError {
  const cause = new AuthError('invalid_client', reason);
  return new AuthError('invalid_client', 'The client is unknown, or did not authenticate as it registered.', { cause });
}
