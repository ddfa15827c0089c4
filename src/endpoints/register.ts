import { readJson } from '../http/body.js';
import { originOf } from '../http/message.js';
import { jsonReply } from '../http/reply.js';
import type { Endpoint } from '../http/router.js';
import type { RegisteredClientIds } from '../clients/registered-client-id.js';
import { registerClient } from '../clients/registration.js';
import type { Audit } from '../telemetry/audit.js';
import type { Clock } from '../storage/clock.js';

/** `POST /oauth/register` (RFC 7591 §3): writes nothing; the client id is the registration. */
export function registerEndpoint(clients: RegisteredClientIds, clock: Clock, audit: Audit): Endpoint {
  return {
    methods: ['POST'],
    cors: true,
    limit: 'registration',
    handle(request) {
      const document = readJson(request, 'invalid_client_metadata');
      return jsonReply(201, registerClient(clients, clock, audit, document, originOf(request)));
    },
  };
}
