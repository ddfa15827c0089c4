import { Command } from 'commander';
import { clientsCommand } from './clients.js';
import { doctorCommand } from './doctor.js';
import { grantsCommand } from './grants.js';
import type { CommandIo, CommonOptions } from './io.js';
import { keysCommand } from './keys.js';
import { resourcesCommand } from './resources.js';
import { secretCommand } from './secret.js';
import { serveCommand } from './serve.js';
import { storeCommand } from './store.js';

/** Every command, in the order in which `gatehouse help` lists them. */
const commands: readonly ((io: CommandIo) => Command)[] = [
  serveCommand,
  doctorCommand,
  secretCommand,
  storeCommand,
  keysCommand,
  clientsCommand,
  resourcesCommand,
  grantsCommand,
];

/**
 * Puts the `gatehouse` command together.
 *
 * @param version - of this package
 */
export function createProgram(io: CommandIo, version: string): Command {
  const program = new Command('gatehouse')
    .description('Operates an mcp-gatehouse: OAuth 2.1 for MCP servers.')
    .version(version)
    .option('--env-file <path>', 'read variables from this file (default: .env, where there is one)')
    .option('--config <path>', 'take the options from this module: what it exports as default or as `options`')
    .hook('preAction', (root) => io.prepare(root.opts<CommonOptions>()));
  for (const make of commands) program.addCommand(make(io));
  throwInsteadOfExiting(program);
  return program;
}

/** Whoever runs the program decides how the process ends. */
function throwInsteadOfExiting(command: Command): void {
  command.exitOverride().showHelpAfterError('(add --help for what it takes)');
  for (const each of command.commands) throwInsteadOfExiting(each);
}
