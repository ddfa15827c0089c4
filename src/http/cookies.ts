import { header, type HttpRequest } from './message.js';

/** Reads the cookies of a request. */
export function readCookies(request: HttpRequest): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (header(request, 'cookie') ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 1) continue;
    const name = pair.slice(0, equals).trim();
    // The first of two equal names is the more specific one (RFC 6265 §5.4).
    if (!cookies.has(name)) cookies.set(name, pair.slice(equals + 1).trim());
  }
  return cookies;
}

/** How this server names and writes its cookies. */
export interface CookieJar {
  /** The full name of a cookie. */
  name(purpose: string): string;
  /** A `Set-Cookie` value; `maxAge` in seconds, 0 removes the cookie. */
  write(purpose: string, value: string, maxAge: number): string;
}

/**
 * Names cookies `__Host-…` under https, so that no sibling domain can set them; http (loopback only) cannot have that.
 *
 * @param tag - tells two servers on one host apart, since cookies do not know ports
 */
export function createCookieJar({ secure, tag }: { secure: boolean; tag: string }): CookieJar {
  const name = (purpose: string) => `${secure ? '__Host-' : ''}gatehouse-${tag}-${purpose}`;
  return {
    name,
    // Lax, since Strict would not come back from the provider's redirect.
    write: (purpose, value, maxAge) =>
      `${name(purpose)}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`,
  };
}
