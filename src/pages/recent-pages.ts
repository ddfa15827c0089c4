import type { HttpReply } from '../http/message.js';
import { BoundedMap } from '../storage/bounded-map.js';
import type { ConsentView } from './consent-view.js';
import type { Language } from './language.js';

/** Makes a consent page in a language. */
export type MakeConsent = (view: ConsentView, language: Language) => HttpReply;

/** A page, but for what is different each time. */
interface Kept {
  readonly reply: HttpReply;
  readonly before: string;
  readonly after: string;
}

/** Some three megabytes. */
const maxKept = 100;

/**
 * Keeps the consent pages that were shown last: those of one client differ in the transaction and the cookie only, and to
 * make one takes longer than all else that its request does.
 *
 * @param mark - stands for the transaction in a page that is kept: random, so that no stranger can write it into one
 */
export function keepingRecent(make: MakeConsent, mark: string): MakeConsent {
  const recent = new BoundedMap<string, Kept>(maxKept);

  function keep(key: string, reply: HttpReply): Kept {
    const [before = '', after = ''] = String(reply.body).split(mark);
    const kept = { reply, before, after };
    recent.set(key, kept);
    return kept;
  }

  return (view, language) => {
    const { transaction, headers, ...shown } = view;
    // A page with somebody's account on it is shown once. And nothing that has to be escaped may be put in as it is.
    if (shown.signedIn !== undefined || !/^[\w.-]+$/.test(transaction)) return make(view, language);
    const key = JSON.stringify([language.tag, shown]);
    const { reply, before, after } = recent.get(key) ?? keep(key, make({ ...shown, transaction: mark }, language));
    return { ...reply, headers: Object.assign({}, headers, reply.headers), body: before + transaction + after };
  };
}
