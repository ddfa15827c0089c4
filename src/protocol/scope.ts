/**
 * Splits a `scope` parameter (RFC 6749 §3.3) into its tokens, each once, in the order in which they were sent.
 *
 * What is not a scope token by the RFC's grammar is left out, as any scope is that nobody knows.
 */
export function parseScope(scope: string | undefined): string[] {
  if (scope === undefined) return [];
  return [...new Set(scope.split(' '))].filter(isScopeToken);
}

/** Tells whether text is one scope token (RFC 6749 §3.3). */
export function isScopeToken(text: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(text);
}

/** Writes scopes as a `scope` parameter. */
export function formatScope(scopes: readonly string[]): string {
  return scopes.join(' ');
}

/** Tells whether every scope of `part` is in `whole`. */
export function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  return part.every((scope) => whole.includes(scope));
}

/** The scopes that a scope includes: a broad one the narrow ones. */
export type ImpliedScopes = ReadonlyMap<string, readonly string[]>;

/** Adds to scopes those that they imply, also by way of others. */
export function withImplied(scopes: readonly string[], implied: ImpliedScopes): readonly string[] {
  if (implied.size === 0) return scopes;
  const all = new Set(scopes);
  // A set is iterated over what is added meanwhile, too.
  for (const scope of all) for (const each of implied.get(scope) ?? []) all.add(each);
  return [...all];
}
