import type { HttpReply } from '../http/message.js';

/** What an application's page may load: its own things. Framing it, or posting its form elsewhere by a base, is out. */
const protection: HttpReply['headers'] = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
};

/** Sends a page that an application has made, under headers that it cannot weaken. */
export function customPage(document: string, headers: HttpReply['headers'] = {}): HttpReply {
  return { status: 200, headers: { ...headers, ...protection }, body: document };
}
