import { refreshTokenGrant } from 'openid-client';
import type { ProviderMetadata } from './discovery.js';
import { AnswerFault, refreshFault } from './fault.js';
import type { Claims, UpstreamProvider } from './provider.js';
import type { TokenAnswer } from './session.js';
import type { RequestTokens } from './token-request.js';

/** Trades the refresh token of an earlier answer for a new answer. */
export type TokenRefresh = (metadata: ProviderMetadata, previous: TokenAnswer) => Promise<TokenAnswer>;

/** What describes a user, and decides nothing: a later ID token may leave it out, and it is no less true for that. */
const descriptions = ['name', 'given_name', 'family_name', 'preferred_username', 'picture', 'locale'];

/** Makes the refresh for one provider (RFC 6749 §6, OpenID Connect Core §12). */
export function createTokenRefresh(
  provider: UpstreamProvider,
  callbackUrl: string,
  requestTokens: RequestTokens,
): TokenRefresh {
  const { id, refresh: { sendsRedirectUri = false, errorCodes } = {} } = provider;
  const faultOf = (thrown: unknown) => refreshFault(id, thrown);

  return async (metadata, previous) => {
    const { refresh_token = '', scope, expires_in } = previous.tokens;
    const answer = await requestTokens(metadata, {
      send: (configuration) =>
        refreshTokenGrant(configuration, refresh_token, sendsRedirectUri ? { redirect_uri: callbackUrl } : {}),
      // Nothing that is wrong with an address is a word about the refresh token.
      errorCodes: { redirect_uri_mismatch: 'invalid_request', ...errorCodes },
      isIdTokenOptional: true,
      faultOf,
    });
    if (answer.tokens.id_token !== undefined && !isSameUser(answer.idToken, previous.idToken, provider)) {
      throw faultOf(new AnswerFault('FOREIGN_SUBJECT'));
    }
    return {
      ...answer,
      // RFC 6749 §6: without a new refresh token the old one goes on, and so do the scopes. The lifetime as well: with
      // one that is unknown nobody would ever ask again whether the user still has access.
      tokens: {
        refresh_token,
        ...(scope !== undefined && { scope }),
        ...(expires_in !== undefined && { expires_in }),
        ...answer.tokens,
      },
      idToken: answer.tokens.id_token === undefined ? previous.idToken : described(answer.idToken, previous.idToken),
    };
  };
}

/** OpenID Connect Core §12.2: the subject stays; where issuers are those of tenants, the tenant too. */
function isSameUser(claims: Claims, earlier: Claims, { issuerOfTenant }: UpstreamProvider): boolean {
  return claims.sub === earlier.sub && (issuerOfTenant === undefined || claims.iss === earlier.iss);
}

function described(claims: Claims, earlier: Claims): Claims {
  const kept = descriptions.filter((name) => earlier[name] !== undefined).map((name) => [name, earlier[name]]);
  return { ...(Object.fromEntries(kept) as Claims), ...claims };
}
