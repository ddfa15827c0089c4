import { permittedResource, permittedScopes } from '../clients/permitted.js';
import type { AccessTokens } from '../grants/access-token.js';
import { AuthError } from '../protocol/auth-error.js';
import { formatScope, parseScope } from '../protocol/scope.js';
import type { Audit } from '../telemetry/audit.js';
import type { GrantType } from './grant-type.js';

/** A resource that a client can get a token for without a user. */
interface TokenResource {
  readonly url: string;
  readonly scopes: ReadonlyMap<string, unknown>;
  readonly defaultScopes: readonly string[];
}

/**
 * `grant_type=client_credentials` (RFC 6749 §4.4): a client acts for itself.
 *
 * There is no user and no grant: the token lives as long as the client may have it, and nothing is stored.
 */
export function clientCredentialsGrant(
  accessTokens: AccessTokens,
  resources: ReadonlyMap<string, TokenResource>,
  audit: Audit,
): GrantType {
  return {
    name: 'client_credentials',
    async exchange(client, parameters, origin) {
      const { clientId, authenticationMethod } = client;
      // RFC 6749 §4.4: whoever knows the id of a public client could act as it.
      if (authenticationMethod === 'none') {
        throw new AuthError('unauthorized_client', 'A public client cannot act for itself.');
      }
      const resource = permittedResource(parameters.all('resource'), resources, client);
      const scopes = permittedScopes(parseScope(parameters.get('scope')), resource, client);
      const accessToken = await accessTokens.issue({ clientId, resource: resource.url, scopes });
      audit({
        event: 'tokens.issued',
        grantType: 'client_credentials',
        ...origin,
        clientId,
        subject: clientId, // RFC 9068 §2.2
        resource: resource.url,
        scopes,
      });
      return {
        access_token: accessToken,
        token_type: 'Bearer',
        expires_in: accessTokens.ttlOf(resource.url),
        // RFC 6749 §4.4.3: without a refresh token, since the client can ask again whenever it likes.
        ...(scopes.length > 0 && { scope: formatScope(scopes) }),
      };
    },
  };
}
