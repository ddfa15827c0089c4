import { Command } from 'commander';
import { doctorCommand } from './doctor.js';
import type { CommandIo } from './io.js';
import { secretCommand } from './secret.js';

/** Every command, in the order in which `gatehouse help` lists them. */
const commands: readonly ((io: CommandIo) => Command)[] = [secretCommand, doctorCommand];

/** Puts the `gatehouse` command together. */
export function createProgram(io: CommandIo): Command {
  const program = new Command('gatehouse').description('Operates an mcp-gatehouse: OAuth 2.1 for MCP servers.');
  for (const make of commands) program.addCommand(make(io));
  return program;
}
