/** Why a document could not be fetched, in our words and the system's: nothing that the other side said. */
export class FetchFault extends Error {
  override readonly name = 'FetchFault';
  /**
   * `UNSUPPORTED_URL`, `NOT_RESOLVED`, `FORBIDDEN_ADDRESS`, `TIMEOUT`, `STATUS_403` (or another), `ENCODED`,
   * `NOT_JSON`, `TOO_LARGE`, `CUT_OFF`, `BUSY`, or what the system calls it, such as `ECONNREFUSED`.
   */
  readonly code: string;

  constructor(code: string) {
    super(`The document could not be fetched (${code}).`);
    this.code = code;
  }

  /** Whether it would have been fetched from where nobody may send us: then trying again does not help. */
  get isForbidden(): boolean {
    return this.code === 'UNSUPPORTED_URL' || this.code === 'FORBIDDEN_ADDRESS';
  }

  /** Whether this server had too much to do, which says nothing about the document. */
  get isBusy(): boolean {
    return this.code === 'BUSY';
  }
}

/** The code that Node gives an error, where it has one. */
export function systemCodeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' && /^\w{1,60}$/.test(error.code) ? error.code : 'FAILED';
}
