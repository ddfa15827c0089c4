import { readJson } from '../http/body.js';
import { jsonReply } from '../http/reply.js';
import type { Endpoint } from '../http/router.js';
import type { RegisteredClientIds } from '../clients/registered-client-id.js';
import type { Clock } from '../storage/clock.js';
import { parseClientMetadata } from '../protocol/client-metadata.js';

/** `POST /oauth/register` (RFC 7591 §3): writes nothing; the client id is the registration. */
export function registerEndpoint(clients: RegisteredClientIds, clock: Clock): Endpoint {
  return {
    methods: ['POST'],
    cors: true,
    handle(request) {
      const metadata = parseClientMetadata(readJson(request, 'invalid_client_metadata'));
      const { clientId, clientSecret } = clients.issue(metadata);
      return jsonReply(201, {
        client_id: clientId,
        client_id_issued_at: Math.floor(clock()),
        // RFC 7591 §3.2.1: 0 says that the secret does not expire.
        ...(clientSecret !== undefined && { client_secret: clientSecret, client_secret_expires_at: 0 }),
        ...metadata,
      });
    },
  };
}
