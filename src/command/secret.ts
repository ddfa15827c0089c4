import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import type { CommandIo } from './io.js';

/** `gatehouse secret new`: makes what `GATEHOUSE_SECRET` needs. */
export function secretCommand({ print }: CommandIo): Command {
  const command = new Command('secret').description('Secrets that everything else is derived from.');
  command
    .command('new')
    .description('Prints a new secret: 32 random bytes in base64.')
    .action(() => print(randomBytes(32).toString('base64')));
  return command;
}
