import type { ReadAccessToken } from '../grants/access-token-reader.js';
import type { NoteUse } from '../grants/token-uses.js';
import type { RequireStanding } from '../grants/token-standing.js';
import { refusedToken } from '../protocol/refused-token.js';
import { authInfoOf } from './auth-info.js';
import type { VerifyAccessToken } from './verify-access-token.js';

/** Verifies tokens in the process that issued them, or in one that shares its store; what was ended, at once. */
export function createLocalVerifier(
  read: ReadAccessToken,
  requireStanding: RequireStanding,
  noteUse: NoteUse,
): VerifyAccessToken {
  return async (token, resource) => {
    const claims = await read(token);
    if (claims.aud !== resource) throw refusedToken('other audience'); // RFC 8707 §2, RFC 9068 §4
    const grant = await requireStanding(claims);
    if (grant) noteUse(grant);
    return authInfoOf(token, claims);
  };
}
