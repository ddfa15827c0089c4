import type { Client } from '../clients/client.js';
import { isPermittedResource } from '../clients/permitted.js';
import type { Grant } from '../grants/grant.js';
import { AuthError } from '../protocol/auth-error.js';
import { withImplied, type ImpliedScopes } from '../protocol/scope.js';

/** What has to be known of a resource to issue tokens for it. */
export interface GrantedResource {
  readonly scopes: ReadonlyMap<string, string>;
  readonly implied: ImpliedScopes;
}

/**
 * Says which scopes an access token gets: what was granted, or the part of it that the client asks for (RFC 6749 §6).
 *
 * @returns undefined when the resource is no longer served here, or the client may no longer ask for it
 * @throws {AuthError} invalid_scope when it asks for more
 */
export type Narrow = (
  grant: Pick<Grant, 'resource' | 'scopes'>,
  requested: readonly string[],
  client: Pick<Client, 'limits'>,
) => readonly string[] | undefined;

/**
 * Narrows the scopes of grants.
 *
 * @param identityScopes - the scopes that are no resource's, and that users are asked for all the same
 */
export function createNarrow(
  resources: ReadonlyMap<string, GrantedResource>,
  identityScopes: ReadonlyMap<string, unknown>,
): Narrow {
  return ({ resource, scopes }, requested, client) => {
    const served = resources.get(resource);
    if (!served || !isPermittedResource(resource, resources, client)) return undefined;
    const { limits } = client;
    const isPermitted = (scope: string) => limits?.scopes?.includes(scope) ?? true;
    const isKnown = (scope: string) => (served.scopes.has(scope) || identityScopes.has(scope)) && isPermitted(scope);
    // An operator who narrows what a client may ask for means what it has, too.
    const granted = scopes.filter((scope) => scope === 'offline_access' || isPermitted(scope));
    const reachable = withImplied(granted, served.implied);
    if (requested.some((scope) => isKnown(scope) && !reachable.includes(scope))) {
      throw new AuthError('invalid_scope', 'The scope exceeds what the user granted.');
    }
    // Clients repeat whatever they once asked for; what nobody knows, or they may not have, does not count, as in the authorization request.
    const wanted = requested.filter((scope) => reachable.includes(scope));
    return wanted.length > 0 ? wanted : granted;
  };
}
