import type { Client } from '../clients/client.js';
import type { ClientView, ScopeView } from '../pages/consent-view.js';
import type { ResourceView } from '../pages/resource-name.js';
import { identityScopes } from '../protocol/user-profile.js';
import type { Resource } from './authorization-request.js';

type Resources = ReadonlyMap<string, Resource>;

/** What a person reads about scopes that are no resource's. */
const ownWords = new Map([['offline_access', 'Stay connected, without asking you each time'], ...identityScopes]);

function kindOf(scope: string): ScopeView['kind'] {
  return scope === 'offline_access' ? 'offline' : identityScopes.has(scope) ? 'identity' : 'resource';
}

/** What pages show of a client. */
export function viewOfClient({ metadata, verifiedHost, isPreRegistered }: Client): ClientView {
  return {
    name: metadata.client_name,
    ...(metadata.client_uri !== undefined && { uri: metadata.client_uri }),
    ...(verifiedHost !== undefined && { verifiedHost }),
    ...(isPreRegistered && { isKnown: true }),
  };
}

/** What pages show of a resource; of one that is no longer here, where it was. */
export function viewOfResource(resources: Resources, url: string): ResourceView {
  const { name } = resources.get(url) ?? {};
  return { url, ...(name !== undefined && { name }) };
}

/**
 * What pages show of scopes.
 *
 * @param granted - those that the client has already
 */
export function viewOfScopes(
  resources: Resources,
  resource: string,
  scopes: readonly string[],
  granted: readonly string[] = [],
): ScopeView[] {
  const described = resources.get(resource)?.scopes;
  return scopes.map((scope) => ({
    name: scope,
    description: described?.get(scope) ?? ownWords.get(scope),
    kind: described?.has(scope) ? 'resource' : kindOf(scope),
    isGranted: granted.includes(scope),
  }));
}
