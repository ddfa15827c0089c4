import type { HttpReply } from '../http/message.js';
import { redirectReply } from '../http/reply.js';
import type { ConsentView } from '../pages/consent-view.js';
import type { Reader } from '../pages/language.js';
import type { Pages, RenderPage } from '../pages/pages.js';

/** What a consent page has to say, and what its form has to send: everything of a client's in it is a stranger's word. */
export type ConsentRequest = Omit<ConsentView, 'headers'>;

/**
 * Makes the HTML of an application's own consent page.
 *
 * It has a form that posts `transaction`, as it was given, and `decision` (`deny`, `approve`, or `approve:` and the id of
 * one of several providers) to `action`. Names and URIs of the client are not escaped.
 */
export type RenderConsent = RenderPage<ConsentView>;

/** Puts the question to the user. */
export type PresentConsent = (view: ConsentView, reader: Reader) => HttpReply | Promise<HttpReply>;

/** By our page, by a page that the application makes, or by one that it has at a URL. */
export function createPresentConsent(custom: RenderConsent | string | undefined, pages: Pages): PresentConsent {
  if (custom === undefined) return (view, reader) => pages.consent(view, reader);
  if (typeof custom === 'string') return (view) => redirectReply(pageFor(custom, view), cookiesOf(view));
  return (view, reader) => pages.customConsent(custom, view, reader);
}

function pageFor(url: string, { transaction }: ConsentView): string {
  const page = new URL(url);
  page.searchParams.set('transaction', transaction);
  return page.href;
}

function cookiesOf({ headers }: ConsentView): readonly string[] {
  return [headers?.['set-cookie'] ?? []].flat();
}
