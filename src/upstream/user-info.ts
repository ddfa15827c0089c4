import { AuthError } from '../protocol/auth-error.js';
import type { Claims, IdentityEvidence, UserInfo } from './provider.js';

const maxLengths = { email: 254, name: 256, preferred_username: 256, picture: 2048, locale: 35 } as const;
/** OpenID Connect Core §2: a subject has at most 255 characters. */
const maxSubjectLength = 255;
/** What Entra lists of a user's groups, at most; a longer list is unknown, since a part would be taken for the whole. */
const maxNames = 11_000;
const unprintable = /[\p{Cc}\p{Cs}]/u;

/**
 * Joins what the ID token and the userinfo endpoint say, the latter first.
 *
 * An address and its verification come from the same document: one document's `true` says nothing of another's address.
 */
export function joinClaims({ idToken, profile }: Pick<IdentityEvidence, 'idToken' | 'profile'>): Claims {
  const { email, email_verified } = typeof profile.email === 'string' ? profile : idToken;
  return { ...idToken, ...profile, email, email_verified };
}

/**
 * Copies the known claims of a user into a fixed shape.
 *
 * A claim of the wrong type or size is left out, except for the subject: without one nobody has signed in. `raw` is
 * what the provider said, where `claims` are made of it.
 *
 * @throws {AuthError} server_error when there is no usable subject
 */
export function readUserInfo(claims: Claims, raw: Claims = claims): UserInfo {
  const sub = subjectOf(claims.sub);
  const text = (name: keyof typeof maxLengths) => textOf(claims[name], maxLengths[name]);
  const email = text('email');
  const name = text('name');
  const preferredUsername = text('preferred_username');
  const picture = text('picture');
  const locale = text('locale');
  const organizations = namesOf(claims.organizations);
  const groups = namesOf(claims.groups);
  return {
    sub,
    ...(email !== undefined && { email }),
    // Some providers send a string; Boolean('false') would be true.
    email_verified: email !== undefined && (claims.email_verified === true || claims.email_verified === 'true'),
    ...(name !== undefined && { name }),
    ...(preferredUsername !== undefined && { preferred_username: preferredUsername }),
    ...(picture !== undefined && isWebAddress(picture) && { picture }),
    ...(locale !== undefined && { locale }),
    ...(organizations && { organizations }),
    ...(groups && { groups }),
    raw: withoutPrototypes(raw),
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

/** A list of names; undefined when there is none, which says nothing, unlike an empty one. */
function namesOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > maxNames) return undefined;
  const names = value.map((name: unknown) => textOf(name, maxLengths.name)).filter((name) => name !== undefined);
  // A list of something else is not an empty list.
  return names.length > 0 || value.length === 0 ? [...new Set(names)] : undefined;
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}

/** JSON.parse makes an own `__proto__`, which a later merge would take for the prototype. */
function withoutPrototypes(claims: Claims): Claims {
  const text = JSON.stringify(claims);
  if (!text.includes('__proto__')) return JSON.parse(text) as Claims;
  const isSafe = (name: string) => name !== '__proto__';
  return JSON.parse(text, (name, value: unknown) => (isSafe(name) ? value : undefined)) as Claims;
}
