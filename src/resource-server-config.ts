import { z } from 'zod';
import { ConfigurationError, describeIssue } from './configuration-error.js';
import type { Log } from './telemetry/log.js';
import type { ScopeOptions } from './party-options.js';
import { isProtectedWebUri } from './protocol/redirect-uri.js';
import { checkScopes, readScopes, resourceDescription, resourceUrl, seconds } from './resource-config.js';
import type { WebFetch } from './resource/ask-issuer.js';
import { verifiableAlgorithms } from './resource/issuer-keys.js';
import type { Clock } from './storage/clock.js';

/** How an MCP server is set up that is not in the process of its authorization server. Every duration is in seconds. */
export interface ResourceServerOptions {
  /** The issuer of its tokens, exactly as the authorization server spells it. Plain http is for loopback only. */
  issuer: string;
  /** The URL of the MCP server itself: the audience that tokens must have. */
  resource: string;
  /** What clients show people in place of the URL. @defaultValue none */
  name?: string | undefined;
  /** Where developers read about it. @defaultValue none */
  documentation?: string | undefined;
  /** The scopes that it knows, as they are at the authorization server; a scope may include others. @defaultValue none */
  scopes?: Record<string, string | ScopeOptions> | undefined;
  /** What a client without a token is told to ask for. @defaultValue all scopes */
  defaultScopes?: string[] | undefined;
  /**
   * What tokens may be signed with; nothing symmetric. Keys that do not name theirs are for the first one that they could
   * be for. @defaultValue ES256 and RS256
   */
  algorithms?: string[] | undefined;
  /** Has the authorization server asked what a token is worth, in place of its keys. @defaultValue its keys */
  introspection?: IntrospectingOptions | undefined;
  /** Receives what the operator should know. @defaultValue warnings and errors, as JSON, on `console.error` */
  log?: Log | undefined;
  /** Tells the time, in epoch seconds. @defaultValue the system's clock */
  clock?: Clock | undefined;
  /** Sends requests to the authorization server. @defaultValue the runtime's `fetch` */
  fetch?: WebFetch | undefined;
}

/** How a resource server proves that it is the one to ask, and for how long it keeps what it is told. */
export interface IntrospectingOptions {
  /** A key of its own. */
  key?: string | undefined;
  /** In place of a key: its id as a client … */
  clientId?: string | undefined;
  /** … and its secret. */
  clientSecret?: string | undefined;
  /** For how long an answer is kept, and a revocation unknown; 0 keeps none, at most 300. @defaultValue 10 */
  cacheTtl?: number | undefined;
}

/** A configuration that was checked, with every default filled in. */
export type ResourceServerSettings = Readonly<z.output<typeof schema>>;

const functionOf = <T>() => z.custom<T>((value) => typeof value === 'function', { error: 'has to be a function' });

const introspection = z
  .strictObject(
    {
      // RFC 6750 §2.1: what can be sent as a bearer.
      key: z
        .string()
        .regex(/^[A-Za-z0-9._~+/-]+=*$/, { error: 'has to be the key itself, as a header can carry it' })
        .optional(),
      clientId: z.string().min(1).optional(),
      clientSecret: z.string().min(1).optional(),
      cacheTtl: seconds(0, 300).default(10),
    },
    { error: 'has to be an object with key, or with clientId and clientSecret' },
  )
  .transform(({ key, clientId, clientSecret, cacheTtl }, context) => {
    if (key !== undefined && clientId === undefined && clientSecret === undefined) {
      return { credentials: { key }, cacheTtl };
    }
    if (key === undefined && clientId !== undefined && clientSecret !== undefined) {
      return { credentials: { clientId, clientSecret }, cacheTtl };
    }
    context.addIssue({ code: 'custom', message: 'needs either key, or clientId and clientSecret' });
    return z.NEVER;
  });

const schema = z
  .strictObject({
    issuer: z
      .string({ error: 'is missing: give the issuer of the tokens, such as https://auth.example.com' })
      .refine((text) => isProtectedWebUri(text) && !/[?#]/.test(text), {
        error: 'has to be an https URL without query and fragment; http is for loopback addresses only',
      }),
    resource: resourceUrl,
    ...resourceDescription,
    algorithms: z
      .array(
        z.string().refine((name) => verifiableAlgorithms.includes(name), {
          error: `has to be one of ${verifiableAlgorithms.join(', ')}`,
        }),
      )
      .min(1, { error: 'is empty, so no token would count' })
      .default(['ES256', 'RS256']),
    introspection: introspection.optional(),
    log: functionOf<Log>().optional(),
    clock: functionOf<Clock>().optional(),
    fetch: functionOf<WebFetch>().optional(),
  })
  .superRefine(checkScopes)
  .transform(({ scopes, defaultScopes, ...rest }) => ({ ...rest, ...readScopes({ scopes, defaultScopes }) }));

/**
 * Checks a configuration, and fills in the defaults.
 *
 * @throws {ConfigurationError} naming all faults at once
 */
export function parseResourceServerOptions(options: ResourceServerOptions | undefined): ResourceServerSettings {
  // Nothing at all is what JavaScript may pass, and lacks what is missing.
  const parsed = schema.safeParse(options ?? {});
  if (!parsed.success) throw new ConfigurationError(parsed.error.issues.map(describeIssue));
  return Object.freeze(parsed.data);
}
