import type { Client } from '../clients/client.js';
import { AuthError } from '../protocol/auth-error.js';
import type { RequestedAuthorization } from './transaction.js';

/** What an application knows of an authorization request when it chooses where the user signs in. */
export interface ProviderRequest {
  readonly clientId: string;
  /** What the client calls itself; nobody has verified it. */
  readonly clientName: string | undefined;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** The `provider` parameter of the request: what the client would like. */
  readonly hint: string | undefined;
}

/**
 * Chooses the providers that a user may sign in with, by their ids: one, several, or with undefined all of them.
 *
 * Several are offered as buttons on the consent page.
 */
export type ChooseProvider = (
  request: ProviderRequest,
) => string | readonly string[] | undefined | Promise<string | readonly string[] | undefined>;

/**
 * Decides which providers the consent page offers.
 *
 * @throws {AuthError} server_error when the application chooses one that does not exist
 */
export type OfferProviders = (
  requested: RequestedAuthorization,
  client: Client,
  hint: string | undefined,
) => Promise<readonly string[]>;

/**
 * Offers what the application chooses; else the one that the client hints at; else all.
 *
 * A hint that means nothing here is ignored, like every parameter that is unknown (RFC 6749 §3.1).
 */
export function createOfferProviders(
  configured: readonly string[],
  choose: ChooseProvider | undefined,
): OfferProviders {
  return async ({ resource, scopes }, { clientId, metadata }, hint) => {
    const request = { clientId, clientName: metadata.client_name, resource, scopes, hint };
    const chosen = await choose?.(request);
    if (chosen === undefined) return hint !== undefined && configured.includes(hint) ? [hint] : configured;
    const offered = [chosen].flat();
    if (offered.length > 0 && offered.every((id) => configured.includes(id))) return offered;
    throw new AuthError('server_error', 'The server met an unexpected condition.', {
      cause: new AuthError('server_error', 'chooseProvider returned no provider that is configured.'),
    });
  };
}
