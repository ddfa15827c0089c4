import type { GrantIds } from '../grants/grant-id.js';
import { readForm } from '../http/body.js';
import { originOf, type HttpReply, type HttpRequest } from '../http/message.js';
import { isSameOrigin } from '../http/origin.js';
import { redirectReply } from '../http/reply.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import { readerOf } from '../pages/language.js';
import type { Pages } from '../pages/pages.js';
import { AuthError, toAuthError } from '../protocol/auth-error.js';
import { parseParameters } from '../protocol/parameters.js';
import type { Clock } from '../storage/clock.js';
import type { Audit } from '../telemetry/audit.js';
import { reasonOf } from '../telemetry/reason.js';
import { Refusal } from '../upstream/refusal.js';
import type { AccountForm, AccountForms, AccountSession, AccountSessions } from './account-session.js';
import type { BrowserBinding } from './browser-binding.js';
import type { Connections } from './connections.js';
import { upstreamOf, type Upstreams } from './hand-off.js';
import { subjectOf } from './map-identity.js';
import type { ReturnedSignIn, SignInKind, SignIns, SignInSubject } from './sign-in.js';

/** The page on which users see which applications hold access in their name, and end it. */
export interface Account {
  /** Shows the page, or where to sign in first. Writes nothing. */
  show(request: HttpRequest): Promise<HttpReply>;
  /** The user presses a button of the page. */
  answer(request: HttpRequest): Promise<HttpReply>;
  /** Tells whether a browser that a provider has sent back comes from a sign-in to this page. */
  isReturn(request: HttpRequest): boolean;
  /** A provider sends the browser back, to a door of its own or, with `undefined`, to the one that all share. */
  return(request: HttpRequest, provider: string | undefined): Promise<HttpReply>;
}

/** A sign-in to the page: there is no client, and nothing but a session will come of it. */
export interface AccountSignIn extends SignInSubject {
  /** The one browser that was shown the page. */
  readonly browser: string;
}

/** What keeps these sign-ins apart from those that a client waits for. */
export const accountSignIns: SignInKind = {
  record: 'account',
  purpose: 'seal account sign-in',
  prefix: 'account.',
};

/** What the page needs. */
export interface AccountServices {
  readonly issuer: string;
  /** Where the page is. */
  readonly url: string;
  readonly providers: readonly { readonly id: string; readonly name: string }[];
  readonly upstreams: Upstreams;
  readonly signIns: SignIns<AccountSignIn>;
  readonly binding: BrowserBinding;
  readonly sessions: AccountSessions;
  readonly forms: AccountForms;
  readonly connections: Connections;
  readonly grantIds: Pick<GrantIds, 'userTag'>;
  readonly pages: Pick<Pages, 'account' | 'notice'>;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Seconds for which the page of a user who has not signed in can be answered. */
  readonly formTtl: number;
  readonly audit: Audit;
}

/** Says in the URL that the session was ended, for the page that follows. It shows where no session is, and proves nothing. */
const signedOutQuery = 'signed_out';

/** Makes the page. */
export function createAccount(services: AccountServices): Account {
  const { issuer, url, providers, upstreams, signIns, binding, sessions, forms, connections } = services;
  const { grantIds, pages, clock, randomness, formTtl, audit } = services;
  const { origin } = new URL(issuer);

  const toPage = (cookies: readonly string[] = []) => redirectReply(url, cookies);

  async function page(request: HttpRequest, isRepeated: boolean): Promise<HttpReply> {
    const known = binding.browserOf(request);
    const { browser, cookie } = known === undefined ? binding.newBrowser() : { browser: known, cookie: undefined };
    const session = known === undefined ? undefined : sessions.read(request, known);
    const form = {
      id: randomText(randomness),
      userTag: session?.userTag,
      expiresAt: session?.expiresAt ?? Math.ceil(clock() + formTtl),
    };
    const view = {
      action: url,
      form: forms.seal(browser, form),
      providers: session ? [] : providers.map(({ id, name }) => ({ id, name })),
      ...(session && { signedIn: { ...(await connections.list(session.userTag)), provider: nameOf(session) } }),
      isRepeated,
      ...(cookie !== undefined && { headers: { 'set-cookie': [cookie] } }),
    };
    return pages.account(view, readerOf(request));
  }

  const nameOf = ({ provider }: AccountSession) => providers.find(({ id }) => id === provider)?.name ?? provider;

  async function beginSignIn(request: HttpRequest, signIn: AccountSignIn, provider: string): Promise<HttpReply> {
    upstreamOf(upstreams, provider);
    const begun = await signIns.approve(signIn, provider);
    // The page was answered before: it shows how things stand.
    if (begun.status !== 'pending') return toPage();
    const { leg } = begun;
    try {
      const location = await upstreamOf(upstreams, leg.provider).authorizationUrl(leg);
      return redirectReply(location.href, binding.bind(request, signIn.id));
    } catch (thrown) {
      tellOfFailure(request, leg.provider, toAuthError(thrown));
      throw thrown;
    }
  }

  function tellOfFailure(request: HttpRequest, provider: string, error: AuthError): void {
    audit({ event: 'sign_in.failed', ...originOf(request), provider, reason: reasonOf(error) });
  }

  /** The provider's tokens are dropped, and rules of access not asked: who may not come in any more may end access still. */
  async function identify(request: HttpRequest, signIn: ReturnedSignIn<AccountSignIn>): Promise<HttpReply> {
    const { transaction, leg } = signIn;
    const { id, browser } = transaction;
    const upstream = upstreamOf(upstreams, leg.provider);
    try {
      const detour = await upstream.detour?.(request);
      if (detour) return redirectReply(detour.href);
      if (!(await signIns.finish(signIn))) return toPage();
      const signedIn = await upstream.complete({ ...leg, callbackQuery: request.query }, request);
      const userTag = await grantIds.userTag(signedIn.issuer, signedIn.subject);
      const subject = subjectOf(upstream.provider, signedIn.user);
      audit({ event: 'account.signed_in', ...originOf(request), subject, provider: leg.provider });
      return toPage([binding.release(id), sessions.begin(browser, { userTag, provider: leg.provider })]);
    } catch (thrown) {
      const error = toAuthError(thrown);
      tellOfFailure(request, leg.provider, error);
      // Who has cancelled at the provider is back where the way began.
      if (error.code === 'access_denied' && !(thrown instanceof Refusal)) return toPage([binding.release(id)]);
      throw thrown;
    }
  }

  /** What was posted with the proof of a page that this browser was shown; undefined otherwise. */
  function proven(request: HttpRequest, sealed: string): { browser: string; form: AccountForm } | undefined {
    const browser = binding.browserOf(request);
    if (browser === undefined || !isSameOrigin(request, origin)) return undefined;
    const form = forms.open(browser, sealed);
    return form && { browser, form };
  }

  return {
    async show(request) {
      const browser = binding.browserOf(request);
      const session = browser === undefined ? undefined : sessions.read(request, browser);
      if (!session && new URLSearchParams(request.query).has(signedOutQuery)) {
        return pages.notice({ kind: 'signedOut', requestId: request.id }, readerOf(request));
      }
      return page(request, false);
    },

    async answer(request) {
      const posted = readForm(request);
      const [verb, name = ''] = splitOnce(posted.require('answer'));
      const proof = proven(request, posted.require('account'));
      if (!proof) return page(request, true);
      const { browser, form } = proof;
      if (form.expiresAt <= clock()) return toPage();
      if (verb === 'sign-in' && form.userTag === undefined) {
        return beginSignIn(request, { id: form.id, browser, expiresAt: form.expiresAt }, name);
      }
      const session = sessions.read(request, browser);
      // A page of another session, open in another tab, decides nothing in this one.
      if (session?.userTag !== form.userTag || session?.expiresAt !== form.expiresAt) return toPage();
      if (verb === 'end') {
        await connections.end(session.userTag, name, originOf(request));
        return toPage();
      }
      if (verb !== 'sign-out') throw new AuthError('invalid_request', 'The page has no such button.');
      audit({ event: 'account.signed_out', ...originOf(request), provider: session.provider });
      return redirectReply(`${url}?${signedOutQuery}=yes`, [sessions.end()]);
    },

    isReturn: ({ query }) => new URLSearchParams(query).get('state')?.startsWith(accountSignIns.prefix) ?? false,

    async return(request, provider) {
      const { id, signIn } = await signIns.findByState(parseParameters(request.query).require('state'));
      // Over, or begun anew elsewhere: the page shows how things stand, and nobody is signed in by it.
      if (signIn?.status !== 'pending') return toPage();
      const { transaction, leg } = signIn;
      if (!binding.isBound(request, id) || binding.browserOf(request) !== transaction.browser) {
        const error = new AuthError('invalid_request', 'The sign-in was started in another browser.', {
          topic: 'otherBrowser',
        });
        tellOfFailure(request, leg.provider, error);
        throw error;
      }
      if (leg.provider !== (provider ?? leg.provider)) {
        throw new AuthError('invalid_request', 'The sign-in is under way elsewhere.');
      }
      return identify(request, signIn);
    },
  };
}

/** A grant id has no colon, nor has a provider's. */
function splitOnce(text: string): string[] {
  return text.split(':', 2);
}
