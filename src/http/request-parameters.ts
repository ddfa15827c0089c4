import { maxParameters } from '../protocol/parameters.js';
import type { HttpBody, HttpRequest } from './message.js';

/** Tells whether a request is a form with such a field; one with too many fields is none, and is refused later. */
export function hasFormField({ body }: HttpRequest, name: string): boolean {
  const text = textOf(body);
  if (text !== undefined) {
    const pairs = pairsOf(text);
    return pairs.length <= maxParameters && pairs.some((pair) => isNamed(pair, name));
  }
  return body.kind === 'parsed' && typeof body.value === 'object' && body.value !== null && name in body.value;
}

/** The same request with one parameter of ours in place of every one of that name, in its query and in its form. */
export function withParameter(request: HttpRequest, name: string, value: string): HttpRequest {
  return { ...request, query: replaced(request.query, name, value), body: withField(request.body, name, value) };
}

function withField(body: HttpBody, name: string, value: string): HttpBody {
  const text = textOf(body);
  if (text !== undefined) {
    const written = replaced(text, name, value);
    return body.kind === 'bytes'
      ? { kind: 'bytes', bytes: Buffer.from(written, 'latin1') }
      : { kind: 'parsed', value: written };
  }
  if (body.kind !== 'parsed' || typeof body.value !== 'object' || body.value === null) return body;
  return { kind: 'parsed', value: { ...body.value, [name]: value } };
}

/** The text of a form that nobody has taken apart. Byte by byte: what is not UTF-8 must stay so, to be refused. */
function textOf(body: HttpBody): string | undefined {
  if (body.kind === 'bytes') return Buffer.from(body.bytes).toString('latin1');
  return body.kind === 'parsed' && typeof body.value === 'string' ? body.value : undefined;
}

function replaced(text: string, name: string, value: string): string {
  const pairs = pairsOf(text);
  // It is refused as it is, and to look at each of them would cost a hundred times as much as that.
  if (pairs.length > maxParameters) return text;
  const others = pairs.filter((pair) => !isNamed(pair, name));
  return [...others, `${name}=${encodeURIComponent(value)}`].join('&');
}

function pairsOf(text: string): string[] {
  return text.split('&').filter((pair) => pair !== '');
}

/** Read as the endpoints read it, so that no other spelling of the name gets past. */
function isNamed(pair: string, name: string): boolean {
  const [found = ''] = pair.split('=');
  try {
    return decodeURIComponent(found.replaceAll('+', ' ')) === name;
  } catch {
    return false;
  }
}
