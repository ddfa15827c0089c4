import { AnswerFault } from './fault.js';
import type { UpstreamProvider } from './provider.js';

/**
 * Reads the query of a callback for the library: the provider's own error codes and the `iss` that it is known by in
 * callbacks become those that the library expects.
 *
 * @throws {AnswerFault} when the callback names an issuer (RFC 9207 §2.4) that is not this provider's
 */
export function readCallback(
  callbackUrl: string,
  callbackQuery: string,
  { issuer, callbackIssuer = issuer, errorCodes = {} }: UpstreamProvider,
  expectedIssuer: string,
): URL {
  const url = new URL(callbackUrl);
  url.search = callbackQuery;
  const { searchParams } = url;
  const error = searchParams.get('error') ?? '';
  if (Object.hasOwn(errorCodes, error)) searchParams.set('error', errorCodes[error] ?? error);
  // Repeated parameters are left for the library to refuse.
  const [iss, ...others] = searchParams.getAll('iss');
  if (callbackIssuer === expectedIssuer || iss === undefined || others.length > 0) return url;
  if (iss !== callbackIssuer) throw new AnswerFault('FOREIGN_ISSUER');
  searchParams.set('iss', expectedIssuer);
  return url;
}
