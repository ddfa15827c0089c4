import { sign, unsign } from 'cookie-signature';
import type { CookieJar } from '../http/cookies.js';
import { readCookies } from '../http/cookies.js';
import type { HttpRequest } from '../http/message.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { KeyPurpose, KeyRing } from '../keys/key-ring.js';

/** What ties the steps of a journey to one browser. */
export interface BrowserBinding {
  /** The browser that sends this request, or undefined when it does not carry our cookie. */
  browserOf(request: HttpRequest): string | undefined;
  /** Names a browser that has no name yet. */
  newBrowser(): { readonly browser: string; readonly cookie: string };
  /** The cookies that let this browser, and no other, come back from the provider. */
  bind(request: HttpRequest, transactionId: string): string[];
  /** Tells whether this browser approved the transaction. */
  isBound(request: HttpRequest, transactionId: string): boolean;
  /** The cookie that ends the binding. */
  release(transactionId: string): string;
}

const browserTtl = 365 * 24 * 3600;
/** Sign-ins that one browser can have under way; beyond it the oldest are forgotten, so that headers stay small. */
const maxBindings = 6;

/**
 * Binds by signed cookies: one names the browser, and one for each approved transaction comes and goes with it.
 *
 * @param bindingTtl - seconds that a user has for signing in at the provider
 */
export function createBrowserBinding(
  ring: KeyRing,
  jar: CookieJar,
  randomness: Randomness,
  bindingTtl: number,
): BrowserBinding {
  const signed = (purpose: KeyPurpose, value: string) => sign(value, ring.current(purpose).key);
  const verified = (purpose: KeyPurpose, text: string | undefined) => {
    for (const { key } of text === undefined ? [] : ring.all(purpose)) {
      const value = unsign(text as string, key);
      if (value !== false) return value;
    }
    return undefined;
  };
  const bindingName = (transactionId: string) => `sign-in-${transactionId.slice(0, 8)}`;

  return {
    browserOf: (request) => verified('browser cookie', readCookies(request).get(jar.name('browser'))),

    newBrowser() {
      const browser = randomText(randomness);
      return { browser, cookie: jar.write('browser', signed('browser cookie', browser), browserTtl) };
    },

    bind(request, transactionId) {
      // The same value every time: a double click must not leave the browser with a cookie that no longer counts.
      const cookie = jar.write(bindingName(transactionId), signed('sign-in cookie', transactionId), bindingTtl);
      const prefix = jar.name('sign-in-');
      const others = [...readCookies(request).keys()].filter((name) => name.startsWith(prefix));
      const surplus = others.slice(0, Math.max(0, others.length - maxBindings + 1));
      return [...surplus.map((name) => jar.write(`sign-in-${name.slice(prefix.length)}`, '', 0)), cookie];
    },

    isBound(request, transactionId) {
      const cookie = readCookies(request).get(jar.name(bindingName(transactionId)));
      return verified('sign-in cookie', cookie) === transactionId;
    },

    release: (transactionId) => jar.write(bindingName(transactionId), '', 0),
  };
}
