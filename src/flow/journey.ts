import type { SignIn } from './sign-in.js';

/** A browser that has just come from a client, with a request that was found valid. */
export interface Arrival {
  readonly event: 'arrived';
  /** Whether the operator vouches for the client, so that its users need not be asked. */
  readonly isVouchedFor: boolean;
  /** Whether the user approved the very same recently, in this browser. */
  readonly isRemembered: boolean;
  /** Whether no other website has sent the browser here. */
  readonly isOwnNavigation: boolean;
  /** Whether a person sees where the browser goes, as in no frame, image or prefetch. */
  readonly isNavigation: boolean;
  /** Whether somebody has to choose among providers. */
  readonly hasChoice: boolean;
}

/** Where a browser stands on its way from the page, through this server and a provider, and back. */
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
  | 'answer the client'
  | 'say that it was answered'
  | 'say that it has expired'
  | 'say that it is another browser';

/** The order of the browser's steps, from the page that a valid request is shown to the code. */
export function nextStep(stage: Arrival | Journey): Step {
  if (stage.event === 'arrived') {
    // What is remembered passes only where no other site could have started it for the user.
    const isApproved = stage.isVouchedFor || (stage.isRemembered && stage.isOwnNavigation);
    const mayPass = isApproved && stage.isNavigation && !stage.hasChoice;
    return mayPass ? 'hand off to the provider' : 'show the page';
  }

  const { event, sameBrowser, status } = stage;
  if (event === 'returned') {
    if (status === 'unanswered') return 'say that it has expired';
    if (!sameBrowser) return 'say that it is another browser';
    return status === 'pending' ? 'identify the user' : 'say that it was answered';
  }

  if (status === 'signed in') {
    if (!sameBrowser) return 'say that it is another browser';
    return event === 'approved' ? 'answer the client' : 'tell the client of the denial';
  }
  // Whoever was not shown the page has approved nothing.
  if (!sameBrowser) return 'show the page';
  if (status === 'denied' || status === 'finished') return 'say that it was answered';
  // A second click while the sign-in is pending: an approval goes the same way again, a denial takes it back.
  return event === 'approved' ? 'hand off to the provider' : 'tell the client of the denial';
}
