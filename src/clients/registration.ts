import { parseClientMetadata, type ClientMetadata } from '../protocol/client-metadata.js';
import { describeRedirect } from '../protocol/redirect-uri.js';
import type { Audit, RequestOrigin } from '../telemetry/audit.js';
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
 * @param origin - who asks, for the audit
 * @throws {AuthError} invalid_redirect_uri, invalid_client_metadata
 */
export function registerClient(
  clients: Pick<RegisteredClientIds, 'issue'>,
  clock: Clock,
  audit: Audit,
  document: unknown,
  origin: RequestOrigin,
): Registration {
  const metadata = parseClientMetadata(document);
  const { clientId, clientSecret } = clients.issue(metadata);
  audit({
    event: 'client.registered',
    ...origin,
    clientId,
    clientName: metadata.client_name,
    redirectHosts: [...new Set(metadata.redirect_uris.map(hostOf))],
  });
  return {
    client_id: clientId,
    client_id_issued_at: Math.floor(clock()),
    ...(clientSecret !== undefined && { client_secret: clientSecret, client_secret_expires_at: 0 }),
    ...metadata,
  };
}

/** The host, or the scheme of an app: the rest of a URI may hold what is nobody's business. */
function hostOf(redirectUri: string): string {
  const described = describeRedirect(redirectUri);
  return described.kind === 'app' ? `${described.scheme}:` : described.host;
}
