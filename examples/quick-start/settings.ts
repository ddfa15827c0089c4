import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError, optionsFromEnvironment, type Environment } from 'mcp-gatehouse';
import type { UpstreamProvider } from 'mcp-gatehouse/providers';

/** How the quick start was told to run, with everything filled in that may be left out. */
export interface QuickStartSettings {
  /** The public URL: the issuer. The MCP server is at `/mcp` below it. */
  readonly url: string;
  readonly port: number;
  readonly secret: string[];
  readonly store: string;
  /** Where the state is, in words for the person who started this. */
  readonly state: string;
  /** Empty: the local provider is used. */
  readonly providers: readonly UpstreamProvider[];
}

/**
 * Reads the settings of the quick start.
 *
 * Without `GATEHOUSE_SECRET` a secret is made once, and kept beside the database: enough for one's own machine only.
 *
 * @param folder - where state is kept that has no other place
 * @throws {ConfigurationError} when something is missing for a server that others can reach
 */
export function readSettings(environment: Environment, folder: string): QuickStartSettings {
  const options = optionsFromEnvironment(environment);
  const port = Number(environment['PORT'] ?? '3000');
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new ConfigurationError([`PORT has to be a number from 1 to 65535.`]);
  }
  const url = (options.issuer ?? `http://localhost:${port}`).replace(/\/+$/, '');
  const isLocal = URL.canParse(url) && ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname);
  if (!isLocal) requireForOthers(options);
  const store = options.store ?? `sqlite:${join(folder, 'gatehouse.sqlite')}`;
  return {
    url,
    port,
    secret: options.secret ?? [keptSecret(folder)],
    store,
    state: store === 'memory:' ? 'in memory: it is gone at the next start' : store.replace(/^sqlite:/, ''),
    providers: options.providers,
  };
}

/** The local provider takes any password, and a secret in a file is no secret of a production system. */
function requireForOthers({ secret, providers }: ReturnType<typeof optionsFromEnvironment>): void {
  const faults = [
    ...(secret === undefined ? ['Set GATEHOUSE_SECRET: make one with `openssl rand -base64 32`.'] : []),
    ...(providers.length === 0
      ? ['Set the variables of a provider (OIDC_ISSUER …): the local one takes any password, and is for loopback only.']
      : []),
  ];
  if (faults.length > 0) throw new ConfigurationError(faults);
}

function keptSecret(folder: string): string {
  const file = join(folder, 'secret');
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' });
  }
  return readFileSync(file, 'utf8').trim();
}
