import type { CookieJar } from '../http/cookies.js';
import { readCookies } from '../http/cookies.js';
import type { HttpRequest } from '../http/message.js';
import type { Sealing } from '../keys/sealing.js';

/** Remembers in a browser who signed in last. It is a hint and proves nothing: who the user is shows at the provider. */
export interface UserHints {
  /** The cookie that remembers a user in a browser. */
  write(browser: string, userTag: string): string;
  /** The user who signed in last in this browser. */
  read(request: HttpRequest, browser: string): string | undefined;
}

const purpose = 'seal user hint';
const hintTtl = 90 * 24 * 3600;

/** Keeps the hint in a sealed cookie, which says nothing in another browser. */
export function createUserHints(sealing: Sealing, jar: CookieJar): UserHints {
  return {
    write: (browser, userTag) => jar.write('user', sealing.seal(purpose, browser, userTag), hintTtl),
    read(request, browser) {
      const cookie = readCookies(request).get(jar.name('user'));
      return cookie === undefined ? undefined : sealing.open(purpose, browser, cookie);
    },
  };
}
