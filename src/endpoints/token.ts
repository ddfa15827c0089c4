import { authenticateClient } from '../clients/authenticate-client.js';
import type { FindClient } from '../clients/find-client.js';
import type { VerifyAssertion } from '../clients/verify-assertion.js';
import type { GrantType } from '../grant-types/grant-type.js';
import { readForm } from '../http/body.js';
import { header } from '../http/message.js';
import { errorReply, jsonReply } from '../http/reply.js';
import type { Endpoint } from '../http/router.js';
import { AuthError } from '../protocol/auth-error.js';

/** `POST /oauth/token` (RFC 6749 §3.2). */
export function tokenEndpoint(
  findClient: FindClient,
  verifyAssertion: VerifyAssertion,
  grantTypes: readonly GrantType[],
): Endpoint {
  const byName = new Map(grantTypes.map((grantType) => [grantType.name, grantType]));
  return {
    methods: ['POST'],
    cors: true,

    async handle(request) {
      if (Array.isArray(request.headers['authorization'])) {
        throw new AuthError('invalid_request', 'Use one client authentication method only.'); // RFC 6749 §2.3
      }
      const form = readForm(request);
      const name = form.require('grant_type');
      const credentials = {
        authorization: header(request, 'authorization'),
        clientId: form.get('client_id'),
        clientSecret: form.get('client_secret'),
        assertionType: form.get('client_assertion_type'),
        assertion: form.get('client_assertion'),
      };
      const client = await authenticateClient(credentials, findClient, verifyAssertion);
      const grantType = byName.get(name);
      if (!grantType) throw new AuthError('unsupported_grant_type', 'The grant type is not supported.');
      if (!client.metadata.grant_types.some((registered) => registered === name)) {
        throw new AuthError('unauthorized_client', 'The client did not register this grant type.');
      }
      return jsonReply(200, await grantType.exchange(client, form));
    },

    render(error, request) {
      // RFC 6749 §5.2: a challenge in the scheme that the client tried.
      const triedBasic = error.code === 'invalid_client' && request.headers['authorization'] !== undefined;
      return errorReply(error, triedBasic ? { 'www-authenticate': 'Basic realm="token"' } : {});
    },
  };
}
