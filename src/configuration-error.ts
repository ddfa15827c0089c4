/** Thrown for a configuration that cannot be used; names every fault, and what to do about it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  /** One sentence for each fault. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`mcp-gatehouse cannot start:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}
