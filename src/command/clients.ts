import { Command } from 'commander';
import type { ClientView } from '../operator/client-view.js';
import type { ChangedClient } from '../operator/clients.js';
import { commandActor } from './command-actor.js';
import type { CommandIo } from './io.js';
import { jsonLine, jsonLines, printable } from './output.js';
import { collect, given, wholeOf } from './registry-options.js';

interface ClientFlags {
  readonly id?: string;
  readonly name?: string;
  readonly redirectUri?: string[];
  readonly grantType?: string[];
  readonly scope?: string[];
  readonly resource?: string[];
  readonly authenticationMethod?: string;
  readonly secretHash?: string[];
  readonly jwksUri?: string;
  readonly consent?: string;
  readonly secret?: true;
  readonly dropOldSecrets?: true;
  readonly json?: true;
}

/** `gatehouse clients …`: the clients that are known beforehand, and those that are not wanted. */
export function clientsCommand(io: CommandIo): Command {
  const { print, withOperator } = io;
  const command = new Command('clients').description(
    'Clients that are known beforehand, and clients that are blocked.',
  );
  const say = (line: string) => print(printable(line));

  const tellChanged = ({ client, secret }: ChangedClient, { json }: ClientFlags) => {
    if (json) {
      print(jsonLine({ client, ...(secret !== undefined && { secret }) }));
      return;
    }
    for (const line of linesOf(client)) say(line);
    if (secret !== undefined) say(`secret: ${secret}  (shown this once)`);
  };

  withClientOptions(command.command('add').description('Adds a client; --secret makes a secret, and shows it once.'))
    .option('--id <id>', 'its client_id; without it one is made')
    .action((flags: ClientFlags) =>
      withOperator(async ({ clients }) => {
        tellChanged(await clients.add(given({ clientId: flags.id, ...membersOf(flags) }), commandActor()), flags);
      }),
    );

  withClientOptions(
    command.command('set <id>').description('Changes a client: what is named takes the place of what is there.'),
  )
    .option('--drop-old-secrets', 'leaves the newest secret only')
    .action((id: string, flags: ClientFlags) =>
      withOperator(async ({ clients }) => {
        tellChanged(await clients.change(id, membersOf(flags), commandActor()), flags);
      }),
    );

  command
    .command('list')
    .description('Lists the clients of the registry and of the configuration; --blocked, who is blocked.')
    .option('--blocked', 'lists the blocks')
    .option('--json', 'prints JSON')
    .action(({ json, blocked }: { json?: true; blocked?: true }) =>
      withOperator(async ({ clients, blocks }) => {
        if (blocked) {
          const all = await wholeOf((page) => blocks.list(page));
          if (json) {
            print(jsonLine(all));
            return;
          }
          for (const block of all) {
            const what = 'host' in block ? `host ${block.host}` : `client ${block.clientId}`;
            say(block.reason === undefined ? what : `${what}  (${block.reason})`);
          }
          return;
        }
        const all = await wholeOf((page) => clients.list(page));
        if (json) {
          print(jsonLine(all));
          return;
        }
        for (const { clientId, name, origin } of all) say(`${clientId}  ${name}  (${origin})`);
      }),
    );

  command
    .command('show <id>')
    .description('Says what a client id is: whose, what was registered, which key made it, whether it is blocked.')
    .option('--json', 'prints JSON')
    .action((id: string, { json }: { json?: true }) =>
      withOperator(async ({ clients }) => {
        const description = await clients.show(id);
        if (json) {
          print(jsonLine(description));
          return;
        }
        const { says, isBlocked, client, metadata, key } = description;
        say(says);
        say(isBlocked ? 'It is blocked.' : 'It is not blocked.');
        if (key) say(`key: ${key.name}${key.isCurrent ? '' : ' (an earlier one)'}`);
        for (const line of client ? linesOf(client) : []) say(line);
        if (metadata) jsonLines(metadata).forEach(print);
      }),
    );

  command
    .command('remove <id>')
    .description('Removes a client of the registry, with everything that was issued to it.')
    .action((id: string) =>
      withOperator(async ({ clients }) => {
        await clients.remove(id, commandActor());
        say(`${id} is removed.`);
      }),
    );

  command
    .command('block [id]')
    .description('Blocks a client of any kind by its id, or all clients of a host and its subdomains with --host.')
    .option('--host <host>', 'the host of a redirect URI or of a metadata document')
    .option('--reason <text>', 'for other operators')
    .action((clientId: string | undefined, { host, reason }: { host?: string; reason?: string }) =>
      withOperator(async ({ blocks }) => {
        const { isNew } = await blocks.add(given({ clientId, host, reason }), commandActor());
        say(isNew ? 'It is blocked, everywhere within five seconds.' : 'It was blocked already.');
      }),
    );

  command
    .command('unblock [id]')
    .description('Lifts a block: what the client had counts again.')
    .option('--host <host>', 'as it was blocked')
    .action((clientId: string | undefined, { host }: { host?: string }) =>
      withOperator(async ({ blocks }) => {
        await blocks.remove(given({ clientId, host }), commandActor());
        say('It is not blocked any more, everywhere within five seconds.');
      }),
    );

  return command;
}

function withClientOptions(command: Command): Command {
  return command
    .option('--name <name>', 'what people call it')
    .option('--redirect-uri <uri>', 'where its users come back to; may be repeated', collect)
    .option('--grant-type <type>', 'authorization_code, refresh_token or client_credentials; may be repeated', collect)
    .option('--scope <scope>', 'what it may ask for; may be repeated', collect)
    .option('--resource <url>', 'the MCP servers that it may ask for; may be repeated', collect)
    .option('--authentication-method <method>', 'none, client_secret_basic, client_secret_post or private_key_jwt')
    .option('--secret', 'makes a secret for it; beside an earlier one, which still counts')
    .option('--secret-hash <hash>', 'the SHA-256 of a secret of your own, in hex; may be repeated', collect)
    .option('--jwks-uri <url>', 'where it publishes its keys')
    .option('--consent <ask|skip>', 'whether its users are asked')
    .option('--json', 'prints JSON');
}

function membersOf(flags: ClientFlags): Record<string, unknown> {
  return given({
    name: flags.name,
    redirectUris: flags.redirectUri,
    grantTypes: flags.grantType,
    scopes: flags.scope,
    resources: flags.resource,
    authenticationMethod: flags.authenticationMethod,
    clientSecretHash: flags.secretHash,
    jwksUri: flags.jwksUri,
    consent: flags.consent,
    newSecret: flags.secret,
    dropOldSecrets: flags.dropOldSecrets,
  });
}

function linesOf(client: ClientView): string[] {
  const { clientId, name, origin, authenticationMethod, redirectUris, grantTypes, scopes, resources } = client;
  const all: [string, string | undefined][] = [
    ['client_id', clientId],
    ['name', name],
    ['of the', origin],
    ['authenticates by', authenticationMethod],
    ['redirect URIs', redirectUris.join(' ') || undefined],
    ['grant types', grantTypes.join(' ')],
    ['scopes', scopes?.join(' ')],
    ['resources', resources?.join(' ')],
    ['consent', client.consent === 'skip' ? 'skipped' : undefined],
    ['secrets', client.secrets > 0 ? String(client.secrets) : undefined],
  ];
  return all.flatMap(([label, value]) => (value === undefined ? [] : [`${label}: ${value}`]));
}
