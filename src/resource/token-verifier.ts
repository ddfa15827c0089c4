import type { Log } from '../http/log.js';
import { withImplied, type ImpliedScopes } from '../protocol/scope.js';
import type { AuthInfo } from './auth-info.js';
import { bearerErrors, inSdkWords, type SdkErrors } from './sdk-errors.js';
import type { VerifyAccessToken } from './verify-access-token.js';

/** What the bearer middleware of both MCP SDK lines calls its `verifier`. */
export interface TokenVerifier {
  /** @throws the SDK's own error: for a bad token the one that becomes 401, for everything else one that becomes 5xx */
  verifyAccessToken(token: string): Promise<AuthInfo>;
}

/** What has to be known of the resource that tokens are verified for. */
export interface VerifiedResource {
  /** Its canonical URL: the audience that tokens must have. */
  readonly url: string;
  readonly implied: ImpliedScopes;
}

/** Verifies tokens for an SDK's bearer middleware, which looks at scopes and writes the challenge. */
export function createTokenVerifier(
  { url, implied }: VerifiedResource,
  verify: VerifyAccessToken,
  log: Log,
  errors: SdkErrors,
): TokenVerifier {
  const asSdkError = bearerErrors(errors);
  return {
    verifyAccessToken: (token) =>
      inSdkWords(asSdkError, log, 'access refused', async () => {
        const auth = await verify(token, url);
        return { ...auth, scopes: [...withImplied(auth.scopes, implied)] };
      }),
  };
}
