import { AuthError } from '../protocol/auth-error.js';

/** The members that may say what people call an account. */
interface AccountNames {
  readonly email?: unknown;
  readonly preferred_username?: unknown;
  readonly name?: unknown;
}

/** What is said of a user whom no rule of access lets in, where no rule says it in words of its own. */
export const noRuleMatches = 'No rule of this server lets this account in.';

/**
 * A user who signed in at the provider, and whom this installation does not let in: by a rule of access, its preset or
 * its `tokenMapper`. What the provider itself refused is a plain `access_denied`.
 */
export class Refusal extends AuthError {
  /** What the user knows the account by, for the user's eyes only; it identifies nobody. */
  readonly account: string | undefined;
  /** Who the user is at the provider, where that was known already. */
  readonly subject: string | undefined;

  /** @param description - one wire-safe sentence, which the user and the client's developer read */
  constructor(
    description: string,
    { account, subject, cause }: { account?: string | undefined; subject?: string | undefined; cause?: unknown },
  ) {
    super('access_denied', description, { cause });
    this.account = account;
    this.subject = subject;
  }
}

/** What a user knows an account by. */
export function accountOf({ email, preferred_username, name }: AccountNames): string | undefined {
  return [email, preferred_username, name].find((text) => typeof text === 'string' && text !== '') as
    string | undefined;
}
