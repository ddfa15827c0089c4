import type { ClientAuthenticationMethod, ClientMetadata } from '../protocol/client-metadata.js';

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
}
