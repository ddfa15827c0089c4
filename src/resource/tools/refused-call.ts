import { AuthError } from '../../protocol/auth-error.js';
import { authenticationRequired, scopeMissing } from '../bearer-gate.js';
import { challengeOf } from '../refusal.js';
import { challengingResult, errorResult, type ErrorResult } from '../tool-result.js';
import type { Verdict } from './judge.js';

/** What a refused caller is told. */
export function errorOf({ kind }: Verdict): AuthError {
  if (kind === 'unauthenticated') return authenticationRequired();
  if (kind === 'insufficient') return scopeMissing();
  return new AuthError('access_denied', 'This user may not use this tool.');
}

/**
 * The same as the result of a call: with a challenge, where a client can do something about it.
 *
 * @param scopes - all that the call needs
 * @param resource - the URL of the protected resource; undefined where nobody is there to say it
 */
export function refusedResult(error: AuthError, scopes: readonly string[], resource: string | undefined): ErrorResult {
  if (error.code === 'access_denied') return errorResult(error.message);
  return challengingResult(error.message, challengeOf({ error, named: true, scopes, resource }));
}
