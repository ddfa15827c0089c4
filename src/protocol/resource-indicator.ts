import { AuthError } from './auth-error.js';

/**
 * The canonical spelling of a resource's URL: lower-case scheme and host, no default port, no trailing slash.
 *
 * One spelling serves as the resource indicator (RFC 8707), as `resource` of the metadata (RFC 9728) and as `aud`.
 *
 * @returns undefined when the text is not an absolute http(s) URI, or has a fragment, a query or user information
 */
export function canonicalResource(text: string): string | undefined {
  if (!/^https?:\/\/[^\s\\#?@]+$/i.test(text) || text.length > 2048) return undefined;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  let end = url.pathname.length;
  while (url.pathname[end - 1] === '/') end--;
  return url.origin + url.pathname.slice(0, end);
}

/** More than any client has reason to send. */
const maxRequested = 10;

/**
 * Finds the configured resource that a client means (RFC 8707 §2).
 *
 * Real clients send the exact URL, the URL with a slash or in another case, a path below it, or only its origin.
 *
 * @param requested - the `resource` parameters as they were sent
 * @param resources - the canonical URLs of the configured resources; the first one is the default
 * @throws {AuthError} invalid_target when a value means none of them, or the values mean several
 */
export function findResource(requested: readonly string[], resources: readonly [string, ...string[]]): string {
  if (requested.length > maxRequested) throw new AuthError('invalid_target', 'A token is for one resource only.');
  const meant = new Set(requested.map((text) => resourceMeantBy(text, resources)));
  if (meant.size === 0) return resources[0];
  const [only] = meant;
  if (only === undefined) {
    throw new AuthError('invalid_target', 'The requested resource is not served by this authorization server.');
  }
  if (meant.size > 1) throw new AuthError('invalid_target', 'A token is for one resource only.');
  return only;
}

function resourceMeantBy(text: string, resources: readonly string[]): string | undefined {
  // As nearly all clients send it: what is served here is canonical.
  if (resources.includes(text)) return text;
  const wanted = canonicalResource(text);
  if (wanted === undefined) return undefined;
  if (resources.includes(wanted)) return wanted;
  // The longest match, so that a path below /mcp/admin never means /mcp.
  const above = resources.filter((url) => wanted.startsWith(`${url}/`)).sort((a, b) => b.length - a.length);
  if (above[0] !== undefined) return above[0];
  const below = resources.filter((url) => new URL(url).origin === wanted);
  return below.length === 1 ? below[0] : undefined;
}
