import { Command } from 'commander';
import type { KeptSigningKey } from '../keys/signing-keys.js';
import { commandActor } from './command-actor.js';
import type { CommandIo } from './io.js';
import { instant, jsonLine } from './output.js';

const words: Readonly<Record<KeptSigningKey['state'], string>> = {
  published: 'published, does not sign yet',
  signing: 'signs',
  verifying: 'signs no more; verifies until its last token has expired',
};

/** `gatehouse keys list` and `gatehouse keys rotate`: the keys that access tokens are signed with. */
export function keysCommand({ print, withOperator }: CommandIo): Command {
  const command = new Command('keys').description('The keys that access tokens are signed with.');

  command
    .command('list')
    .description('Lists them, the oldest first.')
    .option('--json', 'one line of JSON for each')
    .action(async ({ json = false }: { json?: boolean }) => {
      const keys = await withOperator(({ keys }) => keys.list());
      for (const key of keys) print(json ? jsonLine(described(key)) : inWords(key));
      if (keys.length === 0 && !json) print('There are none in the store.');
    });

  command
    .command('rotate')
    .description('Begins a rotation at once. Nobody is signed out.')
    .action(async () => {
      const [before, after] = await withOperator(async ({ keys }) => {
        const known = await keys.list();
        await keys.rotate(commandActor());
        return [known, await keys.list()] as const;
      });
      const known = new Set(before.map(({ kid }) => kid));
      const added = after.filter(({ kid }) => !known.has(kid));
      for (const key of added) print(`A new key is published: ${inWords(key)}`);
      if (added.length === 0) print('A rotation is under way already; nothing was done.');
    });

  return command;
}

function described({ publishedAt, signsFrom, ...key }: KeptSigningKey) {
  return { ...key, publishedAt: instant(publishedAt), signsFrom: instant(signsFrom) };
}

function inWords({ kid, publishedAt, signsFrom, state }: KeptSigningKey): string {
  return `${kid}  published ${instant(publishedAt)}, signs from ${instant(signsFrom)}  (${words[state]})`;
}
