import type { HttpReply } from '../http/message.js';

type Headers = HttpReply['headers'];

/** What a page's headers depend on. */
export interface PageHeaders {
  /** What the page may use, as a Content-Security-Policy; who may frame it is not the page's to say. */
  readonly policy: string;
  /** Whether a form on the page is posted to us. @defaultValue false */
  readonly hasForm?: boolean;
  /** Whether the browser goes on to the client from here. @defaultValue false */
  readonly leadsOn?: boolean;
}

/**
 * The headers that protect a page. There is no `form-action`: Chrome holds every redirect that follows a form's POST
 * against it, so that it would stop the hand-off to the provider, and the way back to the app.
 */
export function protection({ policy, hasForm = false, leadsOn = false }: PageHeaders): Headers {
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': `${policy}; base-uri 'none'; frame-ancestors 'none'`,
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    // With no-referrer Chrome would send `Origin: null` with a form, which is what a forged POST looks like. No other site
    // is told anything either way.
    'referrer-policy': hasForm ? 'same-origin' : 'no-referrer',
    // Some clients open a window for the sign-in, and wait until it tells them: that would end with same-origin.
    'cross-origin-opener-policy': leadsOn ? 'unsafe-none' : 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'x-robots-tag': 'noindex',
  };
}
