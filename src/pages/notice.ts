import type { HttpReply } from '../http/message.js';
import { html, type Html } from './html.js';
import { icons } from './icons.js';
import { page } from './page.js';
import { readable } from './text.js';

/** What an error page says. The texts are ours: never an upstream's, and never a stack. */
export interface ErrorView {
  readonly status: number;
  /** A few words for a person, such as "This link has expired". */
  readonly title: string;
  readonly message: string;
  /** What to do now. @defaultValue to go back to the app and start again there */
  readonly advice?: string;
  /** What the log has under the same name. */
  readonly requestId: string;
  /** Further headers, such as `retry-after`. */
  readonly headers?: HttpReply['headers'];
}

/** Tells a person that something went wrong for good, and what to do now. */
export function errorPage({ status, title, message, advice, requestId, headers }: ErrorView): HttpReply {
  return page({
    status,
    title,
    body: notice(
      html`<span class="mark alert">${icons.warning}</span>`,
      title,
      message,
      advice ?? 'Go back to the app and start again from there.',
      requestId,
    ),
    ...(headers && { headers }),
  });
}

/** Tells a person that this request was approved or denied before, and that there is nothing left to do here. */
export function answeredPage({ requestId }: { readonly requestId: string }): HttpReply {
  const title = 'This request has been answered already';
  const message = 'It was approved or denied before, so there is nothing left to do on this page.';
  const advice = 'Go back to the app. If it did not finish connecting, start again from the app.';
  // 409 and not 200: a browser shows the page all the same, and a program cannot take it for a success.
  return page({
    status: 409,
    title,
    body: notice(html`<span class="mark">${icons.check}</span>`, title, message, advice, requestId),
  });
}

function notice(mark: Html, title: string, message: string, advice: string, requestId: string): Html {
  return html`<header>
      <div class="marks">${mark}</div>
      <h1>${title}</h1>
      <p class="message">${message}</p>
    </header>
    <p class="target">${icons.info}<span>${advice}</span></p>
    <footer class="aside">Request ID <code>${readable(requestId, 100)}</code></footer>`;
}
