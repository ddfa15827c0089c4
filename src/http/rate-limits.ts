import type { HttpRequest } from './message.js';

/** What is limited, each for itself. */
export type LimitName =
  'registration' | 'authorization' | 'token' | 'introspection' | 'revocation' | 'metadataDocuments' | 'admin';

/** What of a request bears on a limit, and on what the log says of it. */
export type LimitedRequest = Partial<Pick<HttpRequest, 'ip' | 'id' | 'path'>>;

/** Counts requests, and refuses those that are too many. Each throws {@link AuthError} too_many_requests. */
export interface RateLimits {
  /** Counts for the address that a request comes from; where nobody knows it, nothing is counted. */
  byAddress(limit: LimitName, request: LimitedRequest): Promise<void>;
  /** Counts for a client, wherever it asks from. Only for one that has authenticated. */
  byClient(limit: LimitName, clientId: string, request: LimitedRequest): Promise<void>;
  /** The same for a resource server, by the resources that it speaks for. */
  byResource(limit: LimitName, resources: readonly string[], request: LimitedRequest): Promise<void>;
}
