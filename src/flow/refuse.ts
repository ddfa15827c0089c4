import type { Audit } from '../telemetry/audit.js';
import { describeCauses, type Log } from '../telemetry/log.js';
import { reasonOf } from '../telemetry/reason.js';
import { originOf, type HttpReply, type HttpRequest } from '../http/message.js';
import { readerOf } from '../pages/language.js';
import type { Pages } from '../pages/pages.js';
import { responseUrl, type RedirectTarget } from '../protocol/redirect-target.js';
import type { ProviderSummary } from '../upstream/provider.js';
import { noRuleMatches, type Refusal } from '../upstream/refusal.js';
import type { Resource } from './authorization-request.js';
import type { BrowserBinding } from './browser-binding.js';
import type { Transaction } from './transaction.js';
import { viewOfResource } from './views.js';

/** Where a sign-in stood when the user was refused. */
export interface RefusedSignIn {
  readonly request: HttpRequest;
  readonly transaction: Transaction;
  readonly provider: ProviderSummary;
  /** Who hears of it when the user goes back to the app. */
  readonly target: RedirectTarget;
}

/** Tells a user, and the operator, that this installation does not let the user in. */
export type Refuse = (refusal: Refusal, signIn: RefusedSignIn) => Promise<HttpReply>;

/** What refusing needs. */
export interface RefuseServices {
  readonly issuer: string;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly binding: BrowserBinding;
  readonly log: Log;
  readonly pages: Pick<Pages, 'refused'>;
  readonly audit: Audit;
}

/**
 * Refuses by a page, not by a redirect: the user chose the account, and only the user can choose another one, but
 * clients show `access_denied` as a cancelled sign-in, or not at all. The page leads back to the client.
 */
export function createRefuse({ issuer, resources, binding, log, pages, audit }: RefuseServices): Refuse {
  return async (refusal, { request, transaction, provider, target }) => {
    const { code, message: description, account } = refusal;
    log({
      level: 'warn',
      event: 'sign-in refused',
      requestId: request.id,
      path: request.path,
      provider: provider.id,
      code,
      description,
      causes: describeCauses(refusal),
    });
    const { clientId, resource, scopes } = transaction;
    audit({
      event: 'sign_in.refused',
      ...originOf(request),
      clientId,
      subject: refusal.subject === undefined ? undefined : `${provider.id}|${refusal.subject}`,
      provider: provider.id,
      resource,
      scopes,
      reason: reasonOf(refusal),
    });
    const view = {
      provider: provider.name,
      account,
      resource: viewOfResource(resources, resource),
      // Our own sentence is there in every language; what somebody else says is in theirs.
      reason: description === noRuleMatches ? undefined : description,
      returnUrl: responseUrl(target, issuer, { error: code, error_description: description }),
      requestId: request.id,
      headers: { 'set-cookie': [binding.release(transaction.id)] },
    };
    return { ...(await pages.refused(view, readerOf(request, transaction.uiLocales))), error: code };
  };
}
