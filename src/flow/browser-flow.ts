import type { Client } from '../clients/client.js';
import type { FindClient } from '../clients/find-client.js';
import { isPermittedResource } from '../clients/permitted.js';
import { readForm } from '../http/body.js';
import { originOf, type HttpReply, type HttpRequest } from '../http/message.js';
import { isSameOrigin } from '../http/origin.js';
import { readerOf } from '../pages/language.js';
import type { Pages } from '../pages/pages.js';
import { AuthError, toAuthError } from '../protocol/auth-error.js';
import { parseParameters } from '../protocol/parameters.js';
import type { RedirectTarget } from '../protocol/redirect-target.js';
import type { Audit } from '../telemetry/audit.js';
import { reasonOf } from '../telemetry/reason.js';
import { Refusal } from '../upstream/refusal.js';
import type { Arrive } from './arrive.js';
import type { Ask, DescribeConsent } from './ask.js';
import { proveRequester, readAuthorizationRequest, readRequester, type Resource } from './authorization-request.js';
import type { BrowserBinding } from './browser-binding.js';
import type { Deliver } from './deliver.js';
import { upstreamOf, type HandOff, type Upstreams } from './hand-off.js';
import type { IdentifyUser } from './identify-user.js';
import { nextStep } from './journey.js';
import type { ConsentRequest } from './present-consent.js';
import type { Refuse } from './refuse.js';
import type { ReturnedSignIn, SignIns } from './sign-in.js';
import type { Transaction, Transactions } from './transaction.js';

/** How a door for authorization requests differs from `/oauth/authorize`. */
export type Door = Pick<Transaction, 'withoutIssuer'>;

/** The three doors that a browser comes through. */
export interface BrowserFlow {
  /** The client sends the browser with an authorization request. */
  authorize(request: HttpRequest, door?: Door): Promise<HttpReply>;
  /** An application's own page asks what it has to show. */
  describe(request: HttpRequest): Promise<ConsentRequest>;
  /** The user answers the consent page. */
  answer(request: HttpRequest): Promise<HttpReply>;
  /** A provider sends the browser back, to a door of its own or, with `undefined`, to the one that all share. */
  return(request: HttpRequest, provider: string | undefined): Promise<HttpReply>;
  /** How the client is answered, of faults too. */
  readonly deliver: Deliver;
  /** How a person is told of what no client can be told. */
  readonly pages: Pick<Pages, 'notice'>;
}

/** What the journey needs. */
export interface BrowserFlowServices {
  readonly issuer: string;
  readonly findClient: FindClient;
  readonly resources: ReadonlyMap<string, Resource>;
  /** The scopes that let a client know who its user is; none where nobody is told. */
  readonly identityScopes: ReadonlyMap<string, unknown>;
  readonly upstreams: Upstreams;
  readonly arrive: Arrive;
  readonly ask: Ask;
  readonly describeConsent: DescribeConsent;
  /** The origin of the application's own consent page, where it is elsewhere. */
  readonly consentOrigin: string | undefined;
  readonly handOff: HandOff;
  readonly identifyUser: IdentifyUser;
  readonly transactions: Transactions;
  readonly signIns: SignIns;
  readonly binding: BrowserBinding;
  readonly refuse: Refuse;
  readonly deliver: Deliver;
  readonly pages: Pick<Pages, 'notice'>;
  readonly audit: Audit;
}

/** Takes the browser from the client through consent and the provider back to the client, as {@link nextStep} says. */
export function createBrowserFlow(services: BrowserFlowServices): BrowserFlow {
  const { issuer, findClient, resources, identityScopes, upstreams, arrive, ask } = services;
  const { describeConsent, consentOrigin, handOff, identifyUser } = services;
  const { transactions, signIns, binding, refuse, deliver, pages, audit } = services;
  const { origin } = new URL(issuer);

  /** What is told of an answer or a sign-in that came to nothing. */
  function failure(request: HttpRequest, { clientId, resource, scopes }: Transaction, error: AuthError) {
    return { ...originOf(request), clientId, resource, scopes, reason: reasonOf(error) };
  }

  /** Whoever was asked, or is at the provider, comes back after an operator has perhaps removed the resource. */
  function requireResource({ resource }: Transaction, client: Client): void {
    if (isPermittedResource(resource, resources, client)) return;
    throw new AuthError('invalid_target', 'The resource is not served any more.');
  }

  function denied(request: HttpRequest, transaction: Transaction): AuthError {
    const error = new AuthError('access_denied', 'The user denied the request.');
    audit({ event: 'consent.denied', ...failure(request, transaction, error) });
    return error;
  }

  async function identify(request: HttpRequest, signIn: ReturnedSignIn, door: string | undefined): Promise<HttpReply> {
    const { transaction, leg } = signIn;
    if (leg.provider !== (door ?? leg.provider)) {
      throw new AuthError('invalid_request', 'The sign-in is under way elsewhere.');
    }
    const { client, target } = await proveRequester(transaction, findClient, request.ip);
    const returned = async () => {
      requireResource(transaction, client);
      return identifyUser.returned(request, signIn, client, target);
    };
    const identified = () =>
      returned().catch((thrown: unknown) => {
        if (thrown instanceof Refusal) throw thrown;
        const error = toAuthError(thrown);
        audit({ event: 'sign_in.failed', ...failure(request, transaction, error), provider: leg.provider });
        throw error;
      });
    return deliveringFaults(target, identified, (refusal) => {
      const { provider } = upstreamOf(upstreams, leg.provider);
      return refuse(refusal, { request, transaction, provider, target });
    });
  }

  function answered(request: HttpRequest, uiLocales?: string): Promise<HttpReply> {
    return pages.notice({ kind: 'answered', requestId: request.id }, readerOf(request, uiLocales));
  }

  return {
    deliver,
    pages,

    async authorize(request, door) {
      const parameters = parseParameters(request.query);
      const requester = { ...readRequester(parameters), ...door };
      const { client, target } = await proveRequester(requester, findClient, request.ip);
      return deliveringFaults(target, () => {
        const requested = readAuthorizationRequest(parameters, requester, resources, client, identityScopes);
        return arrive(request, requested, client, target, parameters.get('provider'));
      });
    },

    async describe(request) {
      const transaction = transactions.open(parseParameters(request.query).require('transaction'));
      if (!transaction) throw new AuthError('invalid_request', 'The page has expired.', { topic: 'expired' });
      const { client, target } = await proveRequester(transaction, findClient, request.ip);
      return describeConsent(transaction, client, target);
    },

    async answer(request) {
      const form = readForm(request);
      const asked = transactions.open(form.require('transaction'));
      if (!asked) throw new AuthError('invalid_request', 'The page has expired.', { topic: 'expired' });
      const transaction = { ...asked, ...(form.get('handoff') === 'code' && { carriesCode: true as const }) };
      const decision = readDecision(form.require('decision'), transaction.providers);
      const { client, target } = await proveRequester(transaction, findClient, request.ip);
      const sameBrowser =
        isSameOrigin(request, origin, consentOrigin) && binding.browserOf(request) === transaction.browser;
      const status = (await signIns.find(transaction.id))?.status ?? 'unanswered';

      switch (nextStep({ event: decision.approved ? 'approved' : 'denied', sameBrowser, status })) {
        case 'show the page':
          audit({ event: 'consent.rejected', ...failure(request, transaction, inAnotherBrowser()) });
          return ask(request, asked, client, target, true);
        case 'hand off to the provider':
          return deliveringFaults(target, () => {
            requireResource(transaction, client);
            return handOff(request, transaction, decision.provider, { event: 'consent.approved' });
          });
        case 'answer the client':
          return deliveringFaults(target, () => {
            requireResource(transaction, client);
            return identifyUser.approved(request, transaction, target);
          });
        case 'tell the client of the denial':
          if (!(await signIns.deny(transaction))) return answered(request, transaction.uiLocales);
          throw denied(request, transaction).deliveredTo(target);
        case 'say that it is another browser':
          audit({ event: 'consent.rejected', ...failure(request, transaction, inAnotherBrowser()) });
          throw inAnotherBrowser();
        default:
          return answered(request, transaction.uiLocales);
      }
    },

    async return(request, provider) {
      const { id, signIn } = await signIns.findByState(parseParameters(request.query).require('state'));
      const status = signIn?.status ?? 'unanswered';

      switch (nextStep({ event: 'returned', sameBrowser: binding.isBound(request, id), status })) {
        case 'identify the user':
          return identify(request, signIn as ReturnedSignIn, provider);
        case 'say that it was answered':
          return answered(request);
        case 'say that it is another browser':
          if (signIn?.status === 'pending') {
            const { transaction, leg } = signIn;
            const told = failure(request, transaction, inAnotherBrowser());
            audit({ event: 'sign_in.failed', ...told, provider: leg.provider });
          }
          throw inAnotherBrowser();
        default:
          throw new AuthError('invalid_request', 'The sign-in has expired, or is unknown.', { topic: 'expired' });
      }
    },
  };
}

function inAnotherBrowser(): AuthError {
  return new AuthError('invalid_request', 'The sign-in was started in another browser.', { topic: 'otherBrowser' });
}

/** Runs a step whose faults the client has to hear of: they are redirected, with `iss` and `state`. */
async function deliveringFaults(
  target: RedirectTarget,
  step: () => HttpReply | Promise<HttpReply>,
  refuse?: (refusal: Refusal) => Promise<HttpReply>,
): Promise<HttpReply> {
  try {
    return await step();
  } catch (thrown) {
    if (refuse && thrown instanceof Refusal) return refuse(thrown);
    throw toAuthError(thrown).deliveredTo(target);
  }
}

/** Reads the button: `deny`, `approve`, or `approve:` and a provider; of no provider there is nothing to choose. */
function readDecision(text: string, providers: readonly string[]): { approved: boolean; provider: string } {
  const [verb, provider = providers.length > 1 ? undefined : (providers[0] ?? '')] = text.split(':');
  if (text === 'deny') return { approved: false, provider: '' };
  const isOffered = provider === '' ? providers.length === 0 : providers.includes(provider ?? '');
  if (verb !== 'approve' || provider === undefined || !isOffered) {
    throw new AuthError('invalid_request', 'The decision is neither an approval nor a denial.');
  }
  return { approved: true, provider };
}
