import { AuthError } from '../protocol/auth-error.js';

/** A change that an operator asked for, and that cannot be made. */
export class RegistryFault extends AuthError {
  /** One sentence for each fault, for the operator only: it quotes what was sent. */
  readonly faults: readonly string[];

  constructor(code: 'invalid_request' | 'not_found' | 'conflict', faults: readonly string[]) {
    super(code, messages[code]);
    this.faults = faults;
  }
}

const messages = {
  invalid_request: 'The entry cannot be used as it is.',
  not_found: 'There is no such entry.',
  conflict: 'The change does not fit what is there.',
} as const;
