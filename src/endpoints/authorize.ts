import type { BrowserFlow, Door } from '../flow/browser-flow.js';
import type { Endpoint } from '../http/router.js';
import { renderForBrowser } from './browser-error.js';

/**
 * `GET /oauth/authorize` (RFC 6749 §3.1): shows the consent page, and changes nothing.
 *
 * @param door - how it differs from the usual one
 */
export function authorizeEndpoint(flow: BrowserFlow, door?: Door): Endpoint {
  return {
    methods: ['GET', 'HEAD'],
    cors: false,
    limit: 'authorization',
    handle: (request) => flow.authorize(request, door),
    render: renderForBrowser(flow),
  };
}
