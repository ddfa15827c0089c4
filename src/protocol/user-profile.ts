/** What is said of a user, in the names of OpenID Connect Core §5.1. What is unknown is absent. */
export interface UserProfile {
  readonly name?: string;
  readonly preferred_username?: string;
  readonly picture?: string;
  readonly locale?: string;
  readonly email?: string;
  readonly email_verified?: boolean;
}

/** The scopes that let a client know who its user is, on any resource (OpenID Connect Core §5.4), in words for a person. */
export const identityScopes: ReadonlyMap<string, string> = new Map([
  ['openid', 'Know that it is you'],
  ['profile', 'See your name, user name, picture and language'],
  ['email', 'See your e-mail address'],
]);

/** It is kept with every grant that it is for. A picture can be an address of any length, the rest is short. */
const maxProfileBytes = 4096;

/** What each scope lets a client know, beside `sub`. */
const membersOf: Readonly<Record<string, readonly (keyof UserProfile)[]>> = {
  profile: ['name', 'preferred_username', 'picture', 'locale'],
  email: ['email', 'email_verified'],
};

/** The part of a profile that scopes let a client know. */
export function profileFor(scopes: readonly string[], user: UserProfile): UserProfile {
  const isSaid = (name: keyof UserProfile) =>
    user[name] !== undefined && (name !== 'email_verified' || user.email !== undefined);
  const granted = [...identityScopes.keys()].filter((scope) => scopes.includes(scope));
  const said = granted.flatMap((scope) => membersOf[scope] ?? []).filter(isSaid);
  const profile = (members: readonly (keyof UserProfile)[]): UserProfile =>
    Object.fromEntries(members.map((name) => [name, user[name]]));
  const whole = profile(said);
  const isSmall = Buffer.byteLength(JSON.stringify(whole)) <= maxProfileBytes;
  return isSmall ? whole : profile(said.filter((name) => name !== 'picture'));
}
