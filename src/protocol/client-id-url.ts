import { isLoopbackHost, isProtectedWebUri } from './redirect-uri.js';

const maxLength = 1024;

/**
 * Reads a client id that is the URL of a Client ID Metadata Document
 * (draft-ietf-oauth-client-id-metadata-document-01 §3), or answers undefined when it is none.
 *
 * One spelling only: what `new URL()` would have to repair (dots in the path, capitals, tabs, odd numbers) is refused,
 * since the document has to repeat the id to the letter. A query is discouraged by the draft, and tolerated here.
 *
 * @param allowLoopback - whether `http` and the hosts of this very computer will do, for development
 */
export function parseClientIdUrl(clientId: string, allowLoopback: boolean): URL | undefined {
  if (!/^https?:\/\//.test(clientId) || clientId.length > maxLength || !isProtectedWebUri(clientId)) return undefined;
  const url = new URL(clientId);
  if (url.href !== clientId || clientId.includes('#')) return undefined; // §3: no fragment, no dot segments
  if (url.username !== '' || url.password !== '') return undefined; // §3
  if (url.pathname === '/') return undefined; // §3: a path component
  if (isLoopbackHost(url.hostname)) return allowLoopback ? url : undefined;
  return isDomain(url.hostname) ? url : undefined;
}

/**
 * Tells a domain from an address, which names nobody, and from a single word, which means something in this server's
 * own network only.
 */
function isDomain(hostname: string): boolean {
  return hostname.includes('.') && !/^[\d.]+$|[[\]:]/.test(hostname);
}
