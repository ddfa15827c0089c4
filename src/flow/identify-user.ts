import type { Client } from '../clients/client.js';
import type { GrantIds } from '../grants/grant-id.js';
import { originOf, type HttpReply, type HttpRequest } from '../http/message.js';
import { redirectReply } from '../http/reply.js';
import { readerOf } from '../pages/language.js';
import type { Pages } from '../pages/pages.js';
import { profileFor } from '../protocol/user-profile.js';
import type { RedirectTarget } from '../protocol/redirect-target.js';
import type { Audit } from '../telemetry/audit.js';
import type { Admit } from '../upstream/admission.js';
import { accountOf } from '../upstream/refusal.js';
import type { AskSignedIn } from './ask.js';
import type { BrowserBinding } from './browser-binding.js';
import type { Deliver } from './deliver.js';
import { upstreamOf, type Upstreams } from './hand-off.js';
import type { IssueCode, SignedIn } from './issue-code.js';
import type { DescribeUser } from './map-identity.js';
import type { ReturnedSignIn, SignIns } from './sign-in.js';
import type { BeginTransaction, Transaction } from './transaction.js';
import type { UserHints } from './user-hint.js';

/** Finds out who has come back from a provider, and answers the client with a code. */
export interface IdentifyUser {
  /** The browser is back from the provider. */
  returned(request: HttpRequest, signIn: ReturnedSignIn, client: Client, target: RedirectTarget): Promise<HttpReply>;
  /** A user who had signed in already has approved what another one had approved before. */
  approved(request: HttpRequest, transaction: Transaction, target: RedirectTarget): Promise<HttpReply>;
}

/** What identifying needs. */
export interface IdentifyServices {
  readonly upstreams: Upstreams;
  readonly admit: Admit;
  readonly describeUser: DescribeUser;
  readonly grantIds: Pick<GrantIds, 'userTag'>;
  readonly signIns: SignIns;
  readonly binding: BrowserBinding;
  readonly hints: UserHints;
  readonly begin: BeginTransaction;
  readonly askSignedIn: AskSignedIn;
  readonly issueCode: IssueCode;
  readonly deliver: Deliver;
  readonly pages: Pick<Pages, 'notice'>;
  readonly audit: Audit;
}

/** Identifies users. */
export function createIdentifyUser(services: IdentifyServices): IdentifyUser {
  const { upstreams, admit, describeUser, grantIds, deliver, pages } = services;
  const { signIns, binding, hints, begin, askSignedIn, issueCode, audit } = services;

  const userTagOf = ({ session }: SignedIn) => grantIds.userTag(session.issuer, session.subject);

  async function answer(request: HttpRequest, transaction: Transaction, signedIn: SignedIn, target: RedirectTarget) {
    const code = await issueCode(transaction, signedIn, originOf(request));
    const browser = binding.browserOf(request);
    const hint = browser === undefined ? [] : [hints.write(browser, await userTagOf(signedIn))];
    return deliver(request, target, { code }, { cookies: [binding.release(transaction.id), ...hint], transaction });
  }

  function answered(request: HttpRequest, { uiLocales }: Transaction) {
    return pages.notice({ kind: 'answered', requestId: request.id }, readerOf(request, uiLocales));
  }

  return {
    async returned(request, signIn, client, target) {
      const { transaction, leg } = signIn;
      const upstream = upstreamOf(upstreams, leg.provider);
      const detour = await upstream.detour?.(request);
      if (detour) return redirectReply(detour.href);
      if (!(await signIns.finish(signIn))) return answered(request, transaction);
      const { user, ...session } = await upstream.complete({ ...leg, callbackQuery: request.query }, request);
      await admit(upstream.provider, user);
      const identity = await describeUser(upstream.provider, session.tokens, user);
      const { clientId, resource, scopes } = transaction;
      const about = { clientId, resource, scopes, ...originOf(request) };
      audit({ event: 'user.signed_in', ...about, subject: identity.sub, provider: identity.provider });
      const signedIn = { identity, user, session };
      const { assumption, ...asked } = transaction;
      if (assumption === undefined || assumption.userTag === (await userTagOf(signedIn))) {
        return answer(request, transaction, signedIn, target);
      }
      // The page was shaped, or skipped, for somebody else: no code before this user has seen all of it.
      const whole = begin({ ...asked, scopes: assumption.requested, providers: [] }, transaction.browser);
      // Only what may be told later: a provider says far more of its users than a record can hold.
      await signIns.hold(whole, { ...signedIn, user: profileFor(whole.scopes, user) });
      const account = { provider: upstream.provider.name, account: accountOf(user), subject: identity.sub };
      const cookies = [binding.release(transaction.id), ...binding.bind(request, whole.id)];
      return askSignedIn(request, whole, client, target, account, cookies);
    },

    async approved(request, transaction, target) {
      const signedIn = await signIns.release(transaction.id);
      if (!signedIn) return answered(request, transaction);
      const { clientId, resource, scopes } = transaction;
      const { sub: subject, provider } = signedIn.identity;
      audit({ event: 'consent.approved', ...originOf(request), clientId, resource, scopes, subject, provider });
      return answer(request, transaction, signedIn, target);
    },
  };
}
