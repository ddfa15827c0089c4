import { createHash } from 'node:crypto';
import type { HttpReply } from '../http/message.js';
import { html, type Html } from './html.js';
import { stylesheet } from './style.js';

/** What distinguishes one page from another. */
export interface PageContent {
  readonly status: number;
  /** What the browser's tab shows. */
  readonly title: string;
  /** Everything inside the page's card, with exactly one `h1`. */
  readonly body: Html;
  /** Further headers, such as `set-cookie`; those that protect the page cannot be replaced. */
  readonly headers?: HttpReply['headers'];
}

// On one line, since the hash covers every character between the tags.
// prettier-ignore
const styleElement = html`<style>${stylesheet}</style>`;

const styleHash = createHash('sha256').update(stylesheet.toString()).digest('base64');

const protection: HttpReply['headers'] = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  // No form-action: Chrome holds every redirect that follows the form's POST against it, so that it would stop the
  // hand-off to the provider, and the way back to the app.
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; frame-ancestors 'none'`,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  // Not no-referrer: Chrome would then send `Origin: null` with the form, which is what a forged POST looks like.
  'referrer-policy': 'same-origin',
};

/** Makes a whole document: no script, nothing loaded from anywhere, and no other site may frame it. */
export function page({ status, title, body, headers = {} }: PageContent): HttpReply {
  const document = html`<!doctype html>
    <html lang="en" dir="ltr">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        ${styleElement}
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`;
  return { status, headers: { ...headers, ...protection }, body: document.toString() };
}
