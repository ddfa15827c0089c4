import { hasControlCharacters } from '../protocol/parameters.js';

/** A `Basic` header, in each way in which its two parts can be read. */
export interface BasicCredentials {
  readonly names: readonly string[];
  readonly passwords: readonly string[];
}

/**
 * Reads a `Basic` header; undefined when it is something else.
 *
 * RFC 6749 §2.3.1 has id and secret form-encoded first; most MCP clients leave that out. So both readings count, which
 * gives nobody a second chance worth having: each must still be the whole secret.
 */
export function readBasic(authorization: string): BasicCredentials | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const [, name, password] = /^([^:]+):(.*)$/s.exec(text) ?? [];
  if (name === undefined || password === undefined || hasControlCharacters(text)) return undefined;
  return { names: readingsOf(name), passwords: readingsOf(password) };
}

function readingsOf(text: string): string[] {
  try {
    return [...new Set([decodeURIComponent(text.replaceAll('+', ' ')), text])];
  } catch {
    return [text];
  }
}
