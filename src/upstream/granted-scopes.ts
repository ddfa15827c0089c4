import type { UpstreamProvider, UpstreamTokens } from './provider.js';

/** The scopes that a provider granted, by the names that they were asked for with; undefined when it did not say. */
export function grantedScopes(
  { scopeAliases = {} }: UpstreamProvider,
  { scope }: UpstreamTokens,
): readonly string[] | undefined {
  return scope?.split(' ').map((each) => (Object.hasOwn(scopeAliases, each) ? (scopeAliases[each] ?? each) : each));
}

/**
 * The scopes that were asked for and not granted: users may untick some. Nothing fails for it here, since what is missing
 * shows in what is known of the user.
 */
export function missingScopes(
  provider: UpstreamProvider,
  asked: readonly string[],
  tokens: UpstreamTokens,
): readonly string[] {
  const granted = provider.reportsScopes === false ? undefined : grantedScopes(provider, tokens);
  // Whether users stay signed in shows in the refresh token, and many providers do not repeat this one.
  return granted ? asked.filter((scope) => scope !== 'offline_access' && !granted.includes(scope)) : [];
}
