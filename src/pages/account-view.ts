import type { HttpReply } from '../http/message.js';
import type { ClientView, ProviderView, ScopeView } from './consent-view.js';
import type { ResourceView } from './resource-name.js';

/** What the page of the connected applications shows. Every text of a client's in it comes from a stranger. */
export interface AccountView {
  /** Where the form is posted to. */
  readonly action: string;
  /** The sealed form, posted as `account`. */
  readonly form: string;
  /** Where the user can sign in; none where the user has. */
  readonly providers: readonly ProviderView[];
  /** The user who has signed in, and what holds access in that user's name. */
  readonly signedIn?: ConnectionsView & { readonly provider: string };
  /** Whether the page is shown once more, since what was posted did not come from it. @defaultValue false */
  readonly isRepeated?: boolean;
  /** Further headers, such as the browser's cookie. */
  readonly headers?: HttpReply['headers'];
}

/** What holds access in a user's name. */
export interface ConnectionsView {
  readonly connections: readonly ConnectionView[];
  /** Whether there are more than are shown. */
  readonly hasMore: boolean;
  /** Whose access the user has ended a moment ago. */
  readonly ended: readonly ClientView[];
}

/** One application's access. Instants are epoch seconds. */
export interface ConnectionView {
  readonly grantId: string;
  readonly client: ClientView;
  readonly resource: ResourceView;
  readonly scopes: readonly ScopeView[];
  readonly createdAt: number;
  /** To a day; absent where it was not used, or nobody here could see it. */
  readonly usedAt?: number;
}
