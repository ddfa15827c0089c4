import type { Client } from '../clients/client.js';
import { AuthError } from '../protocol/auth-error.js';
import type { Parameters } from '../protocol/parameters.js';
import type { TokenResponse } from '../protocol/token-response.js';
import type { RequestOrigin } from '../telemetry/audit.js';
import type { GrantType } from './grant-type.js';

/**
 * Trades evidence for tokens, for a client that has proved who it is.
 *
 * @throws {AuthError} unsupported_grant_type; unauthorized_client when the client did not register the grant type; and
 * what the grant type throws
 */
export type Trade = (
  client: Client,
  grantType: string,
  parameters: Parameters,
  origin: RequestOrigin,
) => Promise<TokenResponse>;

/** Trades by these grant types. */
export function createTrade(grantTypes: readonly GrantType[]): Trade {
  const byName = new Map(grantTypes.map((grantType) => [grantType.name, grantType]));
  return async (client, name, parameters, origin) => {
    const grantType = byName.get(name);
    if (!grantType) throw new AuthError('unsupported_grant_type', 'The grant type is not supported.');
    if (!client.metadata.grant_types.some((registered) => registered === name)) {
      throw new AuthError('unauthorized_client', 'The client did not register this grant type.');
    }
    return grantType.exchange(client, parameters, origin);
  };
}
