import { Command } from 'commander';
import type { CommandIo } from './io.js';

/** `gatehouse store migrate`: makes what the store needs before a server is started on it. */
export function storeCommand({ print, migrateStore, schemaOfStore }: CommandIo): Command {
  const command = new Command('store').description('Where state is kept (GATEHOUSE_STORE).');
  command
    .command('migrate')
    .description('Makes the file or the tables where there are none. May be repeated.')
    .option('--print', 'print the SQL, and change nothing')
    .option('--grant-to <role>', 'PostgreSQL: let this role use the tables, which then need not make any')
    .action(async ({ print: onlyPrint = false, grantTo }: { print?: boolean; grantTo?: string }) => {
      if (onlyPrint) print((await schemaOfStore({ grantTo })) ?? '-- This store needs no SQL.');
      else for (const line of await migrateStore({ grantTo })) print(line);
    });
  return command;
}
