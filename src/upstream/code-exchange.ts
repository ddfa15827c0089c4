import {
  authorizationCodeGrant,
  ClientError,
  getJwksCache,
  setJwksCache,
  type CustomFetch,
  type TokenEndpointResponse,
  type TokenEndpointResponseHelpers,
} from 'openid-client';
import { isWithin, type Clock } from '../storage/clock.js';
import { readCallback } from './authorization-response.js';
import { configure } from './configuration.js';
import type { ProviderMetadata } from './discovery.js';
import { upstreamFault } from './fault.js';
import type { Claims, UpstreamProvider, UpstreamTokens } from './provider.js';
import { sendingOnce, sharingReads } from './shared-requests.js';
import { readingTokenAnswers } from './token-answer.js';
import { checkTenant, expectationsOf, hasOwnExpectations, type Expectations } from './token-issuer.js';

/** What came back from the provider, and what it has to match. */
export interface UpstreamCallback {
  /** The query of the request to our callback, as it was received. */
  readonly callbackQuery: string;
  readonly state: string;
  readonly codeVerifier: string;
  readonly nonce: string;
}

/** What a code was exchanged for; everything about the ID token is verified, and without one there are no claims. */
export interface ExchangedCode {
  readonly tokens: UpstreamTokens;
  readonly idToken: Claims;
}

/** Exchanges the authorization code of a callback. */
export type CodeExchange = (metadata: ProviderMetadata, callback: UpstreamCallback) => Promise<ExchangedCode>;

/** What an exchange needs of its surroundings. */
export interface CodeExchangeServices {
  /** Our redirect URI, as it is registered at the provider. */
  readonly callbackUrl: string;
  /** Bounded in time and size, and blind to redirects. */
  readonly fetch: CustomFetch;
  readonly clock: Clock;
  /** Whether every callback has to name the issuer, since other providers come through the same door. @defaultValue false */
  readonly demandsCallbackIssuer?: boolean;
}

/** RFC 9207 §2.4: what makes the library demand the parameter. */
const issuerIsDemanded = { authorization_response_iss_parameter_supported: true };

/** Once the keys were fetched anew because of a token, other tokens wait this many seconds before they can cause it. */
const renewalPauseTtl = 10;

/**
 * Makes the exchange for one provider: verifies the callback, redeems the code, verifies the ID token.
 *
 * It keeps the provider's keys for as long as the library finds them fresh. A token that they cannot verify makes it
 * fetch them at once, since the provider may have rotated its keys; by then the code is spent, so it is the token
 * response already received that is verified again. So it is where a provider's tokens may have one of several issuers.
 */
export function createCodeExchange(
  provider: UpstreamProvider,
  { callbackUrl, fetch, clock, demandsCallbackIssuer = false }: CodeExchangeServices,
): CodeExchange {
  let keys: ReturnType<typeof getJwksCache>;
  let renewedAt = -Infinity;
  const shared = sharingReads(fetch);

  return async (metadata, { callbackQuery, state, codeVerifier, nonce }) => {
    const { issuer: published, token_endpoint = '' } = metadata.server;
    const conversation = sendingOnce(readingTokenAnswers(provider, token_endpoint, shared));
    let expected: Expectations = { issuer: published, nonce };

    async function attempt(known: typeof keys): Promise<ExchangedCode> {
      const server = { ...metadata.server, issuer: expected.issuer, ...(demandsCallbackIssuer && issuerIsDemanded) };
      const configuration = configure(provider, server, conversation.fetch);
      if (known) setJwksCache(configuration, known);
      try {
        const url = readCallback(callbackUrl, callbackQuery, provider, server.issuer);
        const response = await authorizationCodeGrant(configuration, url, {
          expectedState: state,
          ...(provider.pkce !== false && { pkceCodeVerifier: codeVerifier }),
          ...(provider.protocol !== 'oauth2' && { idTokenExpected: true }),
          ...(provider.protocol !== 'oauth2' && expected.nonce !== undefined && { expectedNonce: expected.nonce }),
        });
        const idToken: Claims = { ...response.claims() };
        checkTenant(provider, published, response.id_token ?? '', idToken, getJwksCache(configuration)?.jwks.keys);
        return { tokens: tokensOf(response), idToken };
      } finally {
        const used = getJwksCache(configuration);
        if (used?.uat !== known?.uat) keys = used;
      }
    }

    /** Tries what else this provider's token may say, if what it usually says was not to be found in it. */
    async function attemptOther(known: typeof keys, thrown: unknown): Promise<ExchangedCode> {
      const idToken = hasOwnExpectations(provider) ? await conversation.idToken() : undefined;
      if (idToken === undefined) throw thrown;
      const { issuer } = expected;
      expected = expectationsOf(provider, expected, idToken);
      if (expected.issuer === issuer && expected.nonce === nonce) throw thrown;
      return attempt(known);
    }

    function attemptWithNewKeys(known: typeof keys, thrown: unknown): Promise<ExchangedCode> {
      if (!conversation.isSent() || !mayBeNewKey(thrown)) throw thrown;
      if (keys === known) {
        if (isWithin(renewedAt, renewalPauseTtl, clock())) throw thrown;
        renewedAt = clock();
        keys = undefined;
      }
      return attempt(keys);
    }

    const known = keys;
    try {
      return await attempt(known)
        .catch((thrown: unknown) => attemptOther(known, thrown))
        .catch((thrown: unknown) => attemptWithNewKeys(known, thrown));
    } catch (thrown) {
      throw upstreamFault(provider.id, conversation.isSent() ? 'token response' : 'authorization response', thrown);
    }
  };
}

/** An unknown key name, or, from a provider that does not name its keys, a signature that another key made. */
function mayBeNewKey(thrown: unknown): boolean {
  const codes = ['OAUTH_KEY_SELECTION_FAILED', 'OAUTH_INVALID_RESPONSE'];
  return thrown instanceof ClientError && thrown.code !== undefined && codes.includes(thrown.code);
}

function tokensOf(response: TokenEndpointResponse & TokenEndpointResponseHelpers): UpstreamTokens {
  const { access_token, token_type, refresh_token, id_token, expires_in, scope } = response;
  return {
    access_token,
    token_type,
    ...(refresh_token !== undefined && { refresh_token }),
    ...(id_token !== undefined && { id_token }),
    ...(expires_in !== undefined && { expires_in }),
    ...(scope !== undefined && scope !== '' && { scope }),
  };
}
