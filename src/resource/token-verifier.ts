import type { Log } from '../telemetry/log.js';
import type { AuthInfo } from './auth-info.js';
import { bearerErrors, inSdkWords, type SdkErrors } from './sdk-errors.js';
import { createAuthenticate, type VerifiedResource, type VerifyAccessToken } from './verify-access-token.js';

/** What the bearer middleware of both MCP SDK lines calls its `verifier`. */
export interface TokenVerifier {
  /** @throws the SDK's own error: for a bad token the one that becomes 401, for everything else one that becomes 5xx */
  verifyAccessToken(token: string): Promise<AuthInfo>;
}

/** Verifies tokens for an SDK's bearer middleware, which looks at scopes and writes the challenge. */
export function createTokenVerifier(
  resource: VerifiedResource,
  verify: VerifyAccessToken,
  log: Log,
  errors: SdkErrors,
): TokenVerifier {
  const asSdkError = bearerErrors(errors);
  const authenticate = createAuthenticate(resource, verify);
  return { verifyAccessToken: (token) => inSdkWords(asSdkError, log, 'access refused', () => authenticate(token)) };
}
