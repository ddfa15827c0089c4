import {
  ClientError,
  getJwksCache,
  type Configuration,
  type CustomFetch,
  type TokenEndpointResponse,
  type TokenEndpointResponseHelpers,
} from 'openid-client';
import { isWithin, type Clock } from '../storage/clock.js';
import type { AuthError } from '../protocol/auth-error.js';
import { createConfigurations, type KnownKeys } from './configurations.js';
import type { ProviderMetadata } from './discovery.js';
import type { Claims, UpstreamProvider, UpstreamTokens } from './provider.js';
import type { TokenAnswer } from './session.js';
import { sendingOnce, sharingReads } from './shared-requests.js';
import { readingTokenAnswers } from './token-answer.js';
import { checkTenant, expectationsOf, hasOwnExpectations, type Expectations } from './token-issuer.js';

/** One request to a token endpoint. */
export interface TokenRequest {
  /** Lets the library send it, and verify the answer; may be called again with the same answer. */
  readonly send: (
    configuration: Configuration,
    expected: Expectations,
  ) => Promise<TokenEndpointResponse & TokenEndpointResponseHelpers>;
  /** The nonce that the ID token has to repeat, where it has to. */
  readonly nonce?: string;
  /** More of the provider's own error codes. */
  readonly errorCodes?: UpstreamProvider['errorCodes'];
  /**
   * Whether the answer counts without its ID token while the key that signed it cannot be had. What was spent for the
   * answer is spent: a new refresh token must not be lost with it.
   */
  readonly isIdTokenOptional?: boolean;
  readonly faultOf: (thrown: unknown, isSent: boolean) => AuthError;
}

/** Makes one request to the token endpoint, and verifies the ID token in the answer. */
export type RequestTokens = (metadata: ProviderMetadata, request: TokenRequest) => Promise<TokenAnswer>;

/** Once the keys were fetched anew because of a token, other tokens wait this many seconds before they can cause it. */
const renewalPauseTtl = 10;

/**
 * Makes the requests to one provider's token endpoint.
 *
 * It keeps the provider's keys for as long as the library finds them fresh. A token that they cannot verify makes it
 * fetch them at once, since the provider may have rotated its keys; by then the code is spent, so it is the token
 * response already received that is verified again. So it is where a provider's tokens may have one of several issuers.
 */
export function createTokenRequests(provider: UpstreamProvider, fetch: CustomFetch, clock: Clock): RequestTokens {
  const configurations = createConfigurations(provider);
  let keys: KnownKeys;
  let renewedAt = -Infinity;
  const shared = sharingReads(fetch);

  return async (metadata, { send, nonce, errorCodes = {}, isIdTokenOptional = false, faultOf }) => {
    const { issuer: published, token_endpoint = '' } = metadata.server;
    const speaker = { ...provider, errorCodes: { ...provider.errorCodes, ...errorCodes } };
    const conversation = sendingOnce(readingTokenAnswers(speaker, token_endpoint, shared));
    const receivedAt = clock();
    let expected: Expectations = { issuer: published, nonce };

    function attempt(known: KnownKeys): Promise<TokenAnswer> {
      const { issuer } = expected;
      return configurations.lend(metadata.server, issuer, known, conversation.fetch, async (configuration) => {
        try {
          const response = await send(configuration, expected);
          const idToken: Claims = { ...response.claims() };
          if (response.id_token !== undefined) {
            checkTenant(provider, published, response.id_token, idToken, getJwksCache(configuration)?.jwks.keys);
          }
          return { tokens: tokensOf(response), idToken, receivedAt };
        } finally {
          const used = getJwksCache(configuration);
          if (used?.uat !== known?.uat) keys = used;
        }
      });
    }

    /** Tries what else this provider's token may say, if what it usually says was not to be found in it. */
    async function attemptOther(known: KnownKeys, thrown: unknown): Promise<TokenAnswer> {
      const idToken = hasOwnExpectations(provider) ? await conversation.idToken() : undefined;
      if (idToken === undefined) throw thrown;
      const { issuer } = expected;
      expected = expectationsOf(provider, expected, idToken);
      if (expected.issuer === issuer && expected.nonce === nonce) throw thrown;
      return attempt(known);
    }

    function attemptWithNewKeys(known: KnownKeys, thrown: unknown): Promise<TokenAnswer> {
      if (!conversation.isSent() || !mayBeNewKey(thrown)) throw thrown;
      if (keys === known) {
        if (isWithin(renewedAt, renewalPauseTtl, clock())) throw thrown;
        renewedAt = clock();
        keys = undefined;
      }
      return attempt(keys);
    }

    async function attemptWithoutIdToken(thrown: unknown): Promise<TokenAnswer> {
      const isKeyMissing = conversation.lacksKeys() || isUnknownKey(thrown);
      if (!isIdTokenOptional || !isKeyMissing || !(await conversation.leaveOutIdToken())) throw thrown;
      return attempt(keys);
    }

    const known = keys;
    try {
      return await attempt(known)
        .catch((thrown: unknown) => attemptOther(known, thrown))
        .catch((thrown: unknown) => attemptWithNewKeys(known, thrown))
        .catch(attemptWithoutIdToken);
    } catch (thrown) {
      throw faultOf(thrown, conversation.isSent());
    }
  };
}

/** An unknown key name, or, from a provider that does not name its keys, a signature that another key made. */
function mayBeNewKey(thrown: unknown): boolean {
  return isUnknownKey(thrown) || (thrown instanceof ClientError && thrown.code === 'OAUTH_INVALID_RESPONSE');
}

function isUnknownKey(thrown: unknown): boolean {
  return thrown instanceof ClientError && thrown.code === 'OAUTH_KEY_SELECTION_FAILED';
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
