import type { AuthenticateRequest } from '../clients/authenticate-request.js';
import type { RevokeToken } from '../grants/revoke-token.js';
import { readForm } from '../http/body.js';
import { originOf } from '../http/message.js';
import type { Endpoint } from '../http/router.js';
import { renderForClient } from './client-challenge.js';

/** `POST /oauth/revoke` (RFC 7009 §2): ends what the client holds. `token_type_hint` is not needed. */
export function revokeEndpoint(authenticate: AuthenticateRequest, revoke: RevokeToken): Endpoint {
  return {
    methods: ['POST'],
    cors: true, // RFC 7009 §2.3
    limit: 'revocation',

    async handle(request) {
      const form = readForm(request);
      const token = form.require('token');
      const client = await authenticate(request, form);
      await revoke(token, client.clientId, originOf(request));
      // RFC 7009 §2.2: the same for what was ended now, before, and never was. Without a body, so without a type.
      return { status: 200, headers: { 'cache-control': 'no-store' } };
    },

    render: renderForClient,
  };
}
