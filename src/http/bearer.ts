import { header, type HttpRequest } from './message.js';

const scheme = 'Bearer ';

/** As nearly all clients write it (RFC 6750 §2.1). Found out without a look at each character: tokens are long. */
function isPlain(value: string): boolean {
  const isOneToken = !value.includes(' ', scheme.length) && !value.includes(',');
  return value.startsWith(scheme) && value.length > scheme.length && isOneToken && value.trim() === value;
}

/**
 * The token of a request, from the `Authorization` header only (RFC 6750 §2.1; MCP forbids the query).
 *
 * @returns undefined when there is none; the empty string when there is something that cannot be one
 */
export function bearerTokenOf(request: Pick<HttpRequest, 'headers'>): string | undefined {
  const sent = request.headers['authorization'];
  if (sent === undefined) return undefined;
  const value = header(request, 'authorization') ?? 'Bearer';
  if (isPlain(value)) return value.slice(scheme.length);
  // Web-standard headers hold two lines as one text, and nobody can tell which of the two was checked.
  if (value.includes(',') && /, *bearer /i.test(value)) return '';
  const [name = '', token = '', ...more] = value.trim().split(/ +/);
  if (name.toLowerCase() !== 'bearer') return undefined;
  return more.length === 0 ? token : '';
}
