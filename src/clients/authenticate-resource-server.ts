import { bearerTokenOf } from '../http/bearer.js';
import { header, originOf } from '../http/message.js';
import { secretsEqual } from '../keys/mac.js';
import { AuthError } from '../protocol/auth-error.js';
import type { Parameters } from '../protocol/parameters.js';
import type { Audit } from '../telemetry/audit.js';
import { derived } from '../registry/live-map.js';
import type { AuthenticateRequest, ClientRequest } from './authenticate-request.js';
import { readBasic } from './basic-credentials.js';
import { hashOfSecret } from './pre-registered.js';

/** Who may ask what the access tokens of a resource are worth. */
export interface Introspection {
  /** The {@link hashOfSecret} of each of its keys. */
  readonly keyHashes: readonly string[];
  /** The ids of clients of the configuration. */
  readonly clientIds: readonly string[];
}

/**
 * Finds out which resources a request speaks for (RFC 7662 §2.1), by a key or as a client.
 *
 * @returns the URLs of these resources
 * @throws {AuthError} invalid_client or, for a key that nobody has, invalid_token; invalid_request;
 *   temporarily_unavailable
 */
export type AuthenticateResourceServer = (request: ClientRequest, form: Parameters) => Promise<readonly string[]>;

/**
 * Recognises resource servers.
 *
 * A key comes as the bearer, or as the password of `Basic` for libraries that know no other way: whatever they give as
 * the name does not count, since the key says whose it is.
 *
 * @param introspections - by the URLs of the resources, as they are now
 * @param refresh - sees to it that these are not older than a few seconds
 * @param authenticate - finds the client of a request among those that are named in `introspections`, and no others
 */
export function createAuthenticateResourceServer(
  introspections: () => ReadonlyMap<string, Introspection>,
  refresh: () => Promise<void>,
  authenticate: AuthenticateRequest,
  audit: Audit,
): AuthenticateResourceServer {
  const keys = derived(introspections, (all) =>
    [...all].flatMap(([url, { keyHashes }]) => keyHashes.map((hash) => ({ url, hash }))),
  );

  /** Every key is compared, so that the time tells nothing about any. */
  function resourceOfKey(presented: readonly string[]): string | undefined {
    const hashes = presented.map(hashOfSecret);
    const matching = keys().filter(({ hash }) => hashes.map((each) => secretsEqual(each, hash)).includes(true));
    return matching[0]?.url;
  }

  return async (request, form) => {
    await refresh();
    const bearer = bearerTokenOf(request);
    if (bearer !== undefined && header(request, 'authorization') !== undefined) {
      const url = resourceOfKey([bearer]);
      if (url === undefined) {
        const reason = 'The key is unknown.';
        audit({ event: 'client.authentication_failed', ...originOf(request), reason });
        throw new AuthError('invalid_token', reason); // RFC 6750 §3.1
      }
      return [url];
    }
    const basic = readBasic(header(request, 'authorization') ?? '');
    const url = basic && resourceOfKey(basic.passwords);
    if (url !== undefined) return [url];
    const { clientId } = await authenticate(request, form);
    return [...introspections()].filter(([, { clientIds }]) => clientIds.includes(clientId)).map(([each]) => each);
  };
}
