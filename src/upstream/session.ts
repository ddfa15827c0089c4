import type { Claims, UpstreamTokens } from './provider.js';

/** What a token request gave; everything about the ID token is verified. */
export interface TokenAnswer {
  readonly tokens: UpstreamTokens;
  /** The claims of the ID token; empty where the provider issues none. */
  readonly idToken: Claims;
  /** When it was asked for, so that nothing in it is older. */
  readonly receivedAt: number;
}

/** What there is of an application's own sign-in. */
export const noTokens: UpstreamTokens = { access_token: '', token_type: 'none' };

/** Tells whether there is anything to keep of a sign-in. */
export function hasTokens({ tokens }: TokenAnswer): boolean {
  return tokens.access_token !== '';
}

/** A sign-in at a provider: whose it is, and the tokens that came of it. */
export interface UpstreamSession extends TokenAnswer {
  /** The id of the provider. */
  readonly provider: string;
  /** The namespace of `subject`: only the two together identify anybody. */
  readonly issuer: string;
  readonly subject: string;
}

/** When the access token expires by the provider's own word; undefined when it did not say. */
export function accessTokenExpiry({ tokens, receivedAt }: TokenAnswer): number | undefined {
  return tokens.expires_in === undefined ? undefined : receivedAt + tokens.expires_in;
}

/** When the provider has to be asked again; undefined when there is nothing to ask with, or no time for it. */
export function renewalDueAt(session: TokenAnswer): number | undefined {
  return session.tokens.refresh_token === undefined ? undefined : accessTokenExpiry(session);
}
