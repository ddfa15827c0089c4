import { AuthError, type AuthErrorCode } from '../protocol/auth-error.js';
import { Parameters, parseParameters } from '../protocol/parameters.js';
import { header, type HttpRequest } from './message.js';

/** Seconds within which a body has to arrive, so that nobody holds a connection open with half of one. */
export const bodyTtl = 20;

/** The largest body that is read, in bytes. */
export const maxBodyBytes = 64 * 1024;

/**
 * Reads a form (`application/x-www-form-urlencoded`).
 *
 * @throws {AuthError} invalid_request when it is something else, or malformed; payload_too_large
 */
export function readForm(request: HttpRequest): Parameters {
  requireMediaType(request, 'application/x-www-form-urlencoded', 'invalid_request');
  const { body } = request;
  if (body.kind === 'parsed' && typeof body.value !== 'string') return parametersOf(body.value);
  return parseParameters(textOf(request, 'invalid_request'));
}

/**
 * Reads a JSON document (`application/json`).
 *
 * @param fault - the code that the endpoint's standard has for a document that cannot be read
 * @throws {AuthError} `fault` when it is something else, or malformed; payload_too_large
 */
export function readJson(request: HttpRequest, fault: AuthErrorCode): unknown {
  requireMediaType(request, 'application/json', fault);
  const { body } = request;
  if (body.kind === 'parsed' && typeof body.value !== 'string') return body.value;
  try {
    return JSON.parse(textOf(request, fault)) as unknown;
  } catch (thrown) {
    if (thrown instanceof AuthError) throw thrown;
    throw new AuthError(fault, 'The body is not valid JSON.');
  }
}

function requireMediaType(request: HttpRequest, expected: string, fault: AuthErrorCode): void {
  if (request.body.kind === 'too large') {
    throw new AuthError('payload_too_large', `A request body may have at most ${maxBodyBytes} bytes.`);
  }
  if (request.body.kind === 'unreadable') throw new AuthError(fault, 'The body could not be read to its end.');
  const [mediaType = ''] = (header(request, 'content-type') ?? '').split(';');
  if (mediaType.trim().toLowerCase() !== expected) throw new AuthError(fault, `Send the body as ${expected}.`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function textOf({ body }: HttpRequest, fault: AuthErrorCode): string {
  if (body.kind === 'parsed') return String(body.value);
  if (body.kind !== 'bytes') return '';
  try {
    return utf8.decode(body.bytes);
  } catch {
    throw new AuthError(fault, 'The body is not UTF-8.');
  }
}

/** Makes parameters of what an application's own parser left: a list is a repetition, a nested object is no value. */
function parametersOf(parsed: unknown): Parameters {
  const values = new Map<string, string[]>();
  if (typeof parsed !== 'object' || parsed === null) return new Parameters(values);
  for (const [name, value] of Object.entries(parsed)) {
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (!list.every((item) => typeof item === 'string')) {
      throw new AuthError('invalid_request', 'A parameter has to be a plain string.');
    }
    values.set(name, list);
  }
  return new Parameters(values);
}
