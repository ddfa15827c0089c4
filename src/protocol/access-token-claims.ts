/** What is known of an access token that counts, whoever has verified it. */
export interface ProvenClaims {
  readonly sub: string;
  /** The resource that it counts for. */
  readonly aud: string;
  readonly client_id: string;
  readonly scope: string;
  /** Epoch seconds. */
  readonly exp: number;
  /** The grant that the token lives and dies with; absent where a client acts for itself, and `sub` is its id. */
  readonly grant_id?: string;
  /** The id of the provider at which the user signed in; absent where there is no user. */
  readonly idp?: string;
  readonly [claim: string]: unknown;
}

/** The claims of an access token (RFC 9068 §2.2), ours first. */
export interface AccessTokenClaims extends ProvenClaims {
  readonly iss: string;
  readonly iat: number;
  readonly jti: string;
}

/** The names that a `tokenMapper` cannot give a meaning of its own. */
export const reservedClaims: ReadonlySet<string> = new Set([
  'iss',
  'aud',
  'exp',
  'iat',
  'nbf',
  'jti',
  'client_id',
  'scope',
  'grant_id',
  'idp',
  'cnf',
  'act',
]);

/**
 * Adds what the `tokenMapper` returned, which replaces nothing of ours.
 *
 * One by one, and behind ours: to begin with an object that was read from JSON, and to put ours into it, takes five times
 * as long, which is a third of the signature.
 */
export function addMappedClaims(claims: ProvenClaims, mapped: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(mapped)) if (!Object.hasOwn(claims, name)) define(claims, name, mapped[name]);
}

/** What the `tokenMapper` returned, beside the subject; made anew, since what a handler does to it is its own affair. */
export function mappedClaims(claims: ProvenClaims): Record<string, unknown> {
  const mapped: Record<string, unknown> = {};
  for (const name of mappedNames(claims)) define(mapped, name, copyOf(claims[name]));
  return mapped;
}

/** By the claims of a token, which comes with many requests. */
const knownNames = new WeakMap<ProvenClaims, readonly string[]>();

function mappedNames(claims: ProvenClaims): readonly string[] {
  const known = knownNames.get(claims);
  if (known) return known;
  const names = Object.keys(claims).filter((name) => name !== 'sub' && !reservedClaims.has(name));
  knownNames.set(claims, names);
  return names;
}

/** Copies what was read from JSON; by hand, since every request has its copy. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) define(copy, name, copyOf(member));
  return copy;
}

/** As an assignment, which would take `__proto__` for something else. */
function define(target: object, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  else (target as Record<string, unknown>)[name] = value;
}

/** A shared HS256 secret can sign other things too: what lacks a claim of ours is no access token (RFC 9068 §2.2). */
export function isAccessToken(claims: unknown): claims is AccessTokenClaims {
  if (typeof claims !== 'object' || claims === null) return false;
  const all = claims as Record<string, unknown>;
  const isText = (name: string) => typeof all[name] === 'string';
  const isInstant = (name: string) => Number.isFinite(all[name]);
  // Without a grant it is a client's own: one that says anything of a user is neither the one nor the other.
  const isOwn = all['sub'] === all['client_id'] && !('grant_id' in all) && !('idp' in all);
  if (!isOwn && !(isText('grant_id') && isText('idp'))) return false;
  return ['exp', 'iat'].every(isInstant) && ['sub', 'aud', 'client_id', 'scope', 'jti'].every(isText);
}
