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
import { configure } from './configuration.js';
import type { ProviderMetadata } from './discovery.js';
import { upstreamFault } from './fault.js';
import type { Claims, UpstreamProvider, UpstreamTokens } from './provider.js';

/** What came back from the provider, and what it has to match. */
export interface UpstreamCallback {
  /** The query of the request to our callback, as it was received. */
  readonly callbackQuery: string;
  readonly state: string;
  readonly codeVerifier: string;
  readonly nonce: string;
}

/** What a code was exchanged for; everything about the ID token is verified. */
export interface ExchangedCode {
  readonly tokens: UpstreamTokens;
  readonly idToken: Claims;
}

/** Exchanges the authorization code of a callback. */
export type CodeExchange = (metadata: ProviderMetadata, callback: UpstreamCallback) => Promise<ExchangedCode>;

/** Once the keys were fetched anew because of a token, other tokens wait this many seconds before they can cause it. */
const renewalPauseTtl = 10;

/**
 * Makes the exchange for one provider: verifies the callback, redeems the code, verifies the ID token.
 *
 * It keeps the provider's keys for as long as the library finds them fresh. A token that they cannot verify makes it
 * fetch them at once, since the provider may have rotated its keys; by then the code is spent, so it is the token
 * response already received that is verified again.
 */
export function createCodeExchange(
  provider: UpstreamProvider,
  callbackUrl: string,
  fetch: CustomFetch,
  clock: Clock,
): CodeExchange {
  let keys: ReturnType<typeof getJwksCache>;
  let renewedAt = -Infinity;
  const shared = sharingReads(fetch);

  return async (metadata, { callbackQuery, state, codeVerifier, nonce }) => {
    const url = new URL(callbackUrl);
    url.search = callbackQuery;
    const conversation = sendingOnce(shared);

    async function attempt(known: typeof keys): Promise<ExchangedCode> {
      const configuration = configure(provider, metadata, conversation.fetch);
      if (known) setJwksCache(configuration, known);
      try {
        const response = await authorizationCodeGrant(configuration, url, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: codeVerifier,
          idTokenExpected: true,
        });
        return { tokens: tokensOf(response), idToken: { ...response.claims() } };
      } finally {
        const used = getJwksCache(configuration);
        if (used?.uat !== known?.uat) keys = used;
      }
    }

    const known = keys;
    try {
      return await attempt(known).catch((thrown: unknown) => {
        if (!conversation.isSent() || !mayBeNewKey(thrown)) throw thrown;
        if (keys === known) {
          if (isWithin(renewedAt, renewalPauseTtl, clock())) throw thrown;
          renewedAt = clock();
          keys = undefined;
        }
        return attempt(keys);
      });
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

/** Sends the one POST of an exchange once, and gives its answer again to whoever repeats it. */
function sendingOnce(fetch: CustomFetch): { readonly fetch: CustomFetch; isSent(): boolean } {
  let answer: Promise<Response> | undefined;
  return {
    async fetch(url, options) {
      if (options.method !== 'POST') return fetch(url, options);
      answer ??= fetch(url, options);
      return (await answer).clone();
    },
    isSent: () => answer !== undefined,
  };
}

/** Lets sign-ins that need the provider's keys at the same time wait for the same request. */
function sharingReads(fetch: CustomFetch): CustomFetch {
  const running = new Map<string, Promise<Response>>();
  return async (url, options) => {
    // What is read with somebody's token is for nobody else.
    if (options.method !== 'GET' || 'authorization' in options.headers) return fetch(url, options);
    const answer = running.get(url) ?? fetch(url, options).finally(() => running.delete(url));
    running.set(url, answer);
    return (await answer).clone();
  };
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
