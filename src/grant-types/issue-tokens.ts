import type { AccessTokens } from '../grants/access-token.js';
import type { Credentials } from '../grants/credential.js';
import type { Grant } from '../grants/grant.js';
import type { OpenIdentity } from '../grants/sealed-identity.js';
import { formatScope } from '../protocol/scope.js';
import type { TokenResponse } from '../protocol/token-response.js';

/** Makes the answer of the token endpoint from a grant: an access token, and the grant's current refresh token. */
export type IssueTokens = (grant: Grant, scopes: readonly string[]) => Promise<TokenResponse>;

/** Issues tokens on grants. */
export function createIssueTokens(
  accessTokens: AccessTokens,
  credentials: Credentials,
  openIdentity: OpenIdentity,
): IssueTokens {
  return async (grant, scopes) => {
    const identity = openIdentity(grant);
    if (identity.tokenResponse) return identity.tokenResponse;
    const { grantId, clientId, resource, refresh } = grant;
    const accessToken = await accessTokens.issue({ identity, clientId, resource, scopes, grantId });
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: accessTokens.ttlOf(resource),
      ...(refresh && { refresh_token: credentials.derive('rt', refresh.kid, grant, refresh.generation) }),
      ...(scopes.length > 0 && { scope: formatScope(scopes) }),
    };
  };
}
