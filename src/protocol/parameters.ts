import { AuthError } from './auth-error.js';

/**
 * The parameters of a request, read once at the border.
 *
 * An empty value is an absent one (RFC 6749 §3.1). Names come from strangers, hence a `Map` and never an object.
 */
export class Parameters {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /**
   * The value of a parameter, if it was sent.
   *
   * @throws {AuthError} invalid_request when it was sent more than once (RFC 6749 §3.1), or holds control characters
   */
  get(name: string): string | undefined {
    const values = this.#values.get(name);
    if (!values) return undefined;
    if (values.length > 1) throw new AuthError('invalid_request', `The parameter ${name} was sent more than once.`);
    return this.#clean(name, values[0] ?? '');
  }

  /**
   * Every value of a parameter that may be repeated, as `resource` may (RFC 8707 §2).
   *
   * @throws {AuthError} invalid_request when a value holds control characters
   */
  all(name: string): string[] {
    return (this.#values.get(name) ?? []).flatMap((value) => this.#clean(name, value) ?? []);
  }

  /**
   * The value of a parameter that has to be there.
   *
   * @throws {AuthError} invalid_request when it is absent, or {@link get} throws
   */
  require(name: string): string {
    const value = this.get(name);
    if (value === undefined) throw new AuthError('invalid_request', `The parameter ${name} is missing.`);
    return value;
  }

  #clean(name: string, value: string): string | undefined {
    if (hasControlCharacters(value)) {
      throw new AuthError('invalid_request', `The parameter ${name} holds characters that are not allowed.`);
    }
    return value === '' ? undefined : value;
  }
}

/** More parameters than this no request has a reason to send. */
export const maxParameters = 100;

/**
 * Reads `application/x-www-form-urlencoded` text: a query string or a form.
 *
 * Unlike `URLSearchParams` it refuses what is not UTF-8, where the other would put replacement characters into
 * credentials.
 *
 * @throws {AuthError} invalid_request when the text is not properly encoded, or holds more than a hundred parameters
 */
export function parseParameters(text: string): Parameters {
  const values = new Map<string, string[]>();
  const pairs = text.split('&').filter((pair) => pair !== '');
  if (pairs.length > maxParameters) throw new AuthError('invalid_request', 'The request has too many parameters.');
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    const known = values.get(name);
    if (known) known.push(value);
    else values.set(name, [value]);
  }
  return new Parameters(values);
}

/** Tells whether text holds C0 controls, DEL, or half a surrogate pair. */
export function hasControlCharacters(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  return /[\u0000-\u001f\u007f]/.test(text) || !text.isWellFormed();
}

function decode(text: string): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw new AuthError('invalid_request', 'The request is not properly URL-encoded UTF-8.', { cause });
  }
}
