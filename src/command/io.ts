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
  /** Asks the person at the terminal; undefined where there is none. */
  readonly confirm: (question: string) => Promise<boolean | undefined>;
  /** Makes what the store needs, and answers what was done, in sentences. */
  readonly migrateStore: (options: StoreMigration) => Promise<readonly string[]>;
  /** The SQL that the store needs; none where it needs none. */
  readonly schemaOfStore: (options: StoreMigration) => Promise<string | undefined>;
  /** Serves the deployment until a signal ends the process. */
  readonly serve: () => Promise<void>;
  /** Hears of the options that all commands have, before any of them is carried out. */
  readonly prepare: (options: CommonOptions) => void;
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

/** How a store is made ready. */
export interface StoreMigration {
  /** The role that is to use the tables at run time, where it is another one. */
  readonly grantTo?: string | undefined;
}

/** What every command takes. */
export interface CommonOptions {
  readonly envFile?: string | undefined;
  readonly config?: string | undefined;
}

/** A command that was given what it cannot work with, though its syntax is right. */
export class UsageFault extends Error {}
