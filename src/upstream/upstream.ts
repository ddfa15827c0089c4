import type { CustomFetch } from 'openid-client';
import type { HttpRequest } from '../http/message.js';
import type { Clock } from '../storage/clock.js';
import type { Log } from '../telemetry/log.js';
import type { UpstreamCallback } from './code-exchange.js';
import type { SoughtNames, UpstreamProvider, UpstreamTokens, UserInfo } from './provider.js';
import type { TokenAnswer, UpstreamSession } from './session.js';

/** What one hand-off to a provider is made of; the same inputs give the same URL. */
export type HandOff = Pick<UpstreamCallback, 'state' | 'codeVerifier' | 'nonce'>;

/** A user who has signed in at a provider. */
export interface SignedInUser extends UpstreamSession {
  readonly user: UserInfo;
}

/** A provider that users can be sent to, and come back from. */
export interface Upstream {
  /** What may be shown of the provider. */
  readonly provider: Readonly<Pick<UpstreamProvider, 'id' | 'name' | 'issuer' | 'revocation'>>;
  /**
   * Where to send the browser.
   *
   * @throws {AuthError} temporarily_unavailable when the provider's discovery document cannot be had; server_error
   *   when it cannot be used
   */
  authorizationUrl(handOff: HandOff): Promise<URL>;
  /**
   * Where a browser that is back has to go before its sign-in can be finished; undefined when it can.
   *
   * @throws {AuthError} when it never can
   */
  detour?(request: HttpRequest): Promise<URL | undefined>;
  /**
   * Finishes a sign-in when the browser is back: redeems the code, verifies the ID token, asks who the user is.
   *
   * @throws {Refusal} when the preset refuses the user
   * @throws {AuthError} access_denied when the user or the provider refused, or the callback does not belong to this
   *   sign-in; temporarily_unavailable when the provider cannot answer now; server_error when its answer cannot be
   *   accepted
   */
  complete(callback: UpstreamCallback, request?: HttpRequest): Promise<SignedInUser>;
  /**
   * Gets new tokens by the refresh token of earlier ones. Their ID token, if there is one, is verified, and of the same
   * user; what the answer leaves out stays.
   *
   * @throws {AuthError} invalid_grant when the provider says that the refresh token does not count; access_denied when
   *   the user's tenant may not sign in; temporarily_unavailable for everything else
   */
  refresh(previous: TokenAnswer): Promise<TokenAnswer>;
  /**
   * Asks who the user of tokens is.
   *
   * @throws {AuthError} as {@link Upstream.complete}
   */
  identify(answer: TokenAnswer): Promise<SignedInUser>;
  /**
   * Revokes tokens, where the provider knows how to.
   *
   * @throws {AuthError} when it cannot be known to have happened
   */
  revoke(tokens: UpstreamTokens): Promise<void>;
}

/** What a hand-off needs of its surroundings. */
export interface UpstreamServices {
  /** Our redirect URI, as it is registered at the provider. */
  readonly callbackUrl: string;
  /** Bounded in time and size, and blind to redirects. */
  readonly fetch: CustomFetch;
  readonly clock: Clock;
  /** Whether every callback has to name the issuer, since other providers come through the same door. @defaultValue false */
  readonly demandsCallbackIssuer?: boolean;
  /** Told of scopes that were not granted. @defaultValue nobody */
  readonly log?: Log;
  /** What rules of access name. @defaultValue nothing */
  readonly sought?: SoughtNames;
}
