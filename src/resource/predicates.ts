import { isScopeToken, isSubset } from '../protocol/scope.js';

/** What of an `AuthInfo` decides whether something is permitted; that of both MCP SDK lines fits too. */
export interface AuthSubject {
  readonly scopes: readonly string[];
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

/** Tells whether whoever sent a request may do something; nobody, without authentication, may do nothing. */
export type Permit = (auth: AuthSubject | undefined) => boolean;

/** A claim's value that can be compared. */
export type ClaimValue = string | number | boolean;

/** What a claim has to be: a value, one of several, or what a function says. */
export type ExpectedClaim = ClaimValue | readonly ClaimValue[] | ((value: unknown) => boolean);

/**
 * Permits who was granted all these scopes. What a scope implies is in `auth.scopes` already.
 *
 * @throws {TypeError} when no scope is named, or something that is none
 */
export function requireScopes(...scopes: string[]): Permit {
  if (scopes.length === 0 || !scopes.every(isScopeToken)) {
    throw new TypeError('requireScopes: name one scope or several, each by itself.');
  }
  return (auth) => auth !== undefined && isSubset(scopes, auth.scopes);
}

/**
 * Permits whose token has a claim: `requireClaim('role', 'admin')`.
 *
 * Without `expected` the claim has to be there, and to say something: `null`, `false`, an empty text and an empty list
 * do not. With a value it has to equal it, or to contain it where the claim is a list; with a list, one of these; with a
 * function, that has to answer `true` for what is there.
 *
 * Claims are what the `tokenMapper` returned (`auth.extra.claims`). `sub` and `idp` are the token's own, which no
 * `tokenMapper` can make say anything else: the user's subject (`auth.extra.sub`), and the id of the provider at which
 * the user signed in (`auth.extra.provider`).
 *
 * @throws {TypeError} when `expected` is passed and undefined, as a setting is that nobody made
 */
export function requireClaim(name: string, ...expectation: [] | [expected: ExpectedClaim]): Permit {
  const [expected] = expectation;
  if (expectation.length > 0 && expected === undefined) {
    throw new TypeError(`requireClaim: what ${name} is expected to be is undefined.`);
  }
  return (auth) => {
    const value = claimOf(auth, name);
    if (value === undefined) return false;
    if (expected === undefined) return saysSomething(value);
    if (typeof expected === 'function') return isYes(expected(value));
    const alternatives: readonly unknown[] = [expected].flat();
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.some((each) => alternatives.includes(each));
  };
}

/**
 * Permits what all of these permit.
 *
 * @throws {TypeError} when there are none
 */
export function all(...permits: Permit[]): Permit {
  requireSome('all', permits);
  return (auth) => permits.every((permit) => isYes(permit(auth)));
}

/**
 * Permits what one of these permits.
 *
 * @throws {TypeError} when there are none
 */
export function any(...permits: Permit[]): Permit {
  requireSome('any', permits);
  return (auth) => permits.some((permit) => isYes(permit(auth)));
}

/** Own properties only: what every object inherits, such as `constructor`, is nobody's claim. */
function claimOf(auth: AuthSubject | undefined, name: string): unknown {
  if (name === 'sub') return own(auth?.extra, 'sub');
  if (name === 'idp') return own(auth?.extra, 'provider');
  return own(own(auth?.extra, 'claims'), name);
}

function own(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null || !Object.hasOwn(object, name)) return undefined;
  return (object as Record<string, unknown>)[name];
}

function saysSomething(value: unknown): boolean {
  return value !== null && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0);
}

/** A promise is no yes: a function that turns out to be asynchronous permits nothing. */
function isYes(answer: unknown): boolean {
  return answer === true;
}

/** Of an empty list anything is true, which nobody means. */
function requireSome(name: string, permits: readonly Permit[]): void {
  if (permits.length === 0) throw new TypeError(`${name}: name what has to hold.`);
}
