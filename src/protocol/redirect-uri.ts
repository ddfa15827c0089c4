import { AuthError } from './auth-error.js';

/** Where a redirect URI leads, as a person is told on the consent page. */
export type RedirectDescription =
  | { readonly kind: 'web'; readonly host: string }
  | { readonly kind: 'loopback'; readonly host: string }
  | { readonly kind: 'app'; readonly scheme: string };

const maxLength = 1024;

/** The characters of a URI, and whole percent escapes only (RFC 3986 §2). */
const uriCharacters = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;

/** Scheme, authority and path (RFC 3986 Appendix B). */
const uriParts = /^(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?:\/\/(?<authority>[^/?#]*))?(?<path>[^?#]*)/;

/** A name of letters, digits, hyphens and underscores, or an address in brackets; then perhaps a port. */
const hostAndPort = /^(?<host>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?$/i;

/** `.` and `..`, also when dots or slashes are escaped: whoever unescapes first would walk the path. */
const dotSegment = /(?:^|\/|%2f|%5c)(?:\.|%2e){1,2}(?:$|\/|%2f|%5c)/i;

/** An `http` URI taken apart around its port. */
const httpUri =
  /^(?<origin>http:\/\/(?<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+))(?::(?<port>[1-9][0-9]{0,4}))?(?<rest>[/?].*)?$/;

/**
 * Schemes that belong to somebody else than one application on the user's computer. A code in such a URI would be
 * run, shown, written to a file, or sent over the network without TLS.
 */
const foreignSchemes = new Set(
  [
    // what a browser runs or reads in a page of its own
    'javascript vbscript livescript mocha data blob filesystem about file jar content view-source resource feed help',
    // what a browser or the system does on somebody's behalf
    'chrome edge brave opera vivaldi arc devtools intent intents android-app market itms itms-apps itms-services',
    'search search-ms shell',
    // what goes to another host
    'ftp ftps sftp scp ssh telnet rlogin smb cifs afp nfs dav davs webdav rsync git svn ws wss gopher dict ldap ldaps',
    'ipfs ipns gemini finger svn+ssh git+ssh',
    'imap imaps pop pop3 smtp nntp news snews rtsp rtmp mms irc ircs vnc rdp',
    // what goes to a person or names a thing
    'mailto tel tg whatsapp sms smsto mmsto callto facetime facetime-audio sip sips xmpp geo maps magnet urn tag cid mid',
  ].flatMap((line) => line.split(' ')),
);

/**
 * Families of such schemes: sites and extensions as handlers, an extension's own pages, parts of Windows, and browsers
 * that can be told to open any web page, which would be shown to the user as an application of that name.
 */
const foreignFamily = /^(?:web\+|ext\+|chrome-|moz-|safari-|x-safari|ms-|microsoft-edge|googlechrome|firefox)|https?$/;

/**
 * Refuses what no client may register as a redirect URI.
 *
 * Works on the text as it was sent: `new URL()` repairs tabs, backslashes and odd numbers, so what it answers is not
 * what a browser, an operating system or the next parser would be given.
 *
 * @throws {AuthError} invalid_redirect_uri when the URI is malformed, ambiguous, unprotected, or leads to no application
 */
export function checkRedirectUri(uri: string): void {
  const fault = faultOf(uri);
  if (fault !== undefined) throw new AuthError('invalid_redirect_uri', fault);
}

/**
 * Tells whether a requested redirect URI is one that the client registered.
 *
 * Compares whole strings (RFC 9700 §2.1), except that any port will do for `http` on a loopback host (RFC 8252 §7.3).
 * `localhost` counts as such a host, since most clients use it, but it is not `127.0.0.1`.
 */
export function redirectUriMatches(requested: string, registered: string): boolean {
  if (requested === registered) return true;
  const portless = withoutLoopbackPort(requested);
  return portless !== undefined && portless === withoutLoopbackPort(registered);
}

/** Describes where a redirect URI leads that has passed {@link checkRedirectUri}. */
export function describeRedirect(uri: string): RedirectDescription {
  const { protocol, host, hostname } = new URL(uri);
  if (protocol !== 'https:' && protocol !== 'http:') return { kind: 'app', scheme: protocol.slice(0, -1) };
  // What listens on a loopback port is some application on the user's computer, whichever port it has today.
  return isLoopbackHost(hostname) ? { kind: 'loopback', host: hostname } : { kind: 'web', host };
}

/** Tells whether a host name, as `URL.hostname` spells it, is the user's own computer. */
export function isLoopbackHost(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return /^127(?:\.(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])){3}$/.test(hostname);
}

/**
 * Tells whether text is an `https` URI, or an `http` URI on a loopback host, in which every parser sees the same host.
 */
export function isProtectedWebUri(uri: string): boolean {
  if (!uriCharacters.test(uri)) return false;
  const { scheme, authority } = partsOf(uri);
  const host = hostAndPort.exec(authority ?? '')?.groups?.host;
  if (host === undefined || !URL.canParse(uri)) return false;
  // 0177.1 and 2130706433 are numbers to one parser and names to another.
  const { hostname } = new URL(uri);
  if (hostname !== host.toLowerCase()) return false;
  return scheme === 'https' || (scheme === 'http' && isLoopbackHost(hostname));
}

function faultOf(uri: string): string | undefined {
  if (uri.length > maxLength) return `A redirect URI may have at most ${maxLength} characters.`;
  if (!uriCharacters.test(uri)) return 'A redirect URI has to be an absolute URI of plain URI characters.';
  const { scheme, authority, path } = partsOf(uri);
  if (scheme === undefined) return 'A redirect URI has to be absolute.'; // RFC 6749 §3.1.2
  if (uri.includes('#')) return 'A redirect URI must not have a fragment.'; // RFC 6749 §3.1.2
  if (authority?.includes('@')) return 'A redirect URI must not have user information.';
  if (dotSegment.test(path)) return 'The path of a redirect URI must not have dot segments.';
  if (scheme === 'https' || scheme === 'http') {
    if (isProtectedWebUri(uri)) return undefined;
    return scheme === 'https'
      ? 'The host of a redirect URI has to be a plain name or address, without a wildcard.'
      : 'A redirect URI with http is allowed on 127.0.0.1, [::1] and localhost only; use https.'; // RFC 8252 §8.3
  }
  // An application's URI, too, has to survive the parser that describes it on the consent page.
  if (isPrivateUse(scheme, authority, path) && URL.canParse(uri)) return undefined;
  return 'The scheme of a redirect URI has to be https, http on a loopback host, or an app scheme such as com.example.app.';
}

/**
 * Tells whether a scheme looks like one that an application made for itself.
 *
 * RFC 8252 §7.1 asks for a reversed domain name, yet well-known editors have plain words (`cursor://`, `vscode://`),
 * so a word will do if it stands before `//` and is nobody else's. `javascript:alert(1)`, `mailto:` and a forgotten
 * scheme as in `localhost:3000/cb` fail by their form already; the list is for what is left.
 */
function isPrivateUse(scheme: string, authority: string | undefined, path: string): boolean {
  if (foreignSchemes.has(scheme) || foreignFamily.test(scheme)) return false;
  const isReversedDomain = scheme.includes('.') && path.startsWith('/');
  return authority !== undefined || isReversedDomain;
}

function partsOf(uri: string): { scheme: string | undefined; authority: string | undefined; path: string } {
  const groups = uriParts.exec(uri)?.groups;
  return { scheme: groups?.scheme?.toLowerCase(), authority: groups?.authority, path: groups?.path ?? '' };
}

/** A loopback URI less its port, or undefined for any other URI. */
function withoutLoopbackPort(uri: string): string | undefined {
  const { origin, host, port = '1', rest = '' } = httpUri.exec(uri)?.groups ?? {};
  if (origin === undefined || host === undefined || !isLoopbackHost(host) || Number(port) > 65535) return undefined;
  return origin + rest;
}
