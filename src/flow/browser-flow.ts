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
import type { Upstream } from '../upstream/upstream.js';
import type { Ask } from './ask.js';
import { proveRequester, readAuthorizationRequest, readRequester, type Resource } from './authorization-request.js';
import type { BrowserBinding } from './browser-binding.js';
import type { IssueCode } from './issue-code.js';
import { nextStep } from './journey.js';
import { mapIdentity, type TokenMapper } from './map-identity.js';
import type { PendingSignIn, SignIns } from './sign-in.js';
import type { BeginTransaction, RequestedAuthorization, Transaction, Transactions } from './transaction.js';

/** The three doors that a browser comes through. */
export interface BrowserFlow {
  /** The client sends the browser with an authorization request. */
  authorize(request: HttpRequest): Promise<HttpReply>;
  /** The user answers the consent page. */
  answer(request: HttpRequest): Promise<HttpReply>;
  /** A provider sends the browser back. */
  return(request: HttpRequest, provider: string): Promise<HttpReply>;
}

/** What the journey needs. */
export interface BrowserFlowServices {
  readonly issuer: string;
  readonly findClient: FindClient;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly tokenMapper: TokenMapper | undefined;
  /** Tells whether a subject is that of a client that acts for itself. */
  readonly isClientSubject: (sub: string) => boolean;
  readonly ask: Ask;
  readonly begin: BeginTransaction;
  readonly transactions: Transactions;
  readonly signIns: SignIns;
  readonly binding: BrowserBinding;
  readonly issueCode: IssueCode;
}

/** Takes the browser from the client through consent and the provider back to the client, as {@link nextStep} says. */
export function createBrowserFlow(services: BrowserFlowServices): BrowserFlow {
  const { issuer, findClient, resources, upstreams, tokenMapper, isClientSubject } = services;
  const { ask, begin, transactions, signIns, binding, issueCode } = services;
  const { origin } = new URL(issuer);

  /** Shows the page; or hands off without one, for a client that the operator vouches for. */
  function receive(
    request: HttpRequest,
    requested: RequestedAuthorization,
    client: Client,
    target: RedirectTarget,
  ): HttpReply | Promise<HttpReply> {
    const [provider = '', ...others] = upstreams.keys();
    const step = nextStep({
      event: 'arrived',
      isVouchedFor: client.skipsConsent === true,
      isNavigation: isNavigation(request),
      hasChoice: others.length > 0,
    });
    if (step !== 'hand off to the provider') return ask(request, requested, client, target);
    const browser = binding.browserOf(request) ?? binding.newBrowser().browser;
    return handOff(request, begin(requested, browser), provider);
  }

  async function handOff(request: HttpRequest, transaction: Transaction, provider: string): Promise<HttpReply> {
    const signIn = await signIns.approve(transaction, provider);
    if (signIn.status !== 'pending') return answeredPage({ requestId: request.id });
    const { leg } = signIn;
    const location = await upstreamOf(leg.provider).authorizationUrl(leg);
    return redirectReply(location.href, binding.bind(request, transaction.id));
  }

  async function identify(signIn: PendingSignIn, provider: string, request: HttpRequest): Promise<HttpReply> {
    const { transaction, leg } = signIn;
    if (leg.provider !== provider) throw new AuthError('invalid_request', 'The sign-in is under way elsewhere.');
    const { target } = await proveRequester(transaction, findClient);
    return deliveringFaults(target, async () => {
      if (!(await signIns.finish(leg.state))) return answeredPage({ requestId: request.id });
      const upstream = upstreamOf(leg.provider);
      const {
        tokens,
        user,
        issuer: upstreamIssuer,
      } = await upstream.complete({
        ...leg,
        callbackQuery: request.query,
      });
      const identity = await mapIdentity(tokenMapper, upstream.provider, tokens, user, isClientSubject);
      const signedIn = { identity, tokens, upstream: { issuer: upstreamIssuer, subject: user.sub } };
      const code = await issueCode(transaction, signedIn);
      return redirectReply(responseUrl(target, issuer, { code }), [binding.release(transaction.id)]);
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
      return deliveringFaults(target, () => {
        const requested = readAuthorizationRequest(parameters, requester, resources, client);
        return receive(request, requested, client, target);
      });
    },

    async answer(request) {
      const form = readForm(request);
      const transaction = transactions.open(form.require('transaction'));
      const decision = readDecision(form.require('decision'), [...upstreams.keys()]);
      if (!transaction) throw new AuthError('invalid_request', 'The page has expired.');
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
): Promise<HttpReply> {
  try {
    return await step();
  } catch (thrown) {
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
