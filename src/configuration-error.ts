import type { z } from 'zod';

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

/** Says in one sentence what a schema has found. */
export function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return `${[...issue.path, issue.keys.join(', ')].join('.')} is not an option: see the list in the README.`;
  }
  return [issue.path.join('.'), `${issue.message}.`].filter((part) => part !== '').join(' ');
}
