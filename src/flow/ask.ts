import type { Client } from '../clients/client.js';
import type { HttpReply, HttpRequest } from '../http/message.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { Clock } from '../storage/clock.js';
import { consentPage } from '../pages/consent.js';
import { describeRedirect } from '../protocol/redirect-uri.js';
import type { RedirectTarget } from '../protocol/redirect-target.js';
import type { RequestedAuthorization, Resource } from './authorization-request.js';
import type { BrowserBinding } from './browser-binding.js';
import type { ProviderSummary } from './map-identity.js';
import type { Transactions } from './transaction.js';

/** Shows the consent page for a request that was found valid. Writes nothing. */
export type Ask = (
  request: HttpRequest,
  requested: RequestedAuthorization,
  client: Client,
  target: RedirectTarget,
  notice?: string,
) => HttpReply;

/** What a person reads about `offline_access`, which is no scope of any resource. */
const offlineAccess = 'Stay connected, without asking you each time';

/** What asking needs. */
export interface AskServices {
  /** Where the page's form is posted to. */
  readonly action: string;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly providers: readonly ProviderSummary[];
  readonly transactions: Transactions;
  readonly binding: BrowserBinding;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Seconds for which the page can be answered. */
  readonly transactionTtl: number;
}

/** Asks the user, on the consent page. */
export function createAsk(services: AskServices): Ask {
  const { action, resources, providers, transactions, binding, clock, randomness, transactionTtl } = services;
  return (request, requested, client, target, notice) => {
    const known = binding.browserOf(request);
    const { browser, cookie } = known === undefined ? binding.newBrowser() : { browser: known, cookie: undefined };
    const { resource, scopes } = requested;
    const transaction = transactions.seal({
      ...requested,
      id: randomText(randomness),
      browser,
      expiresAt: Math.ceil(clock() + transactionTtl),
    });
    const { name, scopes: described } = resources.get(resource) ?? { scopes: new Map<string, string>() };
    return consentPage({
      action,
      transaction,
      client: {
        name: client.metadata.client_name,
        ...(client.metadata.client_uri !== undefined && { uri: client.metadata.client_uri }),
        ...(client.verifiedHost !== undefined && { verifiedHost: client.verifiedHost }),
      },
      redirect: describeRedirect(target.uri),
      resource: { url: resource, ...(name !== undefined && { name }) },
      scopes: scopes.map((scope) => ({
        name: scope,
        description: described.get(scope) ?? (scope === 'offline_access' ? offlineAccess : undefined),
      })),
      providers,
      ...(notice !== undefined && { notice }),
      ...(cookie !== undefined && { headers: { 'set-cookie': [cookie] } }),
    });
  };
}
