import type { HttpReply } from '../http/message.js';
import { html, type Html } from './html.js';
import { icons } from './icons.js';
import { page } from './page.js';
import { resourceName, type ResourceView } from './resource-name.js';
import { readable } from './text.js';

/** What the page for a refused account shows. */
export interface RefusedView {
  /** The name of the provider where the user signed in. */
  readonly provider: string;
  /** What the user knows the account by; absent when that is not known. */
  readonly account: string | undefined;
  readonly resource: ResourceView;
  /** A sentence of ours, or of the operator's. */
  readonly reason: string;
  /** Back to the app, which then hears of the refusal. */
  readonly returnUrl: string;
  readonly requestId: string;
  /** Further headers, such as the cookie that ends the sign-in. */
  readonly headers?: HttpReply['headers'];
}

/** Tells a person that the account which they signed in with may not come in, and what they can do. */
export function refusedPage(view: RefusedView): HttpReply {
  const provider = html`<bdi>${readable(view.provider, 60)}</bdi>`;
  return page({
    status: 403,
    title: 'This account may not sign in',
    body: html`<header>
        <div class="marks"><span class="mark alert">${icons.warning}</span></div>
        <h1>This account may not sign in</h1>
        <p class="message">You signed in at ${provider}${accountIn(view)}.</p>
        <p class="message">
          This account may not use <strong><bdi>${resourceName(view.resource)}</bdi></strong
          >.
          <bdi>${readable(view.reason, 300)}</bdi>
        </p>
      </header>
      <section>
        <h2>What you can do</h2>
        <ul>
          <li>
            ${icons.info}
            <span>
              Start again from the app, and choose another account. You may have to sign out at ${provider} first.
            </span>
          </li>
          <li>${icons.info}<span>Or ask whoever runs this server to let this account in.</span></li>
        </ul>
        <a class="button primary" href="${view.returnUrl}" rel="noreferrer">Return to the app</a>
      </section>
      <footer class="aside">Request ID <code>${readable(view.requestId, 100)}</code></footer>`,
    ...(view.headers && { headers: view.headers }),
  });
}

function accountIn({ account }: RefusedView): Html | string {
  const shown = readable(account ?? '', 254);
  return shown ? html` as <strong><bdi>${shown}</bdi></strong>` : '';
}
