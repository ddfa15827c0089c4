import { canonicalResource } from '../protocol/resource-indicator.js';
import { isScopeToken } from '../protocol/scope.js';
import { protectedResourceMetadata, type ProtectedResourceMetadata } from '../protocol/server-metadata.js';

/** What a protected resource says of itself. */
export interface ProtectedResourceOptions {
  /** The URL of the MCP server: what tokens have as their audience. */
  resource: string;
  /** The issuers of its tokens, letter for letter as these write themselves. */
  authorizationServers: readonly string[];
  /** The basic set: clients ask for all of it. `offline_access` is left out: it is no resource's. @defaultValue none */
  scopesSupported?: readonly string[] | undefined;
  /** What people read. */
  resourceName?: string | undefined;
  /** A page for developers. */
  resourceDocumentation?: string | undefined;
}

/**
 * Makes the document that an MCP server publishes below `/.well-known/oauth-protected-resource` (RFC 9728 §2).
 *
 * @throws {TypeError} naming the member that cannot be used
 */
export function createProtectedResourceMetadata(options: ProtectedResourceOptions): ProtectedResourceMetadata {
  const { authorizationServers, scopesSupported = [], resourceName, resourceDocumentation } = options;
  const url = canonicalResource(options.resource);
  if (url === undefined) throw fault('resource', 'an absolute http(s) URL without query and fragment');
  if (authorizationServers.length === 0) throw fault('authorizationServers', 'a list of at least one issuer');
  // Kept as it is: clients compare it with what the issuer says of itself (RFC 8414 §3.3).
  if (!authorizationServers.every((issuer) => canonicalResource(issuer) !== undefined)) {
    throw fault('authorizationServers', 'a list of absolute http(s) URLs without query and fragment');
  }
  if (!scopesSupported.every(isScopeToken)) throw fault('scopesSupported', 'a list of scope tokens');
  if (resourceDocumentation !== undefined && !/^https?:\/\//i.test(resourceDocumentation)) {
    throw fault('resourceDocumentation', 'an absolute http(s) URL');
  }
  const description = {
    url,
    defaultScopes: [...new Set(scopesSupported)],
    ...(resourceName !== undefined && { name: resourceName }),
    ...(resourceDocumentation !== undefined && { documentation: resourceDocumentation }),
  };
  return protectedResourceMetadata(description, ...authorizationServers);
}

function fault(member: keyof ProtectedResourceOptions, demand: string): TypeError {
  return new TypeError(`createProtectedResourceMetadata: ${member} has to be ${demand}.`);
}
