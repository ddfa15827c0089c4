import { AnswerFault } from './fault.js';
import type { Claims, UpstreamProvider } from './provider.js';

/** What an ID token has to say, apart from what all of them have to. */
export interface Expectations {
  readonly issuer: string;
  /** Undefined where the provider does not repeat it. */
  readonly nonce: string | undefined;
}

/**
 * Works out what a provider's ID token has to say from what it does say, unverified: which of the issuers that this
 * provider may have, and whether there is a nonce to compare.
 *
 * The token is verified against the answer, so it can choose among what is allowed, and nothing else.
 *
 * @throws {AuthError} when the provider refuses the tenant
 */
export function expectationsOf(provider: UpstreamProvider, usual: Expectations, idToken: string): Expectations {
  const { issuerOfTenant, otherTokenIssuers = [], echoesNonce = true } = provider;
  const claims = readPart(idToken, 1);
  const isOther = typeof claims.iss === 'string' && otherTokenIssuers.includes(claims.iss);
  return {
    issuer: issuerOfTenant?.(claims, usual.issuer) ?? (isOther ? (claims.iss as string) : usual.issuer),
    nonce: echoesNonce || claims.nonce !== undefined ? usual.nonce : undefined,
  };
}

/** Tells whether a provider's ID tokens differ from the usual ones at all. */
export function hasOwnExpectations(provider: UpstreamProvider): boolean {
  return provider.issuerOfTenant !== undefined || Boolean(provider.otherTokenIssuers) || provider.echoesNonce === false;
}

/**
 * Checks that a verified ID token is of a tenant that may sign in, and its key of the same one: otherwise the owner of
 * one tenant's key could speak for all of them.
 *
 * @throws {AuthError} when the provider refuses the tenant
 * @throws {AnswerFault} when token or key belong to another issuer
 */
export function checkTenant(
  { issuerOfTenant }: UpstreamProvider,
  published: string,
  idToken: string,
  claims: Claims,
  keys: readonly object[] = [],
): void {
  if (!issuerOfTenant) return;
  if (issuerOfTenant(claims, published) !== claims.iss) throw new AnswerFault('FOREIGN_TENANT');
  const { kid } = readPart(idToken, 0);
  for (const key of keys as readonly Claims[]) {
    const mayBeUsed = kid === undefined || key.kid === kid;
    if (mayBeUsed && typeof key.issuer === 'string' && issuerOfTenant(claims, key.issuer) !== claims.iss) {
      throw new AnswerFault('FOREIGN_KEY');
    }
  }
}

function readPart(token: string, index: 0 | 1): Claims {
  try {
    const value: unknown = JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());
    if (typeof value === 'object' && value !== null) return value as Claims;
  } catch {
    // Says the same as a part that is no object.
  }
  throw new AnswerFault('NOT_A_JWT');
}
