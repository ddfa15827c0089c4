import { AuthError } from '../protocol/auth-error.js';

/**
 * Why there are no tokens, and will be none without a new sign-in.
 *
 * - `no vault`: nothing is kept
 * - `expired`: the access token has expired, and the provider gave nothing to renew it with
 * - `signed out`: the provider does not take the refresh token any more
 * - `refused`: the user may not sign in here any more
 */
export type LossReason = 'no vault' | 'expired' | 'signed out' | 'refused';

const descriptions: Readonly<Record<LossReason, string>> = {
  'no vault': 'There are no tokens of the identity provider for this grant.',
  expired: 'The sign-in at the identity provider has expired. The user has to sign in again.',
  'signed out': 'The sign-in at the identity provider is over. The user has to sign in again.',
  refused: 'The user may not sign in here any more.',
};

/** The tokens of the provider are lost: trying again does not help. */
export class SessionLost extends AuthError {
  readonly reason: LossReason;

  constructor(reason: LossReason, cause?: unknown) {
    super('invalid_grant', descriptions[reason], { cause });
    this.reason = reason;
  }
}
