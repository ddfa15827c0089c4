import { AuthError } from './auth-error.js';

/** Why a token was refused; for the log, never for the client. */
export type TokenFault =
  | 'too long'
  | 'malformed'
  | 'wrong typ'
  | 'wrong alg'
  | 'critical extension'
  | 'unknown key'
  | 'bad signature or claims'
  | 'expired'
  | 'other audience'
  | 'grant ended'
  | 'revoked'
  | 'client gone'
  | 'client blocked'
  | 'resource gone'
  | 'inactive';

/** The one answer to every access token that does not count; the reason is for the log. */
export function refusedToken(reason: TokenFault): AuthError {
  return new AuthError('invalid_token', 'The access token is invalid, expired or revoked.', {
    cause: new AuthError('invalid_token', reason),
  });
}
