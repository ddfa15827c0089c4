import type { Account } from '../flow/account.js';
import type { BrowserFlow } from '../flow/browser-flow.js';
import { redirectReply } from '../http/reply.js';
import type { Endpoint } from '../http/router.js';
import { renderForBrowser } from './browser-error.js';

/** `GET /oauth/account`: the applications that hold access in the user's name; `POST`: a button of that page. */
export function accountEndpoint(account: Account, flow: Pick<BrowserFlow, 'deliver' | 'pages'>): Endpoint {
  return {
    methods: ['GET', 'HEAD', 'POST'],
    cors: false,
    limit: 'authorization',
    handle: (request) => (request.method === 'POST' ? account.answer(request) : account.show(request)),
    render: renderForBrowser(flow),
  };
}

/** `GET /account`: what people can remember. It leads to the page, whose forms are posted there. */
export function accountAlias(url: string): Endpoint {
  return { methods: ['GET', 'HEAD'], cors: false, handle: () => redirectReply(url) };
}
