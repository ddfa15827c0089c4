import type { AuthenticateRequest } from '../clients/authenticate-request.js';
import type { Trade } from '../grant-types/trade.js';
import { readForm } from '../http/body.js';
import { originOf } from '../http/message.js';
import type { RateLimits } from '../http/rate-limits.js';
import { jsonReply } from '../http/reply.js';
import type { Endpoint } from '../http/router.js';
import { renderForClient } from './client-challenge.js';

/** `POST /oauth/token` (RFC 6749 §3.2). */
export function tokenEndpoint(authenticate: AuthenticateRequest, trade: Trade, limits: RateLimits): Endpoint {
  return {
    methods: ['POST'],
    cors: true,
    limit: 'token',

    async handle(request) {
      const form = readForm(request);
      const name = form.require('grant_type');
      const client = await authenticate(request, form);
      // Only who has proven to be the client counts as the client, or strangers could shut it out by its name. A public
      // one proves nothing, so its address, which has been counted, is all there is to count.
      if (client.authenticationMethod !== 'none') await limits.byClient('token', client.clientId, request);
      return jsonReply(200, await trade(client, name, form, originOf(request)));
    },

    render: renderForClient,
  };
}
