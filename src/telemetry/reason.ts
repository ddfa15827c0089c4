import { AuthError } from '../protocol/auth-error.js';

/** Says why something failed: what lay behind it, where that is in our words too, since whoever was answered heard less. */
export function reasonOf({ cause, message }: AuthError): string {
  return cause instanceof AuthError ? cause.message : message;
}
