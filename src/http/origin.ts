import type { HttpRequest } from './message.js';

/**
 * Tells whether a form was posted from a page of this server, as far as the browser says so.
 *
 * Browsers send `Origin` with every POST, and newer ones `Sec-Fetch-Site`; a client without either is no browser that
 * somebody could forge requests in.
 *
 * @param sibling - another origin of the same site whose pages count as ours
 */
export function isSameOrigin(request: HttpRequest, origin: string, sibling?: string): boolean {
  const { origin: sent, 'sec-fetch-site': site } = request.headers;
  if (sent !== undefined && sent === sibling)
    return site === undefined || site === 'same-site' || site === 'same-origin';
  if (sent !== undefined && sent !== origin) return false;
  return site === undefined || site === 'same-origin';
}

/**
 * Tells whether a person goes where this request comes from, as far as the browser says so: it is no frame, no image,
 * and nothing that was fetched in advance.
 */
export function isNavigation(request: HttpRequest): boolean {
  const { 'sec-fetch-dest': destination, 'sec-purpose': purpose } = request.headers;
  return (destination === undefined || destination === 'document') && purpose === undefined;
}

/**
 * Tells whether the browser says that a person, or a program on the same computer, opened this URL, and no website.
 *
 * Silence is no proof: an older browser does not say who sent it.
 */
export function isOwnNavigation(request: HttpRequest): boolean {
  const { 'sec-fetch-site': site } = request.headers;
  return site === 'none' || site === 'same-origin';
}

/**
 * Tells whether a browser on a desktop shows somebody the answer to this request. Programs do not say that they navigate;
 * phones open apps from a redirect, and not always from a page.
 */
export function isDesktopNavigation(request: HttpRequest): boolean {
  const { 'sec-fetch-dest': destination, 'sec-ch-ua-mobile': mobile, 'user-agent': agent } = request.headers;
  return destination === 'document' && mobile !== '?1' && !/mobi|android|iphone|ipad/i.test(String(agent));
}
