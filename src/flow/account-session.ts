import { readCookies, type CookieJar } from '../http/cookies.js';
import type { HttpRequest } from '../http/message.js';
import type { Sealing } from '../keys/sealing.js';
import type { Clock } from '../storage/clock.js';

/** Who has signed in to see the connected applications: whose grants they are, and nothing else of the user. */
export interface AccountSession {
  readonly userTag: string;
  /** The id of the provider that the user signed in at. */
  readonly provider: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** The sessions of the account page. They are in the browsers alone. */
export interface AccountSessions {
  /** The session of a browser; undefined when there is none, or it is over. */
  read(request: HttpRequest, browser: string): AccountSession | undefined;
  /** The cookie that begins a session in this browser. */
  begin(browser: string, user: Omit<AccountSession, 'expiresAt'>): string;
  /** The cookie that ends it. */
  end(): string;
}

/** What is sealed into the page's form: the proof that what is posted comes from a page that this browser was shown. */
export interface AccountForm {
  /** Random; names the sign-in that the form may begin. */
  readonly id: string;
  /** Whose connections the page showed; absent where nobody was signed in. */
  readonly userTag?: string | undefined;
  /** Epoch seconds; the end of the session, where there was one. */
  readonly expiresAt: number;
}

/** Seals the forms of the account page, and opens them again for the same browser only. */
export interface AccountForms {
  seal(browser: string, form: AccountForm): string;
  open(browser: string, sealed: string): AccountForm | undefined;
}

/** Long enough to read a list, and short where somebody leaves a shared computer without signing out. */
const sessionTtl = 900;
const sessionPurpose = 'seal account session';
const formPurpose = 'seal account form';

/** Keeps sessions in a sealed cookie, which counts in one browser only. */
export function createAccountSessions(sealing: Sealing, jar: CookieJar, clock: Clock): AccountSessions {
  return {
    read(request, browser) {
      const cookie = readCookies(request).get(jar.name('account'));
      const text = cookie === undefined ? undefined : sealing.open(sessionPurpose, browser, cookie);
      if (text === undefined) return undefined;
      const session = JSON.parse(text) as AccountSession;
      return session.expiresAt > clock() ? session : undefined;
    },

    begin(browser, user) {
      const session: AccountSession = { ...user, expiresAt: clock() + sessionTtl };
      return jar.write('account', sealing.seal(sessionPurpose, browser, JSON.stringify(session)), sessionTtl);
    },

    end: () => jar.write('account', '', 0),
  };
}

/** Seals forms; whether one is too old, or of another session, its reader has to see. */
export function createAccountForms(sealing: Sealing): AccountForms {
  return {
    seal: (browser, form) => sealing.seal(formPurpose, browser, JSON.stringify(form)),
    open(browser, sealed) {
      const text = sealing.open(formPurpose, browser, sealed);
      return text === undefined ? undefined : (JSON.parse(text) as AccountForm);
    },
  };
}
