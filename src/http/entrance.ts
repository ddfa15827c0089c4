import type { HttpRequest } from './message.js';
import type { RateLimits } from './rate-limits.js';
import type { Endpoint } from './router.js';

/** What a request passes before an endpoint sees it. */
export interface Entrance {
  /** Tells the address of the client, where it is known, from that of the peer. */
  readonly clientAddress: (request: Pick<HttpRequest, 'ip' | 'headers'>) => string | undefined;
  readonly limits: RateLimits;
}

/** Puts an endpoint behind the entrance: before it does any work, it is known whose request it is, and that it is not too many. */
export function behindEntrance({ clientAddress, limits }: Entrance, endpoint: Endpoint): Endpoint {
  return {
    ...endpoint,
    handle(request) {
      const known = { ...request, ip: clientAddress(request) };
      if (!endpoint.limit) return endpoint.handle(known);
      return limits.byAddress(endpoint.limit, known).then(() => endpoint.handle(known));
    },
  };
}
