import { Command } from 'commander';
import type { GrantSelection, GrantSummary } from '../operator/grant-administration.js';
import type { Operator } from '../operator/operator.js';
import { commandActor } from './command-actor.js';
import { UsageFault, type CommandIo } from './io.js';
import { instant, jsonLine, printable } from './output.js';

interface SelectionOptions {
  readonly user?: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly client?: string;
  readonly id?: string;
  readonly all?: boolean;
}

/** `gatehouse grants list` and `gatehouse grants revoke`: what users have granted to clients. */
export function grantsCommand(io: CommandIo): Command {
  const { print, warn, withOperator } = io;
  const command = new Command('grants').description('What users have granted to clients.');

  selecting(command.command('list'))
    .description('Lists grants, those that ended lately among them.')
    .option('--json', 'one line of JSON for each')
    .option('--verbose', 'show too what the tokens say of the user')
    .action(async (options: SelectionOptions & { json?: boolean; verbose?: boolean }) => {
      const selection = selectionOf(options);
      const { json = false, verbose = false } = options;
      const count = await withOperator(async (operator) => {
        let listed = 0;
        for await (const grant of unique(operator.grants.find(selection))) {
          listed++;
          for (const line of json ? [asJson(grant, verbose)] : inWords(grant, verbose)) print(line);
        }
        return listed;
      });
      if (count === 0 && !json) print('No such grants.');
    });

  selecting(command.command('revoke'))
    .description('Ends grants at once, with their tokens here and at the provider.')
    .option('--yes', 'do not ask, however many there are')
    .action(async (options: SelectionOptions & { yes?: boolean }) => {
      const selection = selectionOf(options);
      await withOperator(async (operator) => {
        if (!options.yes && !(await isWanted(io, operator, selection))) return;
        let ended = 0;
        const untold = new Set<string>();
        for await (const { grantId, provider } of operator.grants.find(selection)) {
          if (await operator.grants.revoke(grantId, commandActor())) ended++;
          if (provider !== undefined && !operator.providers.includes(provider)) untold.add(provider);
        }
        print(ended === 1 ? 'One grant was ended.' : `${ended} grants were ended.`);
        for (const provider of untold) {
          warn(
            `The provider ${printable(provider)} is not configured here: its tokens were deleted, and it was not told. Set its variables, or use --config.`,
          );
        }
      });
    });

  return command;
}

function selecting(command: Command): Command {
  return command
    .option('--user <sub>', 'of this user, by the sub of the tokens, such as "google|1234"')
    .option(
      '--issuer <url>',
      'with --subject: of this user, as the provider with this issuer knows it; needs no search',
    )
    .option('--subject <subject>', 'see --issuer')
    .option('--client <id>', 'of this client')
    .option('--id <grant>', 'this one')
    .option('--all', 'all of them');
}

/** Several at once narrow it down. What was left out by mistake must not mean everything. */
function selectionOf({ user, issuer, subject, client, id, all = false }: SelectionOptions): GrantSelection {
  const given = [user, issuer, subject, client, id].filter((each) => each !== undefined);
  if (given.some((each) => each === '')) throw new UsageFault('What is named must not be empty.');
  if ((issuer === undefined) !== (subject === undefined)) {
    throw new UsageFault('--issuer and --subject belong together: they name a user as the provider does.');
  }
  if (given.length === 0 && !all) {
    throw new UsageFault('Say which: --user, --issuer with --subject, --client, --id, or --all.');
  }
  if (given.length > 0 && all) throw new UsageFault('--all takes nothing beside it.');
  return {
    subject: user,
    clientId: client,
    grantId: id,
    ...(issuer !== undefined && subject !== undefined && { upstream: { issuer, subject } }),
  };
}

/** One grant is ended without a question; several are counted first. */
async function isWanted({ print, confirm }: CommandIo, operator: Operator, selection: GrantSelection) {
  let count = 0;
  for await (const { state } of unique(operator.grants.find(selection))) if (state !== 'ended') count++;
  if (count <= 1) return true;
  const answer = await confirm(`End ${count} grants? Their users have to sign in again.`);
  if (answer === undefined) throw new UsageFault(`These are ${count} grants: add --yes to end them all.`);
  if (!answer) print('Nothing was done.');
  return answer;
}

/** So many ids are remembered at most: a scan rarely shows a grant twice, and has no bounds. */
const remembered = 100_000;

/** Leaves out what was shown already, as far as it is remembered. */
async function* unique(grants: AsyncIterable<GrantSummary>): AsyncIterable<GrantSummary> {
  const seen = new Set<string>();
  for await (const grant of grants) {
    if (seen.has(grant.grantId)) continue;
    if (seen.size >= remembered) seen.clear();
    seen.add(grant.grantId);
    yield grant;
  }
}

function asJson(grant: GrantSummary, verbose: boolean): string {
  const { createdAt, lastTokenExpiresAt, ended, claims, ...rest } = grant;
  return jsonLine({
    ...rest,
    createdAt: instant(createdAt),
    ...(lastTokenExpiresAt !== undefined && { lastTokenExpiresAt: instant(lastTokenExpiresAt) }),
    ...(ended && { ended: { ...ended, at: instant(ended.at) } }),
    ...(verbose && { claims }),
  });
}

function inWords(grant: GrantSummary, verbose: boolean): string[] {
  const { grantId, clientId, clientName, subject, provider, resource, scopes, createdAt, state, ended } = grant;
  const { lastTokenExpiresAt, claims } = grant;
  const lines = [
    `  client    ${clientName === undefined ? '' : `“${clientName}” `}${clientId}`,
    `  user      ${subject ?? 'unknown: the secret that sealed it is not given'}${provider === undefined ? '' : ` (${provider})`}`,
    `  resource  ${resource}`,
    `  scopes    ${scopes.join(' ')}`,
    `  created   ${instant(createdAt)}`,
    ...(lastTokenExpiresAt === undefined ? [] : [`  tokens    until ${instant(lastTokenExpiresAt)} at the latest`]),
    ...(ended ? [`  ended     ${instant(ended.at)}, ${ended.because}`] : []),
    ...(verbose && claims ? [`  claims    ${jsonLine(claims)}`] : []),
  ];
  return [`${grantId}  ${state}`, ...lines.map(printable)];
}
