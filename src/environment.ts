import { oidcProvider } from '../providers/oidc.js';
import { ConfigurationError } from './config.js';
import type { UpstreamProvider } from './upstream/provider.js';

/** The options that environment variables can give. */
export interface EnvironmentOptions {
  readonly issuer?: string;
  readonly secret?: string[];
  readonly store?: string;
  readonly providers: UpstreamProvider[];
}

/** Environment variables by their names; an empty one counts as absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads options from environment variables: `GATEHOUSE_URL`, `GATEHOUSE_SECRET` (several with commas between them, the
 * current one first), `GATEHOUSE_STORE`, and the variables of the providers.
 *
 * @throws {ConfigurationError} naming what is missing, when a provider has only some of its variables
 */
export function optionsFromEnvironment(environment: Environment): EnvironmentOptions {
  const read = (name: string) => environment[name]?.trim() || undefined;
  const issuer = read('GATEHOUSE_URL');
  const secret = read('GATEHOUSE_SECRET');
  const store = read('GATEHOUSE_STORE');
  return {
    ...(issuer !== undefined && { issuer }),
    ...(secret !== undefined && { secret: secret.split(/[\s,]+/).filter((each) => each !== '') }),
    ...(store !== undefined && { store }),
    providers: providersFromEnvironment(environment),
  };
}

/**
 * Makes a provider of every set of variables that is there: `OIDC_ISSUER`, `OIDC_CLIENT_ID`, `OIDC_CLIENT_SECRET`.
 *
 * @throws {ConfigurationError} naming what is missing, when a provider has only some of its variables
 */
export function providersFromEnvironment(environment: Environment): UpstreamProvider[] {
  const names = ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET'] as const;
  const values = names.map((name) => environment[name]?.trim() || undefined);
  const missing = names.filter((_, index) => values[index] === undefined);
  if (missing.length === names.length) return [];
  if (missing.length > 0) {
    throw new ConfigurationError([`The OpenID provider is configured by half: set ${missing.join(' and ')} too.`]);
  }
  const [issuer = '', clientId = '', clientSecret = ''] = values;
  return [oidcProvider({ issuer, clientId, clientSecret })];
}
