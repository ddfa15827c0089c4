import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { postgresUrl, redisUrl } from '../../support/database-servers.js';
import { nodeOfContenders } from '../contender-process.js';
import { bytesPerGrant, growthTables, type Growth } from './growth.js';
import { about, count, megabytes, table } from './markdown.js';
import { sqliteVersion } from './stored.js';
import { memoryTable, type MemoryCourse } from './memory.js';
import { databaseTable, sharingTable, type Sharing } from './sharing.js';
import { startTable, type Starts } from './start.js';

/** What was measured in one run; what was not keeps its place in the chapter as it is. */
export interface Measured {
  readonly start: Starts[];
  readonly memory: MemoryCourse[];
  readonly sharing: Sharing[];
  readonly growth: Growth[];
}

const names = { sqlite: 'SQLite', postgres: 'PostgreSQL', redis: 'Redis' } as const;
const users = 1_000_000;
const callsPerHour = 10;

/** The parts of the chapter, by the names of their places, each with its date and its machine. */
export function partsOf(
  { memory, growth: growths, sharing: sharings, start: starts }: Measured,
  setting: string,
): Map<string, string> {
  const parts = new Map<string, string>();
  const put = (name: string, text: string) => void parts.set(name, `${text.trim()}\n\n_${setting}_`);
  if (memory.length > 0) put('memory', memoryTable(memory));
  if (growths.length > 0) put('growth', growths.map(growthPart).join('\n\n'));
  if (sharings.length > 0) {
    put('sharing', sharings.map(sharingPart).join('\n\n'));
    put('databases', databasePart(sharings));
  }
  for (const each of starts) put('start', startTable(each));
  if (growths.length > 0 && sharings.length > 0) put('summary', summaryPart(growths, sharings));
  return parts;
}

/** When, on what, and with which versions. */
export async function describeSetting(): Promise<string> {
  const versions = await Promise.all([redisVersion().catch(() => undefined), postgresVersion().catch(() => undefined)]);
  return [
    `Measured on ${new Date().toISOString().slice(0, 10)}`,
    `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${count(totalmem() / 2 ** 30)} GB`,
    `Node.js ${execFileSync(nodeOfContenders(), ['--version'], { encoding: 'utf8' }).trim()}`,
    `SQLite ${sqliteVersion()}`,
    ...versions.filter((version) => version !== undefined),
    `mcp-gatehouse ${ownVersion()}`,
  ].join('; ');
}

const ownVersion = () =>
  (JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

async function redisVersion(): Promise<string> {
  const client = new Redis(redisUrl, { maxRetriesPerRequest: 0, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    const info = await client.info();
    const value = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
    return `Redis ${value('redis_version') ?? ''} (append-only file ${value('aof_enabled') === '1' ? 'on' : 'off'})`;
  } finally {
    client.disconnect();
  }
}

async function postgresVersion(): Promise<string> {
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  const setting = async (name: string) =>
    (await client.query<{ value: string }>('SELECT current_setting($1) AS value', [name])).rows[0]?.value ?? '';
  const [version, fsync, commit, vacuum, buffers] = [
    await setting('server_version'),
    await setting('fsync'),
    await setting('synchronous_commit'),
    await setting('autovacuum'),
    await setting('shared_buffers'),
  ];
  await client.end();
  const settings = `fsync ${fsync}, synchronous_commit ${commit}, autovacuum ${vacuum}, shared_buffers ${buffers}`;
  return `PostgreSQL ${version.split(' ')[0] ?? ''} (${settings})`;
}

function growthPart(growth: Growth): string {
  const { store, levels } = growth;
  const perGrant = bytesPerGrant(growth);
  const size = Number.isFinite(perGrant)
    ? `A grant takes ${about(perGrant)} bytes on disk there, with all indexes: a million of them ${megabytes(perGrant * 1e6)} MB.`
    : '';
  const last = levels.at(-1);
  return `### ${names[store]}\n\n${growthTables(growth)}\n\n${last ? size : ''}`;
}

function sharingPart(sharing: Sharing): string {
  const { tried, served, revoked } = sharing.agreement;
  return `### ${names[sharing.store]}

${sharingTable(sharing)}

Of ${count(tried)} sign-ins that went from one process to the other with every single request (consent, callback, code, calls,
refreshes), ${count(served)} came to their end. Of ${count(tried)} revocations at one process, ${count(revoked)} were obeyed by
the other at the next request.`;
}

function databasePart(sharings: readonly Sharing[]): string {
  const sentences = sharings.map(({ store, one }) => {
    const { cpu, database } = one.refresh;
    return `One core of ${names[store]} carries about ${about(1e6 / database)} refreshes a second: as many as
${count(cpu / database, 1)} processes of ours make with a core each.`;
  });
  return `${databaseTable(sharings)}\n\n${sentences.join(' ')}`;
}

/** What the cost of the works comes to: for one core, and for a million users. */
function summaryPart(growths: readonly Growth[], sharings: readonly Sharing[]): string {
  const perStore = [
    ...growths.flatMap(({ store, levels }) => {
      const last = levels.at(-1);
      return last ? [{ name: `${names[store]}, ${count(last.grants)} grants`, costs: last.costs }] : [];
    }),
    ...sharings.filter(({ store }) => store === 'redis').map(({ one }) => ({ name: names.redis, costs: one })),
  ];
  const perSecond = (cpu: number) => about(1e6 / cpu);
  const capacity = perStore.map(({ name, costs }) => [
    name,
    perSecond(costs.refresh.cpu),
    perSecond(costs['call, token known'].cpu),
    perSecond(costs['call, token new'].cpu),
    perSecond(costs['sign-in'].cpu + costs['code exchange'].cpu),
  ]);

  const refreshes = users / 3600;
  const calls = refreshes * (callsPerHour - 1);
  const share = (microseconds: number) => `${count(microseconds / 1e4)} %`;
  const need = perStore.map(({ name, costs }) => {
    const refreshing = refreshes * costs.refresh.cpu;
    // The first call after a refresh comes with a token that the process has not seen.
    const calling = refreshes * costs['call, token new'].cpu + calls * costs['call, token known'].cpu;
    return [name, share(refreshing), share(calling), share(refreshing + calling)];
  });
  const databaseNeed = sharings.map(({ store, one }) => {
    const refreshing = refreshes * one.refresh.database;
    const calling = refreshes * one['call, token new'].database + calls * one['call, token known'].database;
    return [`the server of ${names[store]}`, share(refreshing), share(calling), share(refreshing + calling)];
  });

  return `What one core of ours serves in a second, when it does nothing else:

${table(['', 'refreshes', 'calls, token known', 'calls, token new', 'sign-ins'], capacity)}

A sign-in is everything from the authorization request to the tokens. A call is a request to a protected MCP server in the same
process, without what its tool does. These are the inverse of the CPU time: plan for half of it.

A million users whose clients refresh once an hour are ${count(refreshes)} refreshes a second. If each makes ${callsPerHour} calls in that
hour, the first of which comes with a new token, that is ${count(refreshes + calls)} calls a second. It takes, of one core:

${table(['', 'refreshes', 'calls', 'together'], [...need, ...databaseNeed])}

If each of them signs in once in 30 days, that is ${count(users / (30 * 24 * 3600), 2)} sign-ins a second, which is nothing; if all of them sign
in within one hour, it is ${count(refreshes)} a second, ${share(
    refreshes * Math.max(...perStore.map(({ costs }) => costs['sign-in'].cpu + costs['code exchange'].cpu)),
  )} of a core.`;
}
