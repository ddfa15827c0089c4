import type { SignIn } from './sign-in.js';

/** Where a browser stands on its way from the client, through this server and a provider, and back. */
export interface Journey {
  /** What the browser has just done: answered the page, or come back from the provider. */
  readonly event: 'approved' | 'denied' | 'returned';
  /** Whether it is the browser that was shown the page (at the form), or that approved (coming back). */
  readonly sameBrowser: boolean;
  /** How the transaction was answered so far. */
  readonly status: 'unanswered' | SignIn['status'];
}

/** What this server does next. */
export type Step =
  | 'show the page'
  | 'hand off to the provider'
  | 'tell the client of the denial'
  | 'identify the user'
  | 'say that it was answered'
  | 'say that it has expired'
  | 'say that it is another browser';

/** The order of the browser's steps, from the page that a valid request is shown to the code. */
export function nextStep({ event, sameBrowser, status }: Journey): Step {
  if (event === 'returned') {
    if (status === 'unanswered') return 'say that it has expired';
    if (!sameBrowser) return 'say that it is another browser';
    return status === 'pending' ? 'identify the user' : 'say that it was answered';
  }

  // Whoever was not shown the page has approved nothing.
  if (!sameBrowser) return 'show the page';
  if (status === 'denied' || status === 'finished') return 'say that it was answered';
  // A second click while the sign-in is pending: an approval goes the same way again, a denial takes it back.
  return event === 'approved' ? 'hand off to the provider' : 'tell the client of the denial';
}
