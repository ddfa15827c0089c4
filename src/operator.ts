import { ConfigurationError } from './configuration-error.js';
import type { Foundation } from './foundation.js';
import type { Operator } from './operator/operator.js';

/** Puts together what operators can do. */
export function createOperator({ signingKeys }: Foundation): Operator {
  return {
    async rotateSigningKeys() {
      if (!signingKeys.rotate) {
        throw new ConfigurationError(['signing names the keys itself: rotate them there, the new one first.']);
      }
      await signingKeys.rotate({});
    },
  };
}
