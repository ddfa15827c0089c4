import { header, originOf, type HttpRequest } from '../http/message.js';
import { AuthError } from '../protocol/auth-error.js';
import type { Parameters } from '../protocol/parameters.js';
import type { Audit } from '../telemetry/audit.js';
import { reasonOf } from '../telemetry/reason.js';
import { authenticateClient } from './authenticate-client.js';
import type { Client } from './client.js';
import type { FindClient } from './find-client.js';
import type { VerifyAssertion } from './client-assertion.js';

/**
 * Finds out which client sent a request, by exactly the method that it registered (RFC 6749 §2.3).
 *
 * @throws {AuthError} invalid_request, invalid_client; temporarily_unavailable, too_many_requests
 */
export type AuthenticateRequest = (request: ClientRequest, form: Parameters) => Promise<Client>;

/** What of a request bears on who its client is. */
export type ClientRequest = Pick<HttpRequest, 'headers'> & Partial<Pick<HttpRequest, 'ip' | 'id'>>;

/** Authenticates the clients that `findClient` knows. */
export function createAuthenticateRequest(
  findClient: FindClient,
  verifyAssertion: VerifyAssertion,
  audit: Audit,
): AuthenticateRequest {
  return async (request, form) => {
    if (Array.isArray(request.headers['authorization'])) {
      throw new AuthError('invalid_request', 'Use one client authentication method only.'); // RFC 6749 §2.3
    }
    const credentials = {
      authorization: header(request, 'authorization'),
      clientId: form.get('client_id'),
      clientSecret: form.get('client_secret'),
      assertionType: form.get('client_assertion_type'),
      assertion: form.get('client_assertion'),
    };
    let sought = {};
    const findNamed: FindClient = async (id) => {
      const client = await findClient(id, request.ip);
      sought = client ? { clientId: id } : { claimedClientId: id };
      return client;
    };
    try {
      return await authenticateClient(credentials, findNamed, verifyAssertion);
    } catch (thrown) {
      if (thrown instanceof AuthError && thrown.code === 'invalid_client') {
        const reason = reasonOf(thrown);
        audit({ event: 'client.authentication_failed', ...originOf(request), ...sought, reason });
      }
      throw thrown;
    }
  };
}
