import type { ClientAuthenticationMethod, ClientMetadata } from '../protocol/client-metadata.js';
import type { ClientKeys } from './client-keys.js';

/** A client that this server knows, however it came to know it. */
export interface Client {
  readonly clientId: string;
  readonly metadata: ClientMetadata;
  /** The one way in which this client authenticates. */
  readonly authenticationMethod: ClientAuthenticationMethod;
  /** Tells whether a presented secret is this client's, in constant time. A public client has none. */
  readonly secretMatches: (presented: string) => boolean;
  /** The host that is known to stand behind the metadata; absent when anybody may have made it up. */
  readonly verifiedHost?: string;
  /** What its assertions are verified with, where it authenticates by `private_key_jwt`. */
  readonly keys?: ClientKeys;
  /** True where the operator knows it, and named it in the configuration. */
  readonly isPreRegistered?: boolean;
  /** When the operator added it while the server ran: what an earlier one of the same id was granted is not its own. */
  readonly since?: number;
  /** What the operator lets it ask for; without it, everything. */
  readonly limits?: ClientLimits;
  /** True where the operator vouches for the client, and its users are not asked. */
  readonly skipsConsent?: boolean;
}

/** What a client may ask for. What is absent is not limited. */
export interface ClientLimits {
  readonly scopes?: readonly string[];
  /** Canonical URLs; the first one is what the client gets that names none. */
  readonly resources?: readonly string[];
}
