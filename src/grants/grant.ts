import type { TokenResponse } from '../protocol/token-response.js';
import type { UserProfile } from '../protocol/user-profile.js';
import type { RevokedTokens } from './revoked-tokens.js';

/** One superseded generation of a grant's refresh token, remembered as long as it may still be presented in good faith. */
export interface Superseded {
  readonly generation: number;
  readonly kid: string;
  /** When its successor was issued. */
  readonly at: number;
}

/** The refresh token of a grant: its current generation, and the recent ones. */
export interface RefreshState {
  readonly generation: number;
  /** The ring key that derives the current generation. */
  readonly kid: string;
  readonly superseded: readonly Superseded[];
  /** When the youngest generation that had to be forgotten for want of room was superseded. */
  readonly forgottenAt?: number;
}

/** The authorization code of a grant, and what proves that it is presented rightly. */
export interface CodeState {
  readonly kid: string;
  readonly expiresAt: number;
  /** As it was sent in the authorization request; absent when it was absent there. */
  readonly redirectUri?: string;
  readonly codeChallenge: string;
  readonly redeemedAt?: number;
}

/**
 * What a user approved for a client, and everything that was issued on it: one record, changed by compare-and-set.
 *
 * All instants are epoch seconds.
 */
export interface Grant {
  readonly grantId: string;
  readonly clientId: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** The user's {@link Identity}, sealed. */
  readonly identity: string;
  /** Half of what derives this grant's credentials; the other half is the secret. */
  readonly salt: string;
  readonly createdAt: number;
  readonly code: CodeState;
  /** There once the code was redeemed by a client that may refresh. */
  readonly refresh?: RefreshState;
  /** When the last access token issued on it expires. */
  readonly lastTokenExpiresAt?: number;
  /** Until when its upstream tokens are kept; there once the code was redeemed. */
  readonly vaultUntil?: number;
  /** When the provider has to be asked whether the user still has access; absent when it cannot be asked. */
  readonly upstreamCheckAt?: number | undefined;
  /** When a token of it was last seen at its resource, to a day; absent where none was, or nobody here could see it. */
  readonly usedAt?: number;
  /** The access tokens that were ended by themselves. */
  readonly revokedTokens?: RevokedTokens;
  readonly ended?: { readonly at: number; readonly because: EndReason };
}

/** Why a grant ended. */
export type EndReason =
  | 'code replayed'
  | 'refresh token replayed'
  | 'revoked'
  | 'revoked by operator'
  | 'revoked by user'
  | 'signed out upstream'
  | 'refused by rule';

/** Who the user is in the tokens of a grant. */
export interface Identity {
  readonly sub: string;
  readonly provider: string;
  /** What the `tokenMapper` made of the upstream identity. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** What the userinfo endpoint may say of the user, as of the sign-in; absent where nothing of it was granted. */
  readonly profile?: UserProfile;
  /** What the token endpoint answers, where an application issues tokens of its own. */
  readonly tokenResponse?: TokenResponse;
}

/** Tells whether a grant is of this very client, and not of an earlier one that had its id. */
export function isGrantOf(
  { clientId, createdAt }: Pick<Grant, 'clientId' | 'createdAt'>,
  client: { readonly clientId: string; readonly since?: number },
): boolean {
  return clientId === client.clientId && createdAt >= (client.since ?? 0);
}

/**
 * A grant that is changed in some members.
 *
 * By `Object.assign`: to name new members behind a spread takes ten times as long, and spoils compiled code.
 */
export function changed<Changes extends Partial<Grant>>(grant: Grant, changes: Changes): Grant & Changes {
  return Object.assign({}, grant, changes);
}

/** Reads a grant from its record; one that cannot be understood is absent. */
export function parseGrant(value: string): Grant | undefined {
  try {
    const parsed = JSON.parse(value) as Grant & { readonly format: unknown };
    return parsed.format === grantFormat && hasShape(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Tells whether a record is as this package writes them: a damaged one must not be half understood. */
function hasShape(grant: Grant): boolean {
  const { grantId, clientId, resource, scopes, identity, salt, createdAt, code, refresh } = grant;
  const { upstreamCheckAt = 0, usedAt = 0 } = grant;
  const { revokedTokens: { tokens: revoked, issuedUntil = 0 } = { tokens: [] } } = grant;
  const texts = [
    grantId,
    clientId,
    resource,
    identity,
    salt,
    code.kid,
    code.codeChallenge,
    ...scopes,
    ...revoked.map(({ jti }) => jti),
  ];
  const instants = [
    createdAt,
    code.expiresAt,
    upstreamCheckAt,
    usedAt,
    issuedUntil,
    ...revoked.flatMap(({ iat, exp }) => [iat, exp]),
    ...(refresh ? refresh.superseded.map(({ at }) => at) : []),
  ];
  return texts.every((text) => typeof text === 'string') && instants.every(Number.isFinite);
}

/** Writes a grant for its record. */
export function serializeGrant(grant: Grant): string {
  return JSON.stringify({ format: grantFormat, ...grant });
}

const grantFormat = 1;
