import { withImplied, type ImpliedScopes } from '../protocol/scope.js';
import type { AuthInfo } from './auth-info.js';

/**
 * Verifies an access token for one resource (RFC 9068 §4).
 *
 * @throws {AuthError} invalid_token, with the reason in its cause; temporarily_unavailable
 */
export type VerifyAccessToken = (token: string, resource: string) => Promise<AuthInfo>;

/** What has to be known of the resource that tokens are verified for. */
export interface VerifiedResource {
  /** Its canonical URL: the audience that tokens must have. */
  readonly url: string;
  readonly implied: ImpliedScopes;
}

/** Verifies tokens for one resource; MCP authorization: a broad scope includes the narrow ones, for tools as well. */
export function createAuthenticate(
  { url, implied }: VerifiedResource,
  verify: VerifyAccessToken,
): (token: string) => Promise<AuthInfo> {
  return async (token) => {
    const auth = await verify(token, url);
    return implied.size === 0 ? auth : { ...auth, scopes: [...withImplied(auth.scopes, implied)] };
  };
}
