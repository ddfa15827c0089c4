import { parseClientMetadata, type ClientMetadata } from '../protocol/client-metadata.js';
import type { Clock } from '../storage/clock.js';
import type { RegisteredClientIds } from './registered-client-id.js';

/** The answer to a registration (RFC 7591 §3.2.1). */
export interface Registration extends ClientMetadata {
  readonly client_id: string;
  /** Epoch seconds. */
  readonly client_id_issued_at: number;
  readonly client_secret?: string;
  /** 0 says that the secret does not expire. */
  readonly client_secret_expires_at?: 0;
}

/**
 * Registers a client. Writes nothing: the client id is the registration.
 *
 * @throws {AuthError} invalid_redirect_uri, invalid_client_metadata
 */
export function registerClient(clients: Pick<RegisteredClientIds, 'issue'>, clock: Clock, document: unknown) {
  const metadata = parseClientMetadata(document);
  const { clientId, clientSecret } = clients.issue(metadata);
  const registration: Registration = {
    client_id: clientId,
    client_id_issued_at: Math.floor(clock()),
    ...(clientSecret !== undefined && { client_secret: clientSecret, client_secret_expires_at: 0 }),
    ...metadata,
  };
  return registration;
}
