import type { ProvenClaims } from '../protocol/access-token-claims.js';
import { refusedToken } from '../protocol/refused-token.js';
import { clockTolerance } from '../storage/clock.js';

/** What an access token has to fit. */
export interface Expected {
  readonly issuer: string;
  /** The audience. */
  readonly resource: string;
  /** Epoch seconds. */
  readonly now: number;
}

type Said = Readonly<Record<string, unknown>>;

/**
 * Tells whether a token could count here at all: by its issuer, its audience, and its time.
 *
 * @throws {AuthError} invalid_token
 */
export function requireFitting({ iss, aud, exp, nbf, iat }: Said, { issuer, resource, now }: Expected): void {
  const lies = (instant: unknown) => instant !== undefined && !(isInstant(instant) && instant <= now + clockTolerance);
  if (iss !== issuer || !isInstant(exp)) throw refusedToken('bad signature or claims');
  if (aud !== resource && !(Array.isArray(aud) && aud.includes(resource))) throw refusedToken('other audience');
  if (now > exp + clockTolerance) throw refusedToken('expired');
  if (lies(nbf) || lies(iat)) throw refusedToken('bad signature or claims');
}

/**
 * Reads what an authorization server has vouched for (RFC 9068 §4, RFC 7662 §2.2).
 *
 * `grant_id` and `idp` are ours: tokens of others have none.
 *
 * @throws {AuthError} invalid_token when it does not count here, or lacks a claim
 */
export function acceptClaims(said: Said, expected: Expected): ProvenClaims {
  requireFitting(said, expected);
  const { exp, sub, client_id, scope = '', grant_id, idp } = said;
  const isOptionalText = (value: unknown) => value === undefined || isText(value);
  if (!isInstant(exp) || !isText(sub) || !isText(client_id) || typeof scope !== 'string') {
    throw refusedToken('bad signature or claims');
  }
  if (!isOptionalText(grant_id) || !isOptionalText(idp)) throw refusedToken('bad signature or claims');
  return {
    ...said,
    aud: expected.resource,
    exp,
    sub,
    client_id,
    scope,
    ...(isText(grant_id) && { grant_id }),
    ...(isText(idp) && { idp }),
  };
}

function isInstant(value: unknown): value is number {
  return Number.isFinite(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
