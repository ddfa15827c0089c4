import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OAuthAuthorizationServer } from './authorization-server.js';
import { ConfigurationError } from './configuration-error.js';
import { optionsFromEnvironment } from './environment.js';
import type { Environment } from './environment-rules.js';
import { defaultStore } from './open-store.js';
import type { OAuthAuthorizationServerOptions } from './options.js';

/** Options as a module exports them: as they are, or as a function, which may take its time, makes them. */
export type ExportedOptions =
  | Partial<OAuthAuthorizationServerOptions>
  | (() => Partial<OAuthAuthorizationServerOptions> | Promise<Partial<OAuthAuthorizationServerOptions>>);

/**
 * The options of the deployment that the environment describes; what a module exports goes before.
 *
 * @param config - the path of the module, whose export is `default` or `options`
 * @throws {ConfigurationError} naming what cannot be read
 */
export async function deploymentOptions(
  environment: Environment,
  config?: string,
): Promise<OAuthAuthorizationServerOptions> {
  const exported = config === undefined ? {} : await readModule(config);
  return { issuer: '', ...optionsFromEnvironment(environment), ...exported };
}

/**
 * Opens a deployment for an operator, who need not say where users sign in or for which MCP servers.
 *
 * @throws {ConfigurationError} also when there is no such store: one that was made now would be empty, and what is done to
 *   it would be done to nothing
 */
export function openForOperator(options: OAuthAuthorizationServerOptions): OAuthAuthorizationServer {
  const { authenticateUser, providers = [], upstreamProvider, store = defaultStore } = options;
  const isWithoutProviders = providers.length === 0 && !upstreamProvider && !authenticateUser;
  const faults: string[] = [];
  if (options.issuer === '') faults.push('GATEHOUSE_URL is missing: the public URL of the server, its issuer.');
  if (!(options.secret ?? options.signingSecret ?? options.sessionSecret))
    faults.push('GATEHOUSE_SECRET is missing: the secret of the server.');
  if (typeof store === 'string' && store.startsWith('sqlite:') && !existsSync(store.slice('sqlite:'.length))) {
    faults.push(
      `store is at ${store}, where there is no file: set GATEHOUSE_STORE as for the server, or make it with gatehouse store migrate.`,
    );
  }
  if (store === 'memory:') faults.push('store is in the memory of the server, where no other process can see it.');
  if (faults.length > 0) throw new ConfigurationError(faults);
  return new OAuthAuthorizationServer(
    // Nobody signs in here.
    isWithoutProviders
      ? { ...options, providers: undefined, allow: undefined, authenticateUser: () => undefined }
      : options,
  );
}

async function readModule(path: string): Promise<Partial<OAuthAuthorizationServerOptions>> {
  const file = resolve(path);
  if (!existsSync(file)) throw new ConfigurationError([`--config names ${path}, where there is no file.`]);
  const module = (await import(pathToFileURL(file).href)) as { default?: ExportedOptions; options?: ExportedOptions };
  const exported = module.default ?? module.options;
  const options = typeof exported === 'function' ? await exported() : exported;
  if (typeof options === 'object') return options;
  throw new ConfigurationError([`--config names ${path}, which exports no options: neither default nor options.`]);
}
