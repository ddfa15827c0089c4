/** What is told of a measurement. Only values of sets that are known beforehand: each combination is a series of its own. */
export type Attributes = Readonly<Record<string, string | number>>;

/** The counters, by their names. */
export type CounterName = 'mcp_gatehouse.access_token.verifications' | 'mcp_gatehouse.audit.events';

/** The histograms of durations, by their names. */
export type DurationName =
  'mcp_gatehouse.request.duration' | 'mcp_gatehouse.provider.duration' | 'mcp_gatehouse.store.duration';

/** Something that takes time. */
export interface Operation {
  readonly duration: DurationName;
  readonly attributes: Attributes;
  /** The name of its span; without it there is none. */
  readonly span?: string;
  /** For a request: its headers, which may say whose trace it belongs to. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** How an operation went. */
export interface Ending {
  readonly attributes: Attributes;
  /** Whether it is a fault of ours, or of whom we asked. */
  readonly isFault: boolean;
}

/** Where metrics and traces go. Nothing of it ever throws. */
export interface Telemetry {
  /**
   * Tells whether any of it goes anywhere: an application may have the API without an SDK, where to tell nobody of a
   * request would cost as much as signing its token.
   */
  isHeard(): boolean;
  /** Counts one. */
  count(counter: CounterName, attributes: Attributes): void;
  /** Does something, and tells how long that took and how it went. */
  observe<T>(operation: Operation, act: () => Promise<T>, endingOf: (outcome: Outcome<T>) => Ending): Promise<T>;
}

/** What an operation came to. */
export type Outcome<T> = { readonly value: T } | { readonly thrown: unknown };
