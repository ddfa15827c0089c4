import { bearerTokenOf } from '../http/bearer.js';

/** The headers of a request: a web `Headers`, or an object as Node and Express have it. */
export type HeaderSource =
  { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>;

/** Where an access token may be: an `Authorization` header's text, or what has headers. */
export type BearerSource = string | null | undefined | HeaderSource | { readonly headers: object };

/**
 * Reads the access token of a request (RFC 6750 §2.1), from its `Authorization` header only.
 *
 * @param source - the header itself, headers, or a request of Express, Node or the web standards
 * @returns undefined when there is none, when it is none of that shape, and when there is more than one: nobody can
 * tell which of them somebody else has checked
 */
export function extractBearerToken(source: BearerSource): string | undefined {
  const [authorization, ...others] = authorizationsOf(source);
  if (authorization === undefined || others.length > 0) return undefined;
  const token = bearerTokenOf({ headers: { authorization } });
  // RFC 6750 §2.1, b64token. Web headers join repeated ones with commas, which it has none of.
  return token !== undefined && /^[A-Za-z0-9\-._~+/]+=*$/.test(token) ? token : undefined;
}

function authorizationsOf(source: unknown): string[] {
  if (typeof source === 'string') return [source];
  if (typeof source !== 'object' || source === null) return [];
  // Node keeps the first of two Authorization headers in `headers`, and both of them here.
  if ('headersDistinct' in source) return authorizationsOf(source.headersDistinct);
  if ('headers' in source && typeof source.headers === 'object') return authorizationsOf(source.headers);
  if ('get' in source && typeof source.get === 'function') {
    const read = source as { get(name: string): unknown };
    return textsOf(read.get('authorization'));
  }
  return Object.entries(source)
    .filter(([name]) => name.toLowerCase() === 'authorization')
    .flatMap(([, value]) => textsOf(value));
}

function textsOf(value: unknown): string[] {
  return [value].flat().filter((each) => typeof each === 'string');
}
