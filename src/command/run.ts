import { CommanderError } from 'commander';
import { AuthError } from '../protocol/auth-error.js';
import { UsageFault, type CommandIo } from './io.js';
import { printable } from './output.js';
import { createProgram } from './program.js';

/** What a process ends with. */
export type ExitCode = 0 | 1 | 2;

/**
 * Carries out a command line.
 *
 * @param parameters - what stands behind the name of the program
 * @param redact - takes secrets out of what is said of a fault
 * @returns 1 for a fault, 2 for a command line that cannot be understood; a command may have set another one by itself
 */
export async function run(
  io: CommandIo,
  parameters: readonly string[],
  version: string,
  redact: (text: string) => string,
): Promise<ExitCode> {
  try {
    await createProgram(io, version).parseAsync([...parameters], { from: 'user' });
    return 0;
  } catch (thrown) {
    // Has been said already.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    for (const line of explain(thrown)) io.warn(printable(`gatehouse: ${redact(line)}`));
    return thrown instanceof UsageFault ? 2 : 1;
  }
}

/** Says in sentences what went wrong, and never where in the code. */
function explain(thrown: unknown): readonly string[] {
  if (!(thrown instanceof Error)) return [String(thrown)];
  if ('faults' in thrown && Array.isArray(thrown.faults)) return thrown.faults.map(String);
  if (thrown instanceof AuthError && thrown.cause instanceof Error) return [thrown.message, ...explain(thrown.cause)];
  return thrown.message.split('\n').filter((line) => line.trim() !== '');
}
