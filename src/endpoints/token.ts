import type { AuthenticateRequest } from '../clients/authenticate-request.js';
import type { GrantType } from '../grant-types/grant-type.js';
import { readForm } from '../http/body.js';
import { jsonReply } from '../http/reply.js';
import type { Endpoint } from '../http/router.js';
import { AuthError } from '../protocol/auth-error.js';
import { renderForClient } from './client-challenge.js';

/** `POST /oauth/token` (RFC 6749 §3.2). */
export function tokenEndpoint(authenticate: AuthenticateRequest, grantTypes: readonly GrantType[]): Endpoint {
  const byName = new Map(grantTypes.map((grantType) => [grantType.name, grantType]));
  return {
    methods: ['POST'],
    cors: true,

    async handle(request) {
      const form = readForm(request);
      const name = form.require('grant_type');
      const client = await authenticate(request, form);
      const grantType = byName.get(name);
      if (!grantType) throw new AuthError('unsupported_grant_type', 'The grant type is not supported.');
      if (!client.metadata.grant_types.some((registered) => registered === name)) {
        throw new AuthError('unauthorized_client', 'The client did not register this grant type.');
      }
      return jsonReply(200, await grantType.exchange(client, form));
    },

    render: renderForClient,
  };
}
