import type { BrowserFlow } from '../flow/browser-flow.js';
import type { Endpoint } from '../http/router.js';
import { renderForBrowser } from './browser-error.js';

/** `POST /oauth/consent`: the user's answer to the page (MCP security best practices, confused deputy). */
export function consentEndpoint(flow: BrowserFlow, issuer: string): Endpoint {
  return {
    methods: ['POST'],
    cors: false,
    handle: (request) => flow.answer(request),
    render: renderForBrowser(issuer),
  };
}
