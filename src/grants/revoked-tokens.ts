import { clockTolerance } from '../storage/clock.js';

/** One access token, as far as telling it apart from others needs it. */
export interface IssuedToken {
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

/** The access tokens of a grant that were ended one by one, while the grant lives on. */
export interface RevokedTokens {
  readonly tokens: readonly IssuedToken[];
  /** Every token issued up to this second is ended: there once some had to be forgotten for want of room. */
  readonly issuedUntil?: number;
}

/** So many are told apart. A client that ends more loses the older ones that it has not ended, too. */
export const maxRevokedTokens = 32;

const none: RevokedTokens = { tokens: [] };

/** Tells whether an access token was ended. */
export function isRevoked(token: IssuedToken, { tokens, issuedUntil = -Infinity }: RevokedTokens = none): boolean {
  return token.iat <= issuedUntil || tokens.some(({ jti }) => jti === token.jti);
}

/**
 * The state once a token has been ended too.
 *
 * When the list is full, the token issued first makes room: everything issued up to its second counts as ended then.
 * That is an instant of the tokens themselves, so that the clocks of instances do not matter, and a client whose
 * latest token is good loses none that is newer than one it has ended.
 */
export function withRevoked(token: IssuedToken, now: number, revoked: RevokedTokens = none): RevokedTokens {
  // Kept for longer than any instance takes them for valid, however its clock goes.
  const isOver = ({ exp }: IssuedToken) => now > exp + 2 * clockTolerance;
  const { jti, iat, exp } = token;
  const tokens = [{ jti, iat, exp }, ...revoked.tokens.filter((each) => !isOver(each))];
  tokens.sort((one, other) => other.iat - one.iat);
  const issuedUntil = Math.max(revoked.issuedUntil ?? -Infinity, tokens[maxRevokedTokens]?.iat ?? -Infinity);
  return {
    // Those which that instant covers need no place of their own.
    tokens: tokens.filter((each) => each.iat > issuedUntil),
    ...(issuedUntil > -Infinity && { issuedUntil }),
  };
}
