import { atlassianProvider } from '../providers/atlassian.js';
import { auth0Provider } from '../providers/auth0.js';
import { azureProvider } from '../providers/azure.js';
import { cognitoProvider } from '../providers/cognito.js';
import { discordProvider } from '../providers/discord.js';
import { githubProvider } from '../providers/github.js';
import { gitlabProvider } from '../providers/gitlab.js';
import { googleProvider } from '../providers/google.js';
import { keycloakProvider } from '../providers/keycloak.js';
import { linkedinProvider } from '../providers/linkedin.js';
import { oidcProvider } from '../providers/oidc.js';
import { oktaProvider } from '../providers/okta.js';
import { slackProvider } from '../providers/slack.js';
import { ConfigurationError } from './configuration-error.js';
import {
  listIn,
  rulesFromEnvironment,
  type Environment,
  type RuleSource,
  type RuleWords,
} from './environment-rules.js';
import { resourcesFrom, withFiles } from './environment-files.js';
import type { ResourceOptions } from './party-options.js';
import type { AllowRule } from './upstream/allow-rule.js';
import type { UpstreamProvider } from './upstream/provider.js';

/** The options that environment variables can give. */
export interface EnvironmentOptions {
  readonly issuer?: string;
  readonly secret?: string[];
  readonly store?: string;
  readonly providers: UpstreamProvider[];
  /** Who may sign in; absent where no variable says so, which lets everybody in. */
  readonly allow?: AllowRule[];
  /** Absent where limits are to be the usual ones. */
  readonly rateLimits?: false;
  readonly trustedProxies?: string[];
  /** Absent where audit events are to be written. */
  readonly audit?: false;
  readonly admin?: { tokens: string[] };
  /** The MCP servers, of which `GATEHOUSE_RESOURCES` may name a file that says more. */
  readonly resources?: ResourceOptions[];
}

/** How a provider is made of variables, which are named without the prefix that they share. */
interface Recipe {
  readonly name: string;
  /** The first prefix is the usual one. */
  readonly prefixes: readonly string[];
  /** What it needs beside `CLIENT_ID` and `CLIENT_SECRET`: one of these. */
  readonly needs?: readonly string[];
  /** What rules of access are called in the provider's own words. */
  readonly words?: RuleWords;
  readonly make: (client: Client, read: (name: string) => string | undefined) => UpstreamProvider;
}

type Client = Pick<UpstreamProvider, 'clientId' | 'clientSecret'>;

const recipes: readonly Recipe[] = [
  { name: 'Google', prefixes: ['GOOGLE'], words: { HOSTED_DOMAIN: 'organizations' }, make: googleProvider },
  {
    name: 'GitHub',
    prefixes: ['GITHUB'],
    words: { ALLOWED_ORGS: 'organizations', ALLOWED_TEAMS: 'groups' },
    make: (client, read) => githubProvider({ ...client, baseUrl: read('BASE_URL') }),
  },
  {
    name: 'Azure',
    prefixes: ['AZURE', 'MICROSOFT'],
    needs: ['TENANT_ID'],
    words: { ALLOWED_TENANTS: 'organizations' },
    make: (client, read) => {
      const tenants = read('ALLOWED_TENANTS') ?? read('ALLOWED_ORGANIZATIONS');
      const allowedTenants = tenants === undefined ? undefined : listIn(tenants);
      return azureProvider({
        ...client,
        tenantId: read('TENANT_ID'),
        allowedTenants,
        anyTenant: read('ALLOW_EVERYBODY') === 'true',
      });
    },
  },
  {
    name: 'GitLab',
    prefixes: ['GITLAB'],
    make: (client, read) => gitlabProvider({ ...client, baseUrl: read('BASE_URL') ?? read('ISSUER') }),
  },
  { name: 'Slack', prefixes: ['SLACK'], words: { ALLOWED_WORKSPACES: 'organizations' }, make: slackProvider },
  {
    name: 'Discord',
    prefixes: ['DISCORD'],
    words: { ALLOWED_GUILDS: 'organizations', ALLOWED_ROLES: 'groups' },
    make: discordProvider,
  },
  {
    name: 'Okta',
    prefixes: ['OKTA'],
    needs: ['ISSUER', 'DOMAIN'],
    make: (client, read) => oktaProvider({ ...client, issuer: read('ISSUER'), domain: read('DOMAIN') }),
  },
  {
    name: 'Auth0',
    prefixes: ['AUTH0'],
    needs: ['DOMAIN'],
    make: (client, read) => auth0Provider({ ...client, domain: read('DOMAIN'), audience: read('AUDIENCE') }),
  },
  {
    name: 'Keycloak',
    prefixes: ['KEYCLOAK'],
    needs: ['ISSUER'],
    make: (client, read) => keycloakProvider({ ...client, issuer: read('ISSUER') }),
  },
  {
    name: 'Cognito',
    prefixes: ['COGNITO'],
    needs: ['ISSUER'],
    make: (client, read) => cognitoProvider({ ...client, issuer: read('ISSUER') }),
  },
  { name: 'LinkedIn', prefixes: ['LINKEDIN'], make: linkedinProvider },
  {
    name: 'Atlassian',
    prefixes: ['ATLASSIAN'],
    words: { ALLOWED_SITES: 'organizations' },
    make: atlassianProvider,
  },
  {
    name: 'OpenID',
    prefixes: ['OIDC'],
    needs: ['ISSUER'],
    make: (client, read) => oidcProvider({ ...client, issuer: read('ISSUER') ?? '', name: read('NAME') }),
  },
];

const prefixesInUse = new Set(recipes.flatMap(({ prefixes }) => prefixes));

/**
 * Reads options from environment variables: `GATEHOUSE_URL`, `GATEHOUSE_SECRET` (several with commas between them, the
 * current one first), `GATEHOUSE_STORE`, `GATEHOUSE_RATE_LIMITS` (`on` or `off`), `GATEHOUSE_TRUSTED_PROXIES`,
 * `GATEHOUSE_AUDIT` (`on` or `off`), `GATEHOUSE_ADMIN_TOKEN` (several with commas), the variables of the providers, who may
 * sign in, and `GATEHOUSE_RESOURCES`. Secrets, and the store with its password, may be in files: `GATEHOUSE_SECRET_FILE`,
 * `GATEHOUSE_STORE_FILE`, `GOOGLE_CLIENT_SECRET_FILE` and so on.
 *
 * @throws {ConfigurationError} naming what is missing, when providers have only some of their variables, and what
 *   cannot be used of the rest
 */
export function optionsFromEnvironment(variables: Environment): EnvironmentOptions {
  const faults: string[] = [];
  const environment = withFiles(variables, isOurs, faults);
  const read = reader(environment);
  const issuer = read('GATEHOUSE_URL');
  const secret = read('GATEHOUSE_SECRET');
  const store = read('GATEHOUSE_STORE');
  const proxies = read('GATEHOUSE_TRUSTED_PROXIES');
  const adminToken = read('GATEHOUSE_ADMIN_TOKEN');
  const limits = read('GATEHOUSE_RATE_LIMITS');
  const audit = read('GATEHOUSE_AUDIT');
  const switches = { GATEHOUSE_RATE_LIMITS: limits, GATEHOUSE_AUDIT: audit };
  for (const [name, value] of Object.entries(switches)) {
    if (!['on', 'off', undefined].includes(value)) faults.push(`${name} has to be on or off.`);
  }
  const resources = read('GATEHOUSE_RESOURCES');
  const named = resources === undefined ? undefined : resourcesFrom(resources, faults);
  const sources = configuredProviders(environment, faults);
  const allow = rulesFromEnvironment(environment, sources, faults);
  if (faults.length > 0) throw new ConfigurationError(faults);
  return {
    ...(issuer !== undefined && { issuer }),
    ...(secret !== undefined && { secret: listIn(secret) }),
    ...(store !== undefined && { store }),
    providers: sources.flatMap(({ provider }) => provider ?? []),
    ...(allow && { allow }),
    ...(limits === 'off' && { rateLimits: false }),
    ...(proxies !== undefined && { trustedProxies: listIn(proxies) }),
    ...(audit === 'off' && { audit: false }),
    ...(adminToken !== undefined && { admin: { tokens: listIn(adminToken) } }),
    ...(named && { resources: named }),
  };
}

/**
 * Makes a provider of every set of variables that is there: `GOOGLE_CLIENT_ID` and `GOOGLE_CLIENT_SECRET`, `OKTA_…`
 * with `OKTA_ISSUER` or `OKTA_DOMAIN`, and so on; `OIDC_ISSUER`, `OIDC_CLIENT_ID` and `OIDC_CLIENT_SECRET` for any
 * other, `OIDC_ACME_ISSUER` and so on for several, whose id is then `acme`. Who may sign in with them is what
 * {@link optionsFromEnvironment} reads.
 *
 * @throws {ConfigurationError} naming what is missing, when providers have only some of their variables
 */
export function providersFromEnvironment(environment: Environment): UpstreamProvider[] {
  const faults: string[] = [];
  const sources = configuredProviders(withFiles(environment, isOurs, faults), faults);
  if (faults.length > 0) throw new ConfigurationError(faults);
  return sources.flatMap(({ provider }) => provider ?? []);
}

function isOurs(name: string): boolean {
  return (
    name.startsWith('GATEHOUSE_') || /^OIDC_\w+$/.test(name) || prefixesInUse.has(name.replace(/_CLIENT_SECRET$/, ''))
  );
}

function configuredProviders(environment: Environment, faults: string[]): RuleSource[] {
  return [...recipes, ...namedOidcRecipes(environment)].flatMap((recipe): RuleSource[] => {
    const read = prefixed(environment, recipe.prefixes);
    const { prefixes, needs = [] } = recipe;
    const required = [needs, ['CLIENT_ID'], ['CLIENT_SECRET']].filter((names) => names.length > 0);
    const missing = required.filter((names) => names.every((name) => read(name) === undefined));
    // What a provider has a default for does not make it: such variables are often there for other programs.
    if (missing.length === required.length) return [{ ...recipe, provider: undefined }];
    const used = prefixes.find((prefix) => required.flat().some((name) => prefixed(environment, [prefix])(name)));
    const spell = (names: readonly string[]) => names.map((name) => `${used ?? ''}_${name}`).join(' or ');
    if (missing.length > 0) {
      const text = missing.map(spell).join(' and ');
      faults.push(`The ${recipe.name} provider is configured by half: set ${text} too.`);
      return [];
    }
    const client = { clientId: read('CLIENT_ID') ?? '', clientSecret: read('CLIENT_SECRET') ?? '' };
    return [{ ...recipe, provider: recipe.make(client, read) }];
  });
}

/** A recipe for every `OIDC_<NAME>_…`, in the order of the names. */
function namedOidcRecipes(environment: Environment): Recipe[] {
  const names = Object.keys(environment).map((key) => /^OIDC_(\w+)_(?:ISSUER|CLIENT_ID|CLIENT_SECRET)$/.exec(key)?.[1]);
  const found = [...new Set(names)].filter((name) => name !== undefined).sort();
  return found.map((name) => ({
    name: `OpenID (${name})`,
    prefixes: [`OIDC_${name}`],
    needs: ['ISSUER'],
    make: (client, read) => {
      const id = name.toLowerCase().replaceAll('_', '-');
      return oidcProvider({ ...client, id, issuer: read('ISSUER') ?? '', name: read('NAME') });
    },
  }));
}

function prefixed(environment: Environment, prefixes: readonly string[]): (name: string) => string | undefined {
  const read = reader(environment);
  return (name) => prefixes.map((prefix) => read(`${prefix}_${name}`)).find((value) => value !== undefined);
}

function reader(environment: Environment): (name: string) => string | undefined {
  return (name) => environment[name]?.trim() || undefined;
}
