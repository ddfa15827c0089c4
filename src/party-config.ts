import { z } from 'zod';
import type { Introspection } from './clients/authenticate-resource-server.js';
import type { Resource } from './flow/authorization-request.js';
import { introspection } from './introspection-config.js';
import { isProtectedWebUri } from './protocol/redirect-uri.js';
import { canonicalResource } from './protocol/resource-indicator.js';
import { checkScopes, isSecureUrl, readScopes, resourceDescription, resourceUrl, seconds } from './resource-config.js';
import { applicationProvider } from './upstream/application.js';
import { faultsOf } from './upstream/provider-faults.js';
import type { UpstreamProvider } from './upstream/provider.js';

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

/** One of the option `resources`. */
export const resource = z
  .strictObject({
    url: resourceUrl,
    ...resourceDescription,
    accessTokenTtl: accessTokenTtl.optional(),
    introspection: introspection.optional(),
  })
  .superRefine(checkScopes)
  .transform(({ url, name, documentation, accessTokenTtl, introspection, ...scopes }): ConfiguredResource => ({
    url,
    ...readScopes(scopes),
    ...(name !== undefined && { name }),
    ...(documentation !== undefined && { documentation }),
    ...(accessTokenTtl !== undefined && { accessTokenTtl }),
    ...(introspection && { introspection }),
  }));

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
