import type { Outside } from '../doctor/outside.js';
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
  /** Where the answer is read. */
  readonly terminal: { readonly colours: boolean; readonly width: number };
  /** What the process ends with, once everything is done. */
  readonly exitWith: (code: number) => void;
  /** From now on an interruption (Ctrl-C) ends nothing by itself, and aborts this; a second one ends the process. */
  readonly interruption: () => AbortSignal;
  /** Opens a URL in the person's browser, where there is one. */
  readonly openBrowser: (url: string) => void;
  /** What lies outside of this process. */
  readonly world: Outside;
}
