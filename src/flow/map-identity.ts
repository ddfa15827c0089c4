import { reservedClaims } from '../grants/access-token.js';
import type { Identity } from '../grants/grant.js';
import { AuthError } from '../protocol/auth-error.js';
import type { UpstreamProvider, UpstreamTokens, UserInfo } from '../upstream/provider.js';

/** A provider as a `tokenMapper` sees it: no secrets. */
export type ProviderSummary = Pick<UpstreamProvider, 'id' | 'name'>;

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

/** Access tokens travel in a header with every request; a group list has no place in them. */
const maxClaimsBytes = 1024;

/**
 * Decides who the user is in our tokens.
 *
 * @param isClient - whether a subject is that of a client that acts for itself
 * @throws {AuthError} access_denied when the mapper refuses; server_error when what it returns cannot be used
 */
export async function mapIdentity(
  mapper: TokenMapper | undefined,
  provider: ProviderSummary,
  tokens: UpstreamTokens,
  user: UserInfo,
  isClient: (sub: string) => boolean,
): Promise<Identity> {
  const { sub = user.sub, ...mapped } = (await callMapper(mapper, provider, tokens, user)) ?? {};
  if (typeof sub !== 'string' || sub === '' || sub.length > 255) {
    throw new AuthError('server_error', 'The server met an unexpected condition.', {
      cause: new AuthError('server_error', 'tokenMapper returned a sub that is not a string of 1 to 255 characters.'),
    });
  }
  // RFC 9068 §5: whoever can choose the name that the mapper goes by must not become a client.
  if (sub !== user.sub && isClient(sub)) {
    throw new AuthError('server_error', 'The server met an unexpected condition.', {
      cause: new AuthError('server_error', 'tokenMapper returned the id of a client as sub.'),
    });
  }
  const claims = Object.fromEntries(
    Object.entries(mapped).filter(([name, value]) => !reservedClaims.has(name) && value !== undefined),
  );
  if (Buffer.byteLength(JSON.stringify(claims)) > maxClaimsBytes) {
    throw new AuthError('server_error', 'The server met an unexpected condition.', {
      cause: new AuthError('server_error', `tokenMapper returned more than ${maxClaimsBytes} bytes of claims.`),
    });
  }
  return { sub: sub === user.sub ? `${provider.id}|${sub}` : sub, provider: provider.id, claims };
}

async function callMapper(
  mapper: TokenMapper | undefined,
  { id, name }: ProviderSummary,
  tokens: UpstreamTokens,
  user: UserInfo,
) {
  try {
    return await mapper?.(tokens, user, { id, name });
  } catch (cause) {
    if (cause instanceof AuthError) throw cause;
    throw new AuthError('access_denied', 'Access was refused.', { cause });
  }
}
