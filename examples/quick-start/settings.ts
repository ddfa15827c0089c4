import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ConfigurationError,
  optionsFromEnvironment,
  type AllowRule,
  type Environment,
  type EnvironmentOptions,
} from 'mcp-gatehouse';
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
  /** Who may sign in; absent: everybody. */
  readonly allow?: readonly AllowRule[];
  /** Only where they are turned off. */
  readonly rateLimits?: false;
  readonly trustedProxies?: string[];
  /** Only where audit events are turned off. */
  readonly audit?: false;
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
  const faults: string[] = [];
  const { issuer, secret, store, providers, allow, rateLimits, trustedProxies, audit } = readOptions(
    environment,
    faults,
  );
  const port = Number(environment['PORT']?.trim() || '3000');
  const url = (issuer ?? `http://localhost:${port}`).replace(/\/+$/, '');
  if (!Number.isInteger(port) || port < 1 || port > 65535) faults.push('PORT has to be a number from 1 to 65535.');
  if (!URL.canParse(url)) faults.push('GATEHOUSE_URL has to be a URL, such as https://mcp.example.com.');
  else if (environment['NODE_ENV'] === 'production' || !isLoopback(url)) {
    // A secret in a file is no secret of a production system, and the local provider takes any password.
    if (!secret) faults.push('GATEHOUSE_SECRET is missing: make one with `openssl rand -base64 32`.');
    if (providers.length === 0) {
      faults.push(
        'A provider is missing (see .env.example): the local one takes any password, and is for trying out only.',
      );
    }
  }
  if (faults.length > 0) throw new ConfigurationError(faults);
  const kept = store ?? `sqlite:${join(folder, 'gatehouse.sqlite')}`;
  return {
    url,
    port,
    secret: secret ?? [keptSecret(folder)],
    store: kept,
    state: placeInWords(kept),
    providers,
    ...(allow && { allow }),
    ...(rateLimits === false && { rateLimits }),
    ...(trustedProxies && { trustedProxies }),
    ...(audit === false && { audit }),
  };
}

/** What is printed: of a server only its address, since there may be a password in the rest. */
function placeInWords(store: string): string {
  if (store === 'memory:') return 'memory: it is gone at the next start';
  if (store.startsWith('sqlite:')) return store.slice('sqlite:'.length);
  return URL.canParse(store) ? new URL(store).host : 'an unknown place';
}

function readOptions(environment: Environment, faults: string[]): EnvironmentOptions {
  try {
    return optionsFromEnvironment(environment);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    faults.push(...error.faults);
    // What is left without the provider that is configured by half, to find the other faults too.
    const { GATEHOUSE_URL, GATEHOUSE_SECRET, GATEHOUSE_STORE } = environment;
    const rest = optionsFromEnvironment({ GATEHOUSE_URL, GATEHOUSE_SECRET, GATEHOUSE_STORE });
    return { ...rest, providers: [{} as UpstreamProvider] };
  }
}

function isLoopback(url: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname);
}

function keptSecret(folder: string): string {
  const file = join(folder, 'secret');
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' });
  }
  return readFileSync(file, 'utf8').trim();
}
