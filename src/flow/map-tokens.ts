import { z } from 'zod';
import type { TokenResponse } from '../protocol/token-response.js';
import type { ProviderSummary, UpstreamTokens, UserInfo } from '../upstream/provider.js';
import { callMapper, subjectOf, unusable, type DescribeUser } from './map-identity.js';

/** A token response (RFC 6749 §5.1) as an application makes it; further members are passed on. */
export interface MappedTokens {
  readonly access_token: string;
  /** @defaultValue Bearer */
  readonly token_type?: string | undefined;
  /** Seconds. @defaultValue the option `tokenTTL` */
  readonly expires_in?: number | undefined;
  readonly refresh_token?: string | undefined;
  readonly [member: string]: unknown;
}

/**
 * Makes an application's own tokens for a user who has signed in.
 *
 * Called once for each sign-in, before the browser goes back to the application. To refuse a user, throw.
 */
export type ProxyTokenMapper = (
  upstreamTokens: UpstreamTokens,
  userInfo: UserInfo,
  provider: ProviderSummary,
) => MappedTokens | Promise<MappedTokens>;

/** It is kept, sealed, until the code is redeemed. */
const maxResponseBytes = 16_384;

const response = z.looseObject({
  access_token: z.string().min(1),
  token_type: z.string().min(1).default('Bearer'),
  expires_in: z.number().positive().optional(),
  refresh_token: z.string().min(1).optional(),
});

/** Describes users by what the token endpoint is to answer for them. */
export function mapTokens(mapper: ProxyTokenMapper, defaultTtl: number): DescribeUser {
  return async (provider, tokens, user) => {
    const { data } = response.safeParse(await callMapper(mapper, provider, tokens, user));
    if (!data) throw unusable('tokenMapper returned no token response: it has to have an access_token at least.');
    const tokenResponse: TokenResponse = { ...data, expires_in: data.expires_in ?? defaultTtl };
    if (Buffer.byteLength(JSON.stringify(tokenResponse)) > maxResponseBytes) {
      throw unusable(`tokenMapper returned more than ${maxResponseBytes} bytes.`);
    }
    return { sub: subjectOf(provider, user), provider: provider.id, claims: {}, tokenResponse };
  };
}
