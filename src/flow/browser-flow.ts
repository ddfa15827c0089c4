import type { Client } from '../clients/client.js';
import type { FindClient } from '../clients/find-client.js';
import { readForm } from '../http/body.js';
import type { HttpReply, HttpRequest } from '../http/message.js';
import { isNavigation, isSameOrigin } from '../http/origin.js';
import { redirectReply } from '../http/reply.js';
import { answeredPage } from '../pages/notice.js';
import { AuthError, toAuthError } from '../protocol/auth-error.js';
import { parseParameters } from '../protocol/parameters.js';
import { responseUrl, type RedirectTarget } from '../protocol/redirect-target.js';
import type { Admit } from '../upstream/admission.js';
import { Refusal } from '../upstream/refusal.js';
import type { Upstream } from '../upstream/upstream.js';
import type { Ask } from './ask.js';
import { proveRequester, readAuthorizationRequest, readRequester, type Resource } from './authorization-request.js';
import type { BrowserBinding } from './browser-binding.js';
import type { IssueCode } from './issue-code.js';
import { nextStep } from './journey.js';
import type { DescribeUser } from './map-identity.js';
import type { OfferProviders } from './offer-providers.js';
import type { Refuse } from './refuse.js';
import type { PendingSignIn, SignIns } from './sign-in.js';
import type { AskedAuthorization, BeginTransaction, Transaction, Transactions } from './transaction.js';

/** The three doors that a browser comes through. */
export interface BrowserFlow {
  /** The client sends the browser with an authorization request. */
  authorize(request: HttpRequest): Promise<HttpReply>;
  /** The user answers the consent page. */
  answer(request: HttpRequest): Promise<HttpReply>;
  /** A provider sends the browser back, to a door of its own or, with `undefined`, to the one that all share. */
  return(request: HttpRequest, provider: string | undefined): Promise<HttpReply>;
}

/** What the journey needs. */
export interface BrowserFlowServices {
  readonly issuer: string;
  readonly findClient: FindClient;
  readonly resources: ReadonlyMap<string, Resource>;
  /** The scopes that let a client know who its user is; none where nobody is told. */
  readonly identityScopes: ReadonlyMap<string, unknown>;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly admit: Admit;
  readonly describeUser: DescribeUser;
  readonly ask: Ask;
  readonly offerProviders: OfferProviders;
  readonly begin: BeginTransaction;
  readonly transactions: Transactions;
  readonly signIns: SignIns;
  readonly binding: BrowserBinding;
  readonly issueCode: IssueCode;
  readonly refuse: Refuse;
}

/** Takes the browser from the client through consent and the provider back to the client, as {@link nextStep} says. */
export function createBrowserFlow(services: BrowserFlowServices): BrowserFlow {
  const { issuer, findClient, resources, identityScopes, upstreams, admit, describeUser } = services;
  const { ask, offerProviders, begin, transactions, signIns, binding, issueCode, refuse } = services;
  const { origin } = new URL(issuer);

  /** Shows the page; or hands off without one, for a client that the operator vouches for. */
  function receive(
    request: HttpRequest,
    asked: AskedAuthorization,
    client: Client,
    target: RedirectTarget,
  ): HttpReply | Promise<HttpReply> {
    const [provider = '', ...others] = asked.providers;
    const step = nextStep({
      event: 'arrived',
      isVouchedFor: client.skipsConsent === true,
      isNavigation: isNavigation(request),
      hasChoice: others.length > 0,
    });
    if (step !== 'hand off to the provider') return ask(request, asked, client, target);
    const browser = binding.browserOf(request) ?? binding.newBrowser().browser;
    return handOff(request, begin(asked, browser), provider);
  }

  async function handOff(request: HttpRequest, transaction: Transaction, provider: string): Promise<HttpReply> {
    const signIn = await signIns.approve(transaction, provider);
    if (signIn.status !== 'pending') return answeredPage({ requestId: request.id });
    const { leg } = signIn;
    const location = await upstreamOf(leg.provider).authorizationUrl(leg);
    return redirectReply(location.href, binding.bind(request, transaction.id));
  }

  async function identify(
    signIn: PendingSignIn,
    provider: string | undefined,
    request: HttpRequest,
  ): Promise<HttpReply> {
    const { transaction, leg } = signIn;
    if (leg.provider !== (provider ?? leg.provider))
      throw new AuthError('invalid_request', 'The sign-in is under way elsewhere.');
    const { target } = await proveRequester(transaction, findClient);
    const finish = async () => {
      if (!(await signIns.finish(leg.state))) return answeredPage({ requestId: request.id });
      const upstream = upstreamOf(leg.provider);
      const { user, ...session } = await upstream.complete({ ...leg, callbackQuery: request.query });
      await admit(upstream.provider, user);
      const identity = await describeUser(upstream.provider, session.tokens, user);
      const code = await issueCode(transaction, { identity, user, session });
      return redirectReply(responseUrl(target, issuer, { code }), [binding.release(transaction.id)]);
    };
    return deliveringFaults(target, finish, (refusal) => {
      const upstream = upstreamOf(leg.provider);
      return refuse(refusal, { request, transaction, provider: upstream.provider, target });
    });
  }

  function upstreamOf(provider: string): Upstream {
    const upstream = upstreams.get(provider);
    if (!upstream) throw new AuthError('invalid_request', 'The sign-in provider is not available.');
    return upstream;
  }

  return {
    async authorize(request) {
      const parameters = parseParameters(request.query);
      const requester = readRequester(parameters);
      const { client, target } = await proveRequester(requester, findClient);
      return deliveringFaults(target, async () => {
        const requested = readAuthorizationRequest(parameters, requester, resources, client, identityScopes);
        const providers = await offerProviders(requested, client, parameters.get('provider'));
        return receive(request, { ...requested, providers }, client, target);
      });
    },

    async answer(request) {
      const form = readForm(request);
      const transaction = transactions.open(form.require('transaction'));
      if (!transaction) throw new AuthError('invalid_request', 'The page has expired.');
      const decision = readDecision(form.require('decision'), transaction.providers);
      const { client, target } = await proveRequester(transaction, findClient);
      const sameBrowser = isSameOrigin(request, origin) && binding.browserOf(request) === transaction.browser;
      const status = (await signIns.find(transaction.id))?.status ?? 'unanswered';

      switch (nextStep({ event: decision.approved ? 'approved' : 'denied', sameBrowser, status })) {
        case 'show the page':
          return ask(request, transaction, client, target, 'Please confirm once more, in this browser.');
        case 'hand off to the provider':
          return deliveringFaults(target, () => handOff(request, transaction, decision.provider));
        case 'tell the client of the denial':
          if (!(await signIns.deny(transaction))) return answeredPage({ requestId: request.id });
          throw new AuthError('access_denied', 'The user denied the request.', { redirect: target });
        default:
          return answeredPage({ requestId: request.id });
      }
    },

    async return(request, provider) {
      const { id, signIn } = await signIns.findByState(parseParameters(request.query).require('state'));
      const status = signIn?.status ?? 'unanswered';

      switch (nextStep({ event: 'returned', sameBrowser: binding.isBound(request, id), status })) {
        case 'identify the user':
          return identify(signIn as PendingSignIn, provider, request);
        case 'say that it was answered':
          return answeredPage({ requestId: request.id });
        case 'say that it is another browser':
          throw new AuthError('invalid_request', 'The sign-in was started in another browser.');
        default:
          throw new AuthError('invalid_request', 'The sign-in has expired, or is unknown.');
      }
    },
  };
}

/** Runs a step whose faults the client has to hear of: they are redirected, with `iss` and `state`. */
async function deliveringFaults(
  target: RedirectTarget,
  step: () => HttpReply | Promise<HttpReply>,
  refuse?: (refusal: Refusal) => HttpReply,
): Promise<HttpReply> {
  try {
    return await step();
  } catch (thrown) {
    if (refuse && thrown instanceof Refusal) return refuse(thrown);
    throw toAuthError(thrown).deliveredTo(target);
  }
}

/** Reads the button: `deny`, `approve`, or `approve:` and a provider. */
function readDecision(text: string, providers: readonly string[]): { approved: boolean; provider: string } {
  const [verb, provider = providers.length === 1 ? providers[0] : undefined] = text.split(':');
  if (text === 'deny') return { approved: false, provider: '' };
  if (verb !== 'approve' || provider === undefined || !providers.includes(provider)) {
    throw new AuthError('invalid_request', 'The decision is neither an approval nor a denial.');
  }
  return { approved: true, provider };
}
