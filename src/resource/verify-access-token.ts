import type { AuthInfo } from './auth-info.js';

/**
 * Verifies an access token for one resource (RFC 9068 §4).
 *
 * @throws {AuthError} invalid_token, with the reason in its cause; temporarily_unavailable
 */
export type VerifyAccessToken = (token: string, resource: string) => Promise<AuthInfo>;
