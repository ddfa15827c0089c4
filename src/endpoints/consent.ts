import type { BrowserFlow } from '../flow/browser-flow.js';
import { jsonReply } from '../http/reply.js';
import type { Endpoint } from '../http/router.js';
import { renderForBrowser } from './browser-error.js';

/**
 * `POST /oauth/consent`: the user's answer to the page (MCP security best practices, confused deputy); and `GET`, where an
 * application has a page of its own elsewhere: what that has to show.
 *
 * What is told there is what the sealed transaction holds, to whoever has it: the browser that was sent to that page.
 *
 * @param pageOrigin - the origin of the application's page, whose scripts may read it
 */
export function consentEndpoint(flow: BrowserFlow, pageOrigin?: string): Endpoint {
  const readable = { 'access-control-allow-origin': pageOrigin ?? '', vary: 'Origin' };
  return {
    methods: pageOrigin === undefined ? ['POST'] : ['GET', 'POST'],
    cors: false,
    limit: 'authorization',
    async handle(request) {
      if (request.method === 'POST') return flow.answer(request);
      return jsonReply(200, await flow.describe(request), readable);
    },
    render: renderForBrowser(flow),
  };
}
