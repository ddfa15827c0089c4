import { z } from 'zod';
import { client } from './client-config.js';
import { clientFaults } from './client-faults.js';
import { hashOfSecret, type ConfiguredClient } from './clients/pre-registered.js';
import type { ChooseProvider } from './flow/offer-providers.js';
import type { RenderConsent } from './flow/present-consent.js';
import type { TokenMapper } from './flow/map-identity.js';
import type { AuditSink } from './audit-trail.js';
import type { Log } from './telemetry/log.js';
import type { Randomness } from './keys/randomness.js';
import type { Clock } from './storage/clock.js';
import type { OAuthAuthorizationServerOptions } from './options.js';
import { admin, adminFaults } from './admin-config.js';
import { allow, allowFaults } from './allow-config.js';
import { introspectionFaults } from './introspection-config.js';
import { clientIdMetadataDocuments, policyFaults } from './documents-config.js';
import {
  accessTokenTtl,
  issuer,
  plainResource,
  provider,
  resource,
  webUrl,
  type ConfiguredResource,
} from './party-config.js';
import { ConfigurationError, describeIssue } from './configuration-error.js';
import { rateLimits, trustedProxies } from './limits-config.js';
import { defaultStore, isStoreLocation } from './open-store.js';
import { brand, pages, words } from './pages-config.js';
import { seconds } from './resource-config.js';
import { isLoopbackHost } from './protocol/redirect-uri.js';
import { identityScopes } from './protocol/user-profile.js';
import { secrets, signing } from './signing-config.js';
import { applicationProvider, type AuthenticateUser } from './upstream/application.js';
import type { Store } from './storage/store.js';

/** A configuration that was checked, with every default filled in. */
export type Settings = Readonly<z.output<typeof schema>>;

const day = 24 * 3600;

const isFunction = (value: unknown) => typeof value === 'function';
const isStore = (value: unknown) =>
  typeof value === 'object' &&
  value !== null &&
  ['get', 'set', 'delete', 'list', 'close'].every((verb) => isFunction((value as Record<string, unknown>)[verb]));

const functionOf = <T>() => z.custom<T>(isFunction, { error: 'has to be a function' });

const isDistinct = (values: readonly unknown[]) => new Set(values).size === values.length;

const schema = z.strictObject({
  issuer,
  secret: secrets,
  providers: z
    .array(provider, { error: 'is missing: name at least one, such as oidcProvider({ … })' })
    .min(1, { error: 'is empty: name at least one, such as oidcProvider({ … })' })
    .refine((list) => isDistinct(list.map(({ id }) => id)), { error: 'has two providers with the same id' }),
  resources: z
    .array(resource)
    .min(1, { error: 'is empty: name at least one MCP server, or leave it out' })
    .refine((list) => isDistinct(list.map(({ url }) => url)), { error: 'has the same URL twice' })
    .optional(),
  authenticateUser: functionOf<AuthenticateUser>().optional(),
  signInUrl: webUrl.optional(),
  chooseProvider: functionOf<ChooseProvider>().optional(),
  sharedCallback: z.boolean().default(false),
  allow: allow.optional(),
  clients: z.array(client, { error: 'has to be a list' }).default([]),
  tokenMapper: functionOf<TokenMapper>().optional(),
  store: z
    .union([z.string(), z.custom<Store>(isStore)], {
      error: 'has to be text such as sqlite:PATH or redis://HOST, or a store with get, set, delete, list and close',
    })
    .default(defaultStore)
    .refine((store) => typeof store !== 'string' || isStoreLocation(store), {
      // Never quoted: there may be a password in it.
      error:
        'has to be sqlite:PATH, redis://…, rediss://…, postgres://… or memory:, with what is special in a password as %XX',
    }),
  allowMemoryStoreInProduction: z.boolean().default(false),
  enableDCR: z.boolean().default(true),
  rootAliases: z.boolean().default(true),
  userinfo: z.boolean().default(true),
  account: z.boolean().default(true),
  clientIdMetadataDocuments,
  rateLimits,
  trustedProxies,
  admin,
  signing,
  accessTokenTtl: accessTokenTtl.default(3600),
  refreshTokenTtl: seconds(60, 3650 * day).default(30 * day),
  refreshGraceTtl: seconds(0, 7200).default(120),
  grantTtl: seconds(60, 3650 * day).default(180 * day),
  consent: z
    .enum(['always', 'remember', 'first-party'], { error: 'has to be always, remember or first-party' })
    .default('always'),
  consentPage: z
    .union([webUrl, functionOf<RenderConsent>()], { error: 'has to be a function that makes HTML, or an https URL' })
    .optional(),
  consentTtl: seconds(60, 3650 * day).default(30 * day),
  brand,
  words,
  pages,
  authorizationCodeTtl: seconds(10, 600).default(60), // RFC 6749 §4.1.2: at most 10 minutes
  transactionTtl: seconds(60, 600).default(600),
  log: functionOf<Log>().optional(),
  audit: z
    .union([z.literal(false), functionOf<AuditSink>()], { error: 'has to be a function, or false for no audit' })
    .optional(),
  unusedTokenTtl: seconds(1, day).default(300),
  healthChecks: z.boolean().default(true),
  telemetry: z.boolean().default(true),
  clock: functionOf<Clock>().optional(),
  randomness: functionOf<Randomness>().optional(),
});

/** How long the longest access token lives; in seconds. */
export function longestTokenTtl({ accessTokenTtl, resources = [] }: Settings): number {
  return Math.max(accessTokenTtl, ...resources.map((each) => each.accessTokenTtl ?? 0));
}

/** What each alias stands for. */
const aliases = {
  signingSecret: 'secret',
  sessionSecret: 'secret',
  upstreamProvider: 'providers',
  tokenTTL: 'accessTokenTtl',
  refreshTokenTTL: 'refreshTokenTtl',
} as const;

/**
 * Checks a configuration, and fills in the defaults.
 *
 * @param production - whether this runs in production, where some things are refused
 * @throws {ConfigurationError} naming all faults at once
 */
export function parseOptions(options: OAuthAuthorizationServerOptions, production: boolean): Settings {
  const { named, faults } = withoutAliases(options);
  const parsed = schema.safeParse(named);
  if (!parsed.success) faults.push(...parsed.error.issues.map(describeIssue));
  else faults.push(...contradictions(parsed.data, production));
  if (!parsed.success || faults.length > 0) throw new ConfigurationError(faults);
  return Object.freeze(parsed.data);
}

function withoutAliases(options: OAuthAuthorizationServerOptions) {
  const named: Record<string, unknown> = {};
  const faults: string[] = [];
  // Nothing at all is what JavaScript may pass, and lacks what is missing.
  for (const [name, value] of Object.entries((options as object | undefined) ?? {})) {
    if (value === undefined) continue;
    const full = Object.hasOwn(aliases, name) ? aliases[name as keyof typeof aliases] : name;
    if (Object.hasOwn(named, full)) faults.push(`${full} is given twice, under two of its names: leave one out.`);
    named[full] = name === 'upstreamProvider' ? [value] : value;
  }
  // An application that knows its users stands where the provider would be.
  if (named['authenticateUser'] !== undefined) {
    if (named['providers'] !== undefined)
      faults.push('authenticateUser and providers exclude each other: leave one out.');
    else named['providers'] = [applicationProvider];
  }
  return { named, faults };
}

function contradictions(settings: Settings, production: boolean): string[] {
  const { store, allowMemoryStoreInProduction, refreshTokenTtl, grantTtl } = settings;
  const isVolatile = typeof store === 'string' ? store === 'memory:' : store.volatile === true;
  return [
    ...(production && isVolatile && !allowMemoryStoreInProduction
      ? [
          'store is a memory store, in production: a restart would sign everybody out. Use sqlite:PATH, redis://… or postgres://…, or set allowMemoryStoreInProduction.',
        ]
      : []),
    ...(refreshTokenTtl < longestTokenTtl(settings)
      ? ['refreshTokenTtl has to be at least as long as accessTokenTtl.']
      : []),
    ...(grantTtl < refreshTokenTtl ? ['grantTtl has to be at least as long as refreshTokenTtl.'] : []),
    ...(production && settings.secret.some((each) => new Set(each).size < 12)
      ? ['secret is too simple to be random: make one with `openssl rand -base64 32`.']
      : []),
    ...policyFaults(settings.clientIdMetadataDocuments, isLoopbackHost(new URL(settings.issuer).hostname), production),
    ...secretsUsedTwice(settings),
    ...namelessCallbacks(settings),
    ...(settings.signInUrl !== undefined && !settings.authenticateUser
      ? ['signInUrl is for authenticateUser, which is missing.']
      : []),
    ...allowFaults(settings),
    ...partyFaults(settings, settings.clients, resourcesOf(settings)),
    ...adminFaults(settings.admin, hashesOf(settings)),
  ];
}

/** Says what is wrong with clients and resources as they stand among each other, and among the rest of a configuration. */
export function partyFaults(
  settings: Settings,
  clients: readonly ConfiguredClient[],
  resources: readonly ConfiguredResource[],
): string[] {
  const scopes = [...resources.flatMap((each) => [...each.scopes.keys()]), ...identityScopesOf(settings).keys()];
  const urls = resources.map(({ url }) => url);
  const { providers } = settings;
  const secrets = secretsOf(settings);
  return [
    ...clientFaults(clients, { scopes, resources: urls, providers: providers.length, secrets }),
    ...introspectionFaults(resources, clients, secrets),
  ];
}

/** The hash of every secret of a configuration, but for those of the admin API. */
function hashesOf(settings: Settings): string[] {
  return [
    ...secretsOf(settings).map(hashOfSecret),
    ...settings.clients.flatMap(({ proof }) => (proof.kind === 'secret' ? proof.hashes : [])),
    ...resourcesOf(settings).flatMap(({ introspection }) => introspection?.keyHashes ?? []),
  ];
}

/** Through one door, a provider that does not say who it is could be answered for by another one (RFC 9207 §1). */
function namelessCallbacks({ providers, sharedCallback }: Settings): string[] {
  if (!sharedCallback || providers.length === 1) return [];
  return providers
    .filter(({ sendsCallbackIssuer }) => sendsCallbackIssuer === false)
    .map(
      ({ id }) => `sharedCallback cannot be used with ${id}, which does not name itself in callbacks: set it to false.`,
    );
}

/** The MCP servers that tokens are issued for: those that were named, or the usual one. */
export function resourcesOf({ issuer, resources }: Settings): readonly ConfiguredResource[] {
  return resources ?? [plainResource(`${issuer}/mcp`)];
}

/** The scopes that let a client know who its user is; none where nobody is told. */
export function identityScopesOf({ userinfo }: Pick<Settings, 'userinfo'>): ReadonlyMap<string, string> {
  return userinfo ? identityScopes : new Map();
}

function secretsOf({ secret, signing, providers }: Settings): string[] {
  const shared = signing.kind === 'shared' ? signing.secret : [];
  return [...secret, ...shared, ...providers.map(({ clientSecret }) => clientSecret)];
}

/** What others know as well, resource servers or a provider, cannot be what everything here is derived from. */
function secretsUsedTwice({ secret, signing, providers }: Settings): string[] {
  const isOurs = (other: string) => secret.includes(other);
  return [
    ...(signing.kind === 'shared' && signing.secret.some(isOurs)
      ? ['signing.secret is one of the secrets in secret: resource servers know it, so give it one of its own.']
      : []),
    ...providers
      .filter(({ clientSecret }) => isOurs(clientSecret))
      .map(({ id }) => `secret is the clientSecret of ${id} too: give it a value of its own.`),
  ];
}
