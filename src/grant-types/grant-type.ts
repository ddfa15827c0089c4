import type { Client } from '../clients/client.js';
import type { Grant } from '../grants/grant.js';
import { AuthError } from '../protocol/auth-error.js';
import type { Parameters } from '../protocol/parameters.js';
import type { TokenResponse } from '../protocol/token-response.js';
import type { RequestOrigin } from '../telemetry/audit.js';

/** One way to trade evidence for tokens. The endpoint has authenticated the client, and knows that it may. */
export interface GrantType {
  /** The value of `grant_type`. */
  readonly name: string;
  /**
   * @param origin - who asks, for the audit
   * @throws {AuthError} invalid_grant when the evidence is not what it should be
   */
  exchange(client: Client, parameters: Parameters, origin: RequestOrigin): Promise<TokenResponse>;
}

/** The one answer to every credential that does not count, whatever the reason (RFC 6749 §5.2). */
export function invalidGrant(what: 'authorization code' | 'refresh token'): AuthError {
  return new AuthError('invalid_grant', `The ${what} is invalid, expired, revoked or issued to another client.`);
}

/**
 * What judging a credential comes to: tokens, a proof of theft, a grant that is over, or nothing that the client need know
 * more about.
 */
export type Outcome<Tokens = { readonly tokens: TokenResponse; readonly grant: Grant }> =
  Tokens | { readonly replayed: Grant } | 'over' | undefined;
