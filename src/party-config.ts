import { z } from 'zod';
import type { Introspection } from './clients/authenticate-resource-server.js';
import type { Resource } from './flow/authorization-request.js';
import { introspection } from './introspection-config.js';
import { isLoopbackHost, isProtectedWebUri } from './protocol/redirect-uri.js';
import { canonicalResource } from './protocol/resource-indicator.js';
import { isScopeToken } from './protocol/scope.js';
import { applicationProvider } from './upstream/application.js';
import { faultsOf } from './upstream/provider-faults.js';
import type { UpstreamProvider } from './upstream/provider.js';

/** A duration in seconds. */
export const seconds = (min: number, max: number) =>
  z
    .int({ error: `has to be a whole number of seconds from ${min} to ${max}` })
    .min(min)
    .max(max);

/** A resource as it was configured. */
export interface ConfiguredResource extends Resource {
  readonly documentation?: string;
  /** Seconds, where it differs from the server's. */
  readonly accessTokenTtl?: number;
  /** Who may ask what its tokens are worth; absent where nobody may. */
  readonly introspection?: Introspection;
}

/** A resource without scopes, where nothing more is known. */
export function plainResource(url: string): ConfiguredResource {
  return { url, scopes: new Map(), implied: new Map(), defaultScopes: [] };
}

const isSecureUrl = (text: string) => {
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || isLoopbackHost(hostname);
};

/** A URL that browsers are sent to. */
export const webUrl = z.string().refine((text) => isProtectedWebUri(text) && !text.includes('#'), {
  error: 'has to be an https URL; http is for loopback addresses only',
});

/** The option `issuer`. */
export const issuer = z
  .string({ error: 'is missing: give the public URL of this server, such as https://mcp.example.com' })
  .transform((text) => text.replace(/\/+$/, ''))
  .refine((text) => canonicalResource(text) === text && /^https?:\/\/[\w.:[\]-]+(\/[\w.~-]+)*$/.test(text), {
    error: 'has to be a plain URL in its usual spelling: scheme, lower-case host and perhaps a path, nothing else',
    abort: true,
  })
  .refine((text) => !text.includes('..') && !text.includes('/.well-known'), {
    error: 'has a host or a path that no document could be found under',
  })
  .refine(isSecureUrl, { error: 'has to be https: plain http is for loopback addresses (localhost, 127.0.0.1) only' });

/** The option `accessTokenTtl`, of the server and of a resource. */
export const accessTokenTtl = seconds(30, 24 * 3600);

const describedScope = z.strictObject({ description: z.string(), implies: z.array(z.string()).default([]) });

/** One of the option `resources`. */
export const resource = z
  .strictObject({
    url: z
      .string()
      .refine((text) => canonicalResource(text) !== undefined, {
        error: 'has to be the URL of an MCP server, without query and fragment',
        abort: true,
      })
      .refine(isSecureUrl, { error: 'has to be https: plain http is for loopback addresses only' }),
    name: z.string().min(1).max(100).optional(),
    documentation: z.url({ protocol: /^https?$/, error: 'has to be a web address' }).optional(),
    scopes: z
      .record(z.string(), z.union([z.string(), describedScope]))
      .default({})
      .refine((scopes) => Object.keys(scopes).every(isScopeToken), { error: 'has a name that is no scope token' }),
    defaultScopes: z.array(z.string()).optional(),
    accessTokenTtl: accessTokenTtl.optional(),
    introspection: introspection.optional(),
  })
  .refine(({ scopes, defaultScopes = [] }) => defaultScopes.every((scope) => Object.hasOwn(scopes, scope)), {
    error: 'has defaultScopes that are not among its scopes',
  })
  .refine(
    ({ scopes }) =>
      Object.values(scopes)
        .flatMap(impliedBy)
        .every((scope) => Object.hasOwn(scopes, scope)),
    {
      error: 'has a scope that implies one which is not among its scopes',
    },
  )
  .transform(
    ({ url, name, documentation, scopes, defaultScopes, accessTokenTtl, introspection }): ConfiguredResource => ({
      url: canonicalResource(url) ?? url,
      scopes: new Map(Object.entries(scopes).map(([scope, said]) => [scope, descriptionOf(said)])),
      implied: new Map(Object.entries(scopes).map(([scope, said]) => [scope, impliedBy(said)])),
      defaultScopes: defaultScopes ?? Object.keys(scopes),
      ...(name !== undefined && { name }),
      ...(documentation !== undefined && { documentation }),
      ...(accessTokenTtl !== undefined && { accessTokenTtl }),
      ...(introspection && { introspection }),
    }),
  );

type ScopeSetting = string | z.output<typeof describedScope>;

function descriptionOf(scope: ScopeSetting): string {
  return typeof scope === 'string' ? scope : scope.description;
}

function impliedBy(scope: ScopeSetting): readonly string[] {
  return typeof scope === 'string' ? [] : scope.implies;
}

const presetResult = z.custom<UpstreamProvider>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    /^[a-z0-9][a-z0-9_-]{0,31}$/.test(String(value.id)) &&
    'name' in value &&
    typeof value.name === 'string' &&
    value.name !== '',
  {
    error: 'is not a provider: use a preset such as oidcProvider({ … }), with a short lower-case id and a name',
    abort: true,
  },
);

/** One of the option `providers`. */
export const provider = presetResult.superRefine((value, context) => {
  if (value === applicationProvider) return;
  for (const message of faultsOf(value)) context.addIssue({ code: 'custom', message: `(${value.id}): ${message}` });
});
