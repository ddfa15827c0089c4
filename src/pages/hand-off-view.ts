import type { HttpReply } from '../http/message.js';

/** What the page shows that leads back to an app which is no website. */
export interface HandOffView {
  /** The authorization response: only to where a proven redirect leads. */
  readonly url: string;
  /** The code to carry to another computer, and how many seconds it is good for; without it the browser goes on by itself. */
  readonly code?: { readonly value: string; readonly ttl: number };
  readonly headers?: HttpReply['headers'];
}
