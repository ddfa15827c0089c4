import type { HttpReply } from '../http/message.js';
import type { ResourceView } from './resource-name.js';

/** What the page for a refused account shows. */
export interface RefusedView {
  /** The name of the provider where the user signed in. */
  readonly provider: string;
  /** What the user knows the account by; absent when that is not known. */
  readonly account: string | undefined;
  readonly resource: ResourceView;
  /** A sentence of the operator's; undefined where no rule lets the account in, and nobody said why. */
  readonly reason: string | undefined;
  /** Back to the app, which then hears of the refusal. */
  readonly returnUrl: string;
  readonly requestId: string;
  /** Further headers, such as the cookie that ends the sign-in. */
  readonly headers?: HttpReply['headers'];
}
