import type { Client } from '../clients/client.js';
import type { HttpReply, HttpRequest } from '../http/message.js';
import { consentPage } from '../pages/consent.js';
import { describeRedirect } from '../protocol/redirect-uri.js';
import type { RedirectTarget } from '../protocol/redirect-target.js';
import { identityScopes } from '../protocol/user-profile.js';
import type { ProviderSummary } from '../upstream/provider.js';
import type { Resource } from './authorization-request.js';
import type { BrowserBinding } from './browser-binding.js';
import type { AskedAuthorization, BeginTransaction, Transactions } from './transaction.js';

/** Shows the consent page for a request that was found valid. Writes nothing. */
export type Ask = (
  request: HttpRequest,
  asked: AskedAuthorization,
  client: Client,
  target: RedirectTarget,
  notice?: string,
) => HttpReply;

/** What a person reads about scopes that are no resource's. */
const ownWords = new Map([['offline_access', 'Stay connected, without asking you each time'], ...identityScopes]);

/** What asking needs. */
export interface AskServices {
  /** Where the page's form is posted to. */
  readonly action: string;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly providers: readonly ProviderSummary[];
  readonly begin: BeginTransaction;
  readonly transactions: Transactions;
  readonly binding: BrowserBinding;
}

/** Asks the user, on the consent page. */
export function createAsk(services: AskServices): Ask {
  const { action, resources, providers, begin, transactions, binding } = services;
  return (request, asked, client, target, notice) => {
    const known = binding.browserOf(request);
    const { browser, cookie } = known === undefined ? binding.newBrowser() : { browser: known, cookie: undefined };
    const { resource, scopes } = asked;
    const transaction = transactions.seal(begin(asked, browser));
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
        description: described.get(scope) ?? ownWords.get(scope),
      })),
      providers: providers.filter(({ id }) => asked.providers.includes(id)),
      ...(notice !== undefined && { notice }),
      ...(cookie !== undefined && { headers: { 'set-cookie': [cookie] } }),
    });
  };
}
