import type { Client } from '../clients/client.js';
import { originOf, type HttpReply, type HttpRequest } from '../http/message.js';
import { consentPage } from '../pages/consent.js';
import { describeRedirect } from '../protocol/redirect-uri.js';
import type { RedirectTarget } from '../protocol/redirect-target.js';
import { identityScopes } from '../protocol/user-profile.js';
import type { Audit } from '../telemetry/audit.js';
import type { ProviderSummary } from '../upstream/provider.js';
import type { Resource } from './authorization-request.js';
import type { BrowserBinding } from './browser-binding.js';
import type { ConsentRequest, PresentConsent } from './present-consent.js';
import type { AskedAuthorization, BeginTransaction, Transaction, Transactions } from './transaction.js';

/** Shows the consent page for a request that was found valid. Writes nothing. */
export type Ask = (
  request: HttpRequest,
  asked: AskedAuthorization,
  client: Client,
  target: RedirectTarget,
  notice?: string,
) => Promise<HttpReply>;

/** A user who has signed in: what the page shows of that, and who it is in tokens. */
export interface SignedInUser {
  readonly provider: string;
  readonly account: string | undefined;
  readonly subject: string;
}

/** Shows the consent page to a user who has signed in already. */
export type AskSignedIn = (
  request: HttpRequest,
  transaction: Transaction,
  client: Client,
  target: RedirectTarget,
  signedIn: SignedInUser,
  cookies: readonly string[],
) => Promise<HttpReply>;

/** What the page of a transaction has to say. */
export type DescribeConsent = (transaction: Transaction, client: Client, target: RedirectTarget) => ConsentRequest;

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
  readonly present: PresentConsent;
  readonly audit: Audit;
}

/** The ways to ask. */
export interface Asking {
  readonly ask: Ask;
  readonly askSignedIn: AskSignedIn;
  readonly describe: DescribeConsent;
}

/** Asks the user, on the consent page. */
export function createAsk(services: AskServices): Asking {
  const { action, resources, providers, begin, transactions, binding, present, audit } = services;

  function viewOf(
    transaction: Transaction,
    { metadata, verifiedHost }: Client,
    target: RedirectTarget,
  ): ConsentRequest {
    const { resource, scopes, assumption } = transaction;
    const { name, scopes: described } = resources.get(resource) ?? { scopes: new Map<string, string>() };
    return {
      action,
      transaction: transactions.seal(transaction),
      client: {
        name: metadata.client_name,
        ...(metadata.client_uri !== undefined && { uri: metadata.client_uri }),
        ...(verifiedHost !== undefined && { verifiedHost }),
      },
      redirect: describeRedirect(target.uri),
      resource: { url: resource, ...(name !== undefined && { name }) },
      scopes: scopes.map((scope) => ({
        name: scope,
        description: described.get(scope) ?? ownWords.get(scope),
        isGranted: assumption?.granted.includes(scope) ?? false,
      })),
      providers: providers.filter(({ id }) => transaction.providers.includes(id)),
    };
  }

  function tell(request: HttpRequest, asked: AskedAuthorization, client: Client, subject?: string): void {
    // A HEAD shows nobody anything.
    if (request.method === 'HEAD') return;
    const { clientId, resource, scopes } = asked;
    const clientName = client.metadata.client_name;
    audit({ event: 'consent.shown', ...originOf(request), clientId, clientName, resource, scopes, subject });
  }

  return {
    describe: viewOf,

    async ask(request, asked, client, target, notice) {
      const known = binding.browserOf(request);
      const { browser, cookie } = known === undefined ? binding.newBrowser() : { browser: known, cookie: undefined };
      // Who is asked once more did not get through by the application's page: ours is for everybody.
      const show = notice === undefined ? present : consentPage;
      tell(request, asked, client);
      return show({
        ...viewOf(begin(asked, browser), client, target),
        ...(notice !== undefined && { notice }),
        ...(cookie !== undefined && { headers: { 'set-cookie': [cookie] } }),
      });
    },

    askSignedIn(request, transaction, client, target, { provider, account, subject }, cookies) {
      tell(request, transaction, client, subject);
      const view = { ...viewOf(transaction, client, target), signedIn: { provider, account } };
      return Promise.resolve(consentPage({ ...view, headers: { 'set-cookie': cookies } }));
    },
  };
}
