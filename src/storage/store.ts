/**
 * Where one record is. A `partition` is the unit of sharding and of listing; `id` is unique in its partition.
 *
 * Both are printable ASCII of 1 to 512 characters, chosen by this package and never by a stranger.
 */
export interface Key {
  readonly partition: string;
  readonly id: string;
}

/** A random string that the writer chooses, so that a writer whose answer was lost can recognise its own write. */
export type Version = string;

/** A record as it was read. */
export interface Entry {
  readonly value: string;
  readonly version: Version;
}

/** One record of a partition. */
export interface Listed extends Entry {
  readonly id: string;
}

/** One record of the whole store. */
export interface Scanned extends Key, Entry {}

/** A portion of a scan. */
export interface ScanPortion {
  /** There may be none, though there are more portions. */
  readonly entries: readonly Scanned[];
  /** Where the next portion begins; absent in the last one. Means something only to the store that answered it. */
  readonly after?: string;
}

/** Which portion of a scan is asked for. */
export interface ScanOptions {
  /** What the portion before it answered. @defaultValue the first portion */
  readonly after?: string | undefined;
  /** About how many records to look at; so much may be in memory at once. @defaultValue 100 */
  readonly limit?: number;
}

/** How a record is written. */
export interface SetOptions {
  /** The version of the new record: random, chosen by the caller, different at every call. */
  readonly version: Version;
  /** The instant (epoch seconds) from which the record is absent. */
  readonly expiresAt: number | 'never';
  /** Writes only over this version, or only where there is no record. Without it, writes whatever is there. */
  // eslint-disable-next-line @typescript-eslint/no-redundant-type-constituents -- a version is a string; the word is told apart
  readonly expect?: Version | 'absent';
}

/**
 * What mcp-gatehouse asks of a database: four verbs (and one more for operators), opaque values (well-formed text without NUL), one atomic idea.
 *
 * Every verb is linearizable per record, and a write that was acknowledged survives a crash as far as the backend can
 * promise it. An expired record is absent for every verb. A verb that rejects says nothing about whether it happened.
 *
 * The exported suite `mcp-gatehouse/store-contract` proves an implementation.
 */
export interface Store {
  /** Reads one record. */
  get(key: Key): Promise<Entry | undefined>;
  /** Writes one record, and answers `false`, having changed nothing, when the expectation does not hold. */
  set(key: Key, value: string, options: SetOptions): Promise<boolean>;
  /** Removes one record, and answers `true` to exactly one caller. */
  delete(key: Key, options?: { readonly expect?: Version }): Promise<boolean>;
  /** Lists a partition in ascending order of `id`, beginning behind `after`; `limit` defaults to 100. */
  list(partition: string, options?: { readonly after?: string; readonly limit?: number }): Promise<Listed[]>;
  /**
   * Reads every record in portions, in any order, for an operator who looks for something. A store need not have it.
   *
   * A record that is there from the first portion to the last is in one of them, or in several. What is written or removed
   * meanwhile may be in one or in none. Rejects where it can no longer promise that, and has to be begun anew then.
   */
  scan?(options?: ScanOptions): Promise<ScanPortion>;
  /** Releases what the store holds open. Further calls reject. */
  close(): Promise<void>;
  /** True when a restart loses everything: such a store is refused in production. */
  readonly volatile?: boolean;
}
