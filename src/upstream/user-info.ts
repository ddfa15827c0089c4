import { AuthError } from '../protocol/auth-error.js';
import type { Claims, IdentityEvidence, UserInfo } from './provider.js';

const maxLengths = { email: 254, name: 256, preferred_username: 256, picture: 2048, locale: 35 } as const;
/** OpenID Connect Core §2: a subject has at most 255 characters. */
const maxSubjectLength = 255;
const unprintable = /[\p{Cc}\p{Cs}]/u;

/**
 * Joins what the ID token and the userinfo endpoint say, the latter first.
 *
 * An address and its verification come from the same document: one document's `true` says nothing of another's address.
 */
export function joinClaims({ idToken, profile }: IdentityEvidence): Claims {
  const { email, email_verified } = typeof profile.email === 'string' ? profile : idToken;
  return { ...idToken, ...profile, email, email_verified };
}

/**
 * Copies the known claims of a user into a fixed shape.
 *
 * A claim of the wrong type or size is left out, except for the subject: without one nobody has signed in.
 *
 * @throws {AuthError} server_error when there is no usable subject
 */
export function readUserInfo(claims: Claims): UserInfo {
  const sub = subjectOf(claims.sub);
  const text = (name: keyof typeof maxLengths) => textOf(claims[name], maxLengths[name]);
  const email = text('email');
  const name = text('name');
  const preferredUsername = text('preferred_username');
  const picture = text('picture');
  const locale = text('locale');
  return {
    sub,
    ...(email !== undefined && { email }),
    // Some providers send a string; Boolean('false') would be true.
    email_verified: email !== undefined && (claims.email_verified === true || claims.email_verified === 'true'),
    ...(name !== undefined && { name }),
    ...(preferredUsername !== undefined && { preferred_username: preferredUsername }),
    ...(picture !== undefined && isWebAddress(picture) && { picture }),
    ...(locale !== undefined && { locale }),
    raw: withoutPrototypes(claims),
  };
}

function subjectOf(value: unknown): string {
  const sub = Number.isSafeInteger(value) ? String(value) : textOf(value, maxSubjectLength);
  if (sub === undefined) throw new AuthError('server_error', 'The identity provider did not say who the user is.');
  return sub;
}

function textOf(value: unknown, maxLength: number): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > maxLength) return undefined;
  return unprintable.test(value) ? undefined : value;
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}

/** JSON.parse makes an own `__proto__`, which a later merge would take for the prototype. */
function withoutPrototypes(claims: Claims): Claims {
  const isSafe = (name: string) => name !== '__proto__';
  return JSON.parse(JSON.stringify(claims), (name, value: unknown) => (isSafe(name) ? value : undefined)) as Claims;
}
