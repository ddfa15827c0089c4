import { readJson } from '../http/body.js';
import { jsonReply } from '../http/reply.js';
import type { Endpoint } from '../http/router.js';
import type { RegisteredClientIds } from '../clients/registered-client-id.js';
import { registerClient } from '../clients/registration.js';
import type { Clock } from '../storage/clock.js';

/** `POST /oauth/register` (RFC 7591 §3): writes nothing; the client id is the registration. */
export function registerEndpoint(clients: RegisteredClientIds, clock: Clock): Endpoint {
  return {
    methods: ['POST'],
    cors: true,
    limit: 'registration',
    handle: (request) => jsonReply(201, registerClient(clients, clock, readJson(request, 'invalid_client_metadata'))),
  };
}
