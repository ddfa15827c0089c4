import { Command } from 'commander';
import { RegistryFault } from '../operator/registry-fault.js';
import type { ChangedResource, ResourceView } from '../operator/resources.js';
import { commandActor } from './command-actor.js';
import type { CommandIo } from './io.js';
import { jsonLine, printable } from './output.js';
import { collect, given, wholeOf } from './registry-options.js';

interface ResourceFlags {
  readonly name?: string;
  readonly documentation?: string;
  readonly scope?: string[];
  readonly defaultScope?: string[];
  readonly accessTokenTtl?: string;
  readonly introspectingClient?: string[];
  readonly key?: true;
  readonly dropOldKeys?: true;
  readonly json?: true;
}

/** `gatehouse resources …`: the MCP servers that tokens are issued for. */
export function resourcesCommand(io: CommandIo): Command {
  const { print, withOperator } = io;
  const command = new Command('resources').description('MCP servers that tokens are issued for.');
  const say = (line: string) => print(printable(line));

  const tellChanged = ({ resource, key }: ChangedResource, { json }: ResourceFlags) => {
    if (json) {
      print(jsonLine({ resource, ...(key !== undefined && { key }) }));
      return;
    }
    for (const line of linesOf(resource)) say(line);
    if (key !== undefined) say(`introspection key: ${key}  (shown this once)`);
  };

  withResourceOptions(
    command
      .command('add <url>')
      .description('Adds an MCP server; --key makes an introspection key, and shows it once.'),
  ).action((url: string, flags: ResourceFlags) =>
    withOperator(async ({ resources }) => {
      tellChanged(await resources.add({ url, ...membersOf(flags) }, commandActor()), flags);
    }),
  );

  withResourceOptions(
    command.command('set <url>').description('Changes an MCP server: what is named takes the place of what is there.'),
  )
    .option('--drop-old-keys', 'leaves the newest introspection key only')
    .action((url: string, flags: ResourceFlags) =>
      withOperator(async ({ resources }) => {
        tellChanged(await resources.change(url, membersOf(flags), commandActor()), flags);
      }),
    );

  command
    .command('list')
    .description('Lists the MCP servers of the registry and of the configuration.')
    .option('--json', 'prints JSON')
    .action(({ json }: ResourceFlags) =>
      withOperator(async ({ resources }) => {
        const all = await wholeOf((page) => resources.list(page));
        if (json) {
          print(jsonLine(all));
          return;
        }
        for (const { url, name = '', origin } of all) say(`${url}  ${name}  (${origin})`);
      }),
    );

  command
    .command('show <url>')
    .description('Shows one MCP server.')
    .option('--json', 'prints JSON')
    .action((url: string, { json }: ResourceFlags) =>
      withOperator(async ({ resources }) => {
        const resource = await resources.find(url);
        if (!resource) throw new RegistryFault('not_found', [`There is no ${url}.`]);
        if (json) {
          print(jsonLine(resource));
          return;
        }
        for (const line of linesOf(resource)) say(line);
      }),
    );

  command
    .command('remove <url>')
    .description('Removes an MCP server of the registry: its tokens are refused.')
    .action((url: string) =>
      withOperator(async ({ resources }) => {
        await resources.remove(url, commandActor());
        say(`${url} is removed.`);
      }),
    );

  return command;
}

function withResourceOptions(command: Command): Command {
  return command
    .option('--name <name>', 'what people call it')
    .option('--documentation <url>', 'where developers read about it')
    .option('--scope <scope=words>', 'a scope, and what it allows in words for a person; may be repeated', collect)
    .option('--default-scope <scope>', 'what a client gets that asks for nothing; may be repeated', collect)
    .option('--access-token-ttl <seconds>', 'how long an access token for it lives')
    .option('--introspecting-client <id>', 'a client that may introspect its tokens; may be repeated', collect)
    .option('--key', 'makes an introspection key for it; beside an earlier one, which still counts')
    .option('--json', 'prints JSON');
}

function membersOf(flags: ResourceFlags): Record<string, unknown> {
  const { accessTokenTtl, introspectingClient: clients } = flags;
  return given({
    name: flags.name,
    documentation: flags.documentation,
    scopes: flags.scope && Object.fromEntries(flags.scope.map(scopeIn)),
    defaultScopes: flags.defaultScope,
    accessTokenTtl: accessTokenTtl === undefined ? undefined : Number(accessTokenTtl),
    introspection: clients && { clients },
    newKey: flags.key,
    dropOldKeys: flags.dropOldKeys,
  });
}

/** `notes:read=Read notes`; without words the name says what it allows. */
function scopeIn(text: string): [string, string] {
  const [name = '', ...words] = text.split('=');
  return [name, words.join('=') || name];
}

function linesOf(resource: ResourceView): string[] {
  const { url, name, documentation, origin, scopes, defaultScopes, accessTokenTtl, introspection } = resource;
  const said = Object.entries(scopes).map(([scope, { description }]) => `scope ${scope}: ${description}`);
  const all: [string, string | undefined][] = [
    ['name', name],
    ['of the', origin],
    ['documentation', documentation],
    ['default scopes', defaultScopes.join(' ') || undefined],
    ['access tokens live', accessTokenTtl === undefined ? undefined : `${accessTokenTtl} s`],
    ['introspection keys', introspection.keys > 0 ? String(introspection.keys) : undefined],
    ['introspecting clients', introspection.clients.join(' ') || undefined],
  ];
  return [
    `url: ${url}`,
    ...all.flatMap(([label, value]) => (value === undefined ? [] : [`${label}: ${value}`])),
    ...said,
  ];
}
