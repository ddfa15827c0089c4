import type { IncomingMessage } from 'node:http';
import type { AuthInfo } from './auth-info.js';

/** Who sent the requests that gates have let through; `undefined` where nobody had to say so. */
const passed = new WeakMap<object, AuthInfo | undefined>();

/** Notes that a gate has let a request through, for {@link getAuth}. */
export function rememberAuth(request: IncomingMessage | Request, auth: AuthInfo | undefined): void {
  passed.set(request, auth);
}

/**
 * What the verified token of a request says: in a handler behind `requireBearerAuth` or `withBearerAuth`.
 *
 * @param request - the request as the handler got it: of Express, of `node:http`, or a web-standard one
 * @throws {Error} when no gate has let this request through, or one did so without a token
 */
export function getAuth(request: IncomingMessage | Request): AuthInfo {
  const auth = passed.get(request);
  if (auth) return auth;
  throw new Error(
    passed.has(request)
      ? 'getAuth: this request came through without a token, as one that needs none. Ask for a token there, or do without.'
      : 'getAuth: no bearer gate has let this request through. Put requireBearerAuth or withBearerAuth before its handler.',
  );
}
