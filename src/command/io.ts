import type { Operator } from '../operator/operator.js';

/** What a command touches of the process that it runs in. */
export interface CommandIo {
  /** Writes one line of the answer. */
  readonly print: (line: string) => void;
  /** Writes one line beside the answer: a warning, or what went wrong. */
  readonly warn: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Opens the deployment that the environment describes, on its store, for as long as `work` takes. */
  readonly withOperator: <T>(work: (operator: Operator) => Promise<T>) => Promise<T>;
}
