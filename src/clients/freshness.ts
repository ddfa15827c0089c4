/** For how long an answer may be used, as its headers say (RFC 9111). */
export interface Freshness {
  /** Seconds from now for which it is fresh; undefined when the headers do not say. */
  readonly freshTtl: number | undefined;
  /** Whether it may be kept at all, for later or for others. */
  readonly mayBeKept: boolean;
}

/** Header values by name, in lower case. */
export type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Reads the freshness of an answer, as a cache that serves one user does: `s-maxage` and `private` are for caches
 * between us and the origin.
 *
 * @param now - epoch seconds, for an `Expires` without a `Date`
 */
export function readFreshness(headers: Headers, now: number): Freshness {
  const directives = parseCacheControl(headers['cache-control'] ?? '');
  const mayBeKept = !directives.has('no-store');
  if (!mayBeKept || directives.has('no-cache')) return { freshTtl: 0, mayBeKept };
  const lifetime = lifetimeOf(directives.get('max-age'), headers, now);
  if (lifetime === undefined) return { freshTtl: undefined, mayBeKept };
  return { freshTtl: Math.max(0, lifetime - (deltaSeconds(headers['age']) ?? 0)), mayBeKept }; // §4.2.3
}

/** RFC 9111 §4.2.1: `max-age` before `Expires`; what cannot be read counts as stale. */
function lifetimeOf(maxAge: string | undefined, headers: Headers, now: number): number | undefined {
  if (maxAge !== undefined) return deltaSeconds(maxAge) ?? 0;
  if (headers['expires'] === undefined) return undefined;
  const expires = Date.parse(headers['expires']) / 1000;
  const date = Date.parse(headers['date'] ?? '') / 1000;
  return Number.isNaN(expires) ? 0 : expires - (Number.isNaN(date) ? now : date);
}

function parseCacheControl(text: string): ReadonlyMap<string, string> {
  const found = text.matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,;]*)))?/g);
  const directives = new Map<string, string>();
  for (const [, name = '', quoted, bare] of found) {
    // §4.2.1: of a directive that comes twice, the first counts.
    if (!directives.has(name.toLowerCase())) directives.set(name.toLowerCase(), quoted ?? bare ?? '');
  }
  return directives;
}

function deltaSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
