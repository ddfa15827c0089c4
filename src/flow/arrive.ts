import type { Client } from '../clients/client.js';
import type { HttpReply, HttpRequest } from '../http/message.js';
import { isNavigation, isOwnNavigation } from '../http/origin.js';
import type { RedirectTarget } from '../protocol/redirect-target.js';
import { describeRedirect } from '../protocol/redirect-uri.js';
import { isSubset } from '../protocol/scope.js';
import type { Ask } from './ask.js';
import type { Resource } from './authorization-request.js';
import type { BrowserBinding } from './browser-binding.js';
import type { EarlierGrants, RecallGrants } from './earlier-grants.js';
import type { HandOff } from './hand-off.js';
import { nextStep } from './journey.js';
import type { OfferProviders } from './offer-providers.js';
import type { AskedAuthorization, BeginTransaction, RequestedAuthorization } from './transaction.js';

/** When users are asked again for what they have approved before. */
export type ConsentMode = 'always' | 'remember' | 'first-party';

/** Receives a browser with a valid request: shows the consent page, or goes on where that was answered before. */
export type Arrive = (
  request: HttpRequest,
  requested: RequestedAuthorization,
  client: Client,
  target: RedirectTarget,
  hint: string | undefined,
) => Promise<HttpReply>;

/** What receiving needs. */
export interface ArriveServices {
  readonly consent: ConsentMode;
  readonly resources: ReadonlyMap<string, Resource>;
  /** The scopes that let a client know who its user is. */
  readonly identityScopes: ReadonlyMap<string, unknown>;
  readonly offerProviders: OfferProviders;
  readonly recall: RecallGrants;
  readonly binding: BrowserBinding;
  readonly begin: BeginTransaction;
  readonly ask: Ask;
  readonly handOff: HandOff;
}

/** Receives browsers. */
export function createArrive(services: ArriveServices): Arrive {
  const { consent, resources, identityScopes, offerProviders, recall, binding, begin, ask, handOff } = services;

  function mayRemember({ isPreRegistered = false }: Client, { uri }: RedirectTarget): boolean {
    if (consent === 'always' || (consent === 'first-party' && !isPreRegistered)) return false;
    // On loopback, or by the scheme of an app, any program can pose as the client.
    return describeRedirect(uri).kind === 'web';
  }

  /** What was granted once, as far as the resource and the client's limits still have it. */
  function stillKnown(
    scopes: readonly string[],
    { resource, scopes: asked }: RequestedAuthorization,
    { limits }: Client,
  ) {
    const known = resources.get(resource)?.scopes;
    const isKnown = (scope: string) => known?.has(scope) || identityScopes.has(scope);
    const isKept = (scope: string) => isKnown(scope) && (limits?.scopes?.includes(scope) ?? true);
    return scopes.filter((scope) => isKept(scope) || asked.includes(scope) || scope === 'offline_access');
  }

  return async (request, requested, client, target, hint) => {
    const providers = await offerProviders(requested, client, hint);
    const [provider = '', ...others] = providers;
    // The marks on the page are not worth a fault: without the store the whole page is shown.
    const recalled = await recall(request, client, requested).catch(() => undefined);
    const earlier = recalled && { ...recalled, scopes: stillKnown(recalled.scopes, requested, client) };
    const isVouchedFor = client.skipsConsent === true;
    const isRemembered =
      earlier !== undefined && mayRemember(client, target) && isSubset(requested.scopes, earlier.recent);
    const step = nextStep({
      event: 'arrived',
      isVouchedFor,
      isRemembered,
      // A HEAD looks what is there, and must change nothing.
      isNavigation: request.method === 'GET' && isNavigation(request),
      isOwnNavigation: isOwnNavigation(request),
      hasChoice: others.length > 0,
    });
    if (step !== 'hand off to the provider')
      return ask(request, steppedUp({ providers, ...requested }, earlier), client, target);
    const browser = binding.browserOf(request) ?? binding.newBrowser().browser;
    const asked = { ...requested, providers, ...(!isVouchedFor && earlier && assuming(earlier, requested)) };
    const reason = isVouchedFor ? 'The operator vouches for the client.' : 'The user approved the same before.';
    return handOff(request, begin(asked, browser), provider, { event: 'consent.skipped', reason });
  };
}

/**
 * A request for more than the client has: what it has is kept (MCP authorization, step-up), and shown as such.
 *
 * A request for what it has already, or for less, is taken at its word.
 */
function steppedUp(asked: AskedAuthorization, earlier: EarlierGrants | undefined): AskedAuthorization {
  if (!earlier) return asked;
  const isMore = !isSubset(asked.scopes, earlier.scopes);
  const scopes = isMore ? [...new Set([...earlier.scopes, ...asked.scopes])] : asked.scopes;
  return { ...asked, scopes, ...assuming(earlier, asked) };
}

function assuming({ userTag, scopes: granted }: EarlierGrants, { scopes }: RequestedAuthorization) {
  return { assumption: { userTag, granted, requested: scopes } };
}
