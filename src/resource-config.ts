import { z } from 'zod';
import { isLoopbackHost } from './protocol/redirect-uri.js';
import { canonicalResource } from './protocol/resource-indicator.js';
import { isScopeToken, type ImpliedScopes } from './protocol/scope.js';

/** A duration in seconds. */
export const seconds = (min: number, max: number) =>
  z
    .int({ error: `has to be a whole number of seconds from ${min} to ${max}` })
    .min(min)
    .max(max);

/** Tells whether nobody on the way can read what is sent to a URL. */
export function isSecureUrl(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || isLoopbackHost(hostname);
}

/** The URL of an MCP server, in its canonical spelling. */
export const resourceUrl = z
  .string({ error: 'is missing: give the URL of the MCP server, such as https://mcp.example.com/mcp' })
  .refine((text) => canonicalResource(text) !== undefined, {
    error: 'has to be the URL of an MCP server, without query and fragment',
    abort: true,
  })
  .refine(isSecureUrl, { error: 'has to be https: plain http is for loopback addresses only' })
  .transform((text) => canonicalResource(text) ?? text);

const describedScope = z.strictObject({ description: z.string(), implies: z.array(z.string()).default([]) });
const scopeSettings = z.record(z.string(), z.union([z.string(), describedScope]));
type ScopeSettings = z.output<typeof scopeSettings>;

/** What a resource says of itself, wherever it is configured; {@link checkScopes} belongs to it. */
export const resourceDescription = {
  name: z.string().min(1).max(100).optional(),
  documentation: z.url({ protocol: /^https?$/, error: 'has to be a web address' }).optional(),
  scopes: scopeSettings
    .default({})
    .refine((scopes) => Object.keys(scopes).every(isScopeToken), { error: 'has a name that is no scope token' }),
  defaultScopes: z.array(z.string()).optional(),
};

interface ScopeOptions {
  readonly scopes: ScopeSettings;
  readonly defaultScopes?: string[] | undefined;
}

/** Finds scopes that are named and not there. */
export function checkScopes({ scopes, defaultScopes = [] }: ScopeOptions, context: z.RefinementCtx): void {
  const isKnown = (scope: string) => Object.hasOwn(scopes, scope);
  const fail = (message: string) => context.addIssue({ code: 'custom', message });
  if (!defaultScopes.every(isKnown)) fail('has defaultScopes that are not among its scopes');
  if (!Object.values(scopes).flatMap(impliedBy).every(isKnown)) {
    fail('has a scope that implies one which is not among its scopes');
  }
}

/** The scopes of a resource, as the rest of the package has them. */
export function readScopes({ scopes, defaultScopes }: ScopeOptions): {
  readonly scopes: ReadonlyMap<string, string>;
  readonly implied: ImpliedScopes;
  readonly defaultScopes: readonly string[];
} {
  const all = Object.entries(scopes);
  return {
    scopes: new Map(all.map(([scope, said]) => [scope, typeof said === 'string' ? said : said.description])),
    implied: new Map(all.map(([scope, said]) => [scope, impliedBy(said)])),
    defaultScopes: defaultScopes ?? Object.keys(scopes),
  };
}

function impliedBy(scope: ScopeSettings[string]): readonly string[] {
  return typeof scope === 'string' ? [] : scope.implies;
}
