import { reservedClaims } from '../protocol/access-token-claims.js';
import type { Identity } from '../grants/grant.js';
import { AuthError } from '../protocol/auth-error.js';
import type { ProviderSummary, UpstreamTokens, UserInfo } from '../upstream/provider.js';
import { accountOf, Refusal } from '../upstream/refusal.js';

/**
 * Turns the upstream identity into claims of our own access tokens.
 *
 * Called once for each sign-in, after the user was identified. What it returns goes into every access token of the
 * grant, next to the claims that this server owns (`iss`, `aud`, `exp`, `iat`, `nbf`, `jti`, `client_id`, `scope`,
 * `grant_id`, `idp`, `cnf`, `act`), which it cannot replace. `sub` it may; without one the subject is `provider|sub`, and an
 * upstream's bare subject becomes that too, so that two providers never share a user. To refuse a user, throw.
 */
export type TokenMapper = (
  upstreamTokens: UpstreamTokens,
  userInfo: UserInfo,
  provider: ProviderSummary,
) => Record<string, unknown> | undefined | Promise<Record<string, unknown> | undefined>;

/**
 * Decides who the user is in our tokens.
 *
 * @throws {Refusal} when the user is refused
 * @throws {AuthError} server_error when that cannot be decided
 */
export type DescribeUser = (provider: ProviderSummary, tokens: UpstreamTokens, user: UserInfo) => Promise<Identity>;

/** Access tokens travel in a header with every request; a group list has no place in them. */
const maxClaimsBytes = 1024;

/**
 * Describes users by a `tokenMapper`.
 *
 * @param isClient - whether a subject is that of a client that acts for itself
 */
export function mapIdentity(mapper: TokenMapper | undefined, isClient: (sub: string) => boolean): DescribeUser {
  return async (provider, tokens, user) => {
    const { sub = user.sub, ...mapped } = (await callMapper(mapper, provider, tokens, user)) ?? {};
    if (typeof sub !== 'string' || sub === '' || sub.length > 255) {
      throw unusable('tokenMapper returned a sub that is not a string of 1 to 255 characters.');
    }
    // RFC 9068 §5: whoever can choose the name that the mapper goes by must not become a client.
    if (sub !== user.sub && isClient(sub)) throw unusable('tokenMapper returned the id of a client as sub.');
    const claims = Object.fromEntries(
      Object.entries(mapped).filter(([name, value]) => !reservedClaims.has(name) && value !== undefined),
    );
    if (Buffer.byteLength(JSON.stringify(claims)) > maxClaimsBytes) {
      throw unusable(`tokenMapper returned more than ${maxClaimsBytes} bytes of claims.`);
    }
    return { sub: sub === user.sub ? subjectOf(provider, user) : sub, provider: provider.id, claims };
  };
}

/** The subject of a user in our tokens, where no mapper gives another: two providers never share a user. */
export function subjectOf({ id }: ProviderSummary, { sub }: UserInfo): string {
  return `${id}|${sub}`;
}

/** The error for what a mapper returned; what was wrong with it is for the log. */
export function unusable(reason: string): AuthError {
  const cause = new AuthError('server_error', reason);
  return new AuthError('server_error', 'The server met an unexpected condition.', { cause });
}

/**
 * Calls a mapper of the application's.
 *
 * @throws {Refusal} when the mapper throws
 */
export async function callMapper<T>(
  mapper: ((tokens: UpstreamTokens, user: UserInfo, provider: ProviderSummary) => T | Promise<T>) | undefined,
  { id, name }: ProviderSummary,
  tokens: UpstreamTokens,
  user: UserInfo,
): Promise<T | undefined> {
  try {
    return await mapper?.(tokens, user, { id, name });
  } catch (cause) {
    const isOurs = cause instanceof AuthError;
    if (isOurs && cause.code !== 'access_denied') throw cause;
    throw new Refusal(isOurs ? cause.message : 'Access was refused.', {
      account: accountOf(user),
      subject: user.sub,
      cause: isOurs ? cause.cause : cause,
    });
  }
}
