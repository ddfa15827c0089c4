import { AuthError } from '../protocol/auth-error.js';
import { findResource } from '../protocol/resource-indicator.js';
import type { Client } from './client.js';

/** The scopes of a resource, as far as choosing among them needs it. */
interface ScopedResource {
  readonly scopes: ReadonlyMap<string, unknown>;
  /** What a client gets that asks for nothing. */
  readonly defaultScopes: readonly string[];
}

type Limited = Pick<Client, 'limits'>;

/**
 * Finds the resource that a client asks for, among those that it may ask for (RFC 8707 §2).
 *
 * @throws {AuthError} invalid_target
 */
export function permittedResource<R>(
  requested: readonly string[],
  resources: ReadonlyMap<string, R>,
  { limits }: Limited,
): R {
  const [first, ...others] = (limits?.resources ?? [...resources.keys()]).filter((url) => resources.has(url));
  const resource = first === undefined ? undefined : resources.get(findResource(requested, [first, ...others]));
  if (!resource) throw new AuthError('invalid_target', 'This server protects no resource that the client may ask for.');
  return resource;
}

/** Tells whether a resource that a client was to get tokens for is still here, and the client may still ask for it. */
export function isPermittedResource(
  url: string,
  resources: Pick<ReadonlyMap<string, unknown>, 'has'>,
  { limits }: Limited,
): boolean {
  return resources.has(url) && (limits?.resources?.includes(url) ?? true);
}

/**
 * The scopes that a client gets, or that its user is asked for (RFC 6749 §3.3).
 *
 * Clients ask for nothing, or for whatever they once saw: what nobody knows, or this client may not ask for, is
 * dropped, and nothing means the default.
 *
 * @throws {AuthError} invalid_scope when the client may ask for none of the resource's scopes
 */
export function permittedScopes(
  requested: readonly string[],
  { scopes, defaultScopes }: ScopedResource,
  { limits }: Limited,
): readonly string[] {
  const isPermitted = (scope: string) => scopes.has(scope) && (limits?.scopes?.includes(scope) ?? true);
  const wanted = requested.filter(isPermitted);
  if (wanted.length > 0) return wanted;
  const usual = defaultScopes.filter(isPermitted);
  if (usual.length > 0 || !limits?.scopes) return usual;
  const all = [...scopes.keys()].filter(isPermitted);
  if (all.length === 0 && scopes.size > 0) {
    throw new AuthError('invalid_scope', 'The client may ask for no scope of this resource.');
  }
  return all;
}
