import type { HttpReply } from '../http/message.js';
import type { ErrorTopic } from '../protocol/auth-error.js';

/** What can be told to a person on a page that has no question. */
export type NoticeKind =
  | ErrorTopic
  | 'answered'
  | 'unknownClient'
  | 'badRequest'
  | 'denied'
  | 'unavailable'
  | 'tooMany'
  | 'fault'
  | 'signedOut';

/** What a page says that has no question. The texts are ours: never an upstream's, and never a stack. */
export interface NoticeView {
  readonly kind: NoticeKind;
  /** @defaultValue that of the kind, such as 409 for a request that was answered before */
  readonly status?: number;
  /** One wire-safe sentence in English, for whoever made the app. */
  readonly detail?: string;
  /** Seconds after which trying again is worthwhile, where that is known. */
  readonly retryAfter?: number | undefined;
  /** What the log has under the same name. */
  readonly requestId: string;
  /** Further headers, such as `retry-after`. */
  readonly headers?: HttpReply['headers'];
}
