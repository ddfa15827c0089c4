import { authorizationCodeGrant } from 'openid-client';
import { readCallback } from './authorization-response.js';
import type { ProviderMetadata } from './discovery.js';
import { upstreamFault } from './fault.js';
import type { UpstreamProvider } from './provider.js';
import type { TokenAnswer } from './session.js';
import type { RequestTokens } from './token-request.js';

/** What came back from the provider, and what it has to match. */
export interface UpstreamCallback {
  /** The query of the request to our callback, as it was received. */
  readonly callbackQuery: string;
  readonly state: string;
  readonly codeVerifier: string;
  readonly nonce: string;
}

/** Exchanges the authorization code of a callback. */
export type CodeExchange = (metadata: ProviderMetadata, callback: UpstreamCallback) => Promise<TokenAnswer>;

/** Makes the exchange for one provider: verifies the callback, redeems the code, verifies the ID token. */
export function createCodeExchange(
  provider: UpstreamProvider,
  callbackUrl: string,
  requestTokens: RequestTokens,
): CodeExchange {
  const isOidc = provider.protocol !== 'oauth2';
  return (metadata, { callbackQuery, state, codeVerifier, nonce }) =>
    requestTokens(metadata, {
      nonce,
      send(configuration, expected) {
        const url = readCallback(callbackUrl, callbackQuery, provider, expected.issuer);
        const checks = {
          expectedState: state,
          ...(provider.pkce !== false && { pkceCodeVerifier: codeVerifier }),
          ...(isOidc && { idTokenExpected: true }),
          ...(isOidc && expected.nonce !== undefined && { expectedNonce: expected.nonce }),
        };
        return authorizationCodeGrant(configuration, url, checks, { ...provider.tokenParameters });
      },
      faultOf: (thrown, isSent) =>
        upstreamFault(provider.id, isSent ? 'token response' : 'authorization response', thrown),
    });
}
