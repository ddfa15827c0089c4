import type { Account } from '../flow/account.js';
import type { BrowserFlow } from '../flow/browser-flow.js';
import type { Endpoint } from '../http/router.js';
import { renderForBrowser } from './browser-error.js';

/**
 * `GET /oauth/callback`, or `/oauth/callback/<id>`: our redirection endpoint at a provider (RFC 6749 §3.1.2).
 *
 * @param provider - whose door this is; undefined for the one that all share
 * @param account - the other place to sign in to, where there is one: providers know no second redirect URI
 */
export function callbackEndpoint(flow: BrowserFlow, provider: string | undefined, account?: Account): Endpoint {
  return {
    methods: ['GET'],
    cors: false,
    limit: 'authorization',
    handle: (request) => (account?.isReturn(request) ? account : flow).return(request, provider),
    render: renderForBrowser(flow),
  };
}
