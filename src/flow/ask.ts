import type { Client } from '../clients/client.js';
import { originOf, type HttpReply, type HttpRequest } from '../http/message.js';
import { readerOf } from '../pages/language.js';
import type { Pages } from '../pages/pages.js';
import { describeRedirect } from '../protocol/redirect-uri.js';
import type { RedirectTarget } from '../protocol/redirect-target.js';
import type { Audit } from '../telemetry/audit.js';
import type { UpstreamProvider } from '../upstream/provider.js';
import type { Resource } from './authorization-request.js';
import type { BrowserBinding } from './browser-binding.js';
import type { ConsentRequest, PresentConsent } from './present-consent.js';
import type { AskedAuthorization, BeginTransaction, Transaction, Transactions } from './transaction.js';
import { viewOfClient, viewOfResource, viewOfScopes } from './views.js';

/** Shows the consent page for a request that was found valid. Writes nothing. */
export type Ask = (
  request: HttpRequest,
  asked: AskedAuthorization,
  client: Client,
  target: RedirectTarget,
  isRepeated?: boolean,
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

/** Scopes that providers ask for only to tell who the user is, and to renew that, in the spelling of each of them. */
const identityOnly =
  /^(?:openid|profile|email|offline_access|offline|identify|user:email|read:user|read:me|read_user)$/;

function saysWhoItIs(scope: string): boolean {
  return identityOnly.test(scope);
}

/** What asking needs. */
export interface AskServices {
  /** Where the page's form is posted to. */
  readonly action: string;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly providers: readonly Pick<UpstreamProvider, 'id' | 'name' | 'scopes'>[];
  readonly begin: BeginTransaction;
  readonly transactions: Transactions;
  readonly binding: BrowserBinding;
  readonly present: PresentConsent;
  readonly pages: Pick<Pages, 'consent'>;
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
  const { action, resources, providers, begin, transactions, binding, present, pages, audit } = services;

  function viewOf(transaction: Transaction, client: Client, target: RedirectTarget): ConsentRequest {
    const { resource, scopes, assumption } = transaction;
    return {
      action,
      transaction: transactions.seal(transaction),
      client: viewOfClient(client),
      redirect: describeRedirect(target.uri),
      resource: viewOfResource(resources, resource),
      scopes: viewOfScopes(resources, resource, scopes, assumption?.granted),
      providers: providers
        .filter(({ id }) => transaction.providers.includes(id))
        .map(({ id, name, scopes: asked }) => ({ id, name, asks: asked.filter((scope) => !saysWhoItIs(scope)) })),
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

    async ask(request, asked, client, target, isRepeated = false) {
      const known = binding.browserOf(request);
      const { browser, cookie } = known === undefined ? binding.newBrowser() : { browser: known, cookie: undefined };
      // Who is asked once more did not get through by the application's page: ours is for everybody.
      const show: PresentConsent = isRepeated ? (...page) => pages.consent(...page) : present;
      tell(request, asked, client);
      const view = {
        ...viewOf(begin(asked, browser), client, target),
        ...(isRepeated && { isRepeated }),
        ...(cookie !== undefined && { headers: { 'set-cookie': [cookie] } }),
      };
      return show(view, readerOf(request, asked.uiLocales));
    },

    askSignedIn(request, transaction, client, target, { provider, account, subject }, cookies) {
      tell(request, transaction, client, subject);
      const view = { ...viewOf(transaction, client, target), signedIn: { provider, account } };
      return Promise.resolve(
        pages.consent({ ...view, headers: { 'set-cookie': cookies } }, readerOf(request, transaction.uiLocales)),
      );
    },
  };
}
