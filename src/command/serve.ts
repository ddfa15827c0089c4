import { Command } from 'commander';
import type { CommandIo } from './io.js';

/** `gatehouse serve`: an authorization server by itself, for MCP servers elsewhere. */
export function serveCommand({ serve }: CommandIo): Command {
  return new Command('serve')
    .description(
      'Runs an authorization server for MCP servers elsewhere (PORT, HOST and the variables of .env.example).',
    )
    .action(() => serve());
}
