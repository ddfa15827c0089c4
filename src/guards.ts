import { ConfigurationError } from './configuration-error.js';
import { bearerMiddleware, type BearerMiddleware } from './express/bearer-auth.js';
import type { Log } from './telemetry/log.js';
import { canonicalResource } from './protocol/resource-indicator.js';
import type { ProtectedTools } from './protect-tools.js';
import { createBearerGate, type BearerGate, type Gate, type ProtectedResource } from './resource/bearer-gate.js';
import { dialectByAgent, type ChooseDialect } from './resource/tools/dialect.js';
import { createToolGate } from './resource/tools/tool-gate.js';
import { scopesOf } from './resource/tools/tool-rules.js';
import type { SdkErrors } from './resource/sdk-errors.js';
import { createTokenVerifier, type TokenVerifier } from './resource/token-verifier.js';
import type { VerifiedResource, VerifyAccessToken } from './resource/verify-access-token.js';
import { bearerHandler, type GuardedHandler, type ToolsHandler } from './web/bearer-auth.js';
import type { FetchHandler } from './web/fetch-handler.js';

/** What a bearer gate asks of a request. */
export interface BearerAuthOptions {
  /** Scopes that every token must have; with `tools`, for all but the declared tools. @defaultValue none */
  scopes?: string[] | undefined;
  /** The URL of the protected resource. @defaultValue the configured one, where there is only one */
  resource?: string | undefined;
  /** What each tool needs, from `protectTools`. @defaultValue what everything needs */
  tools?: ProtectedTools | undefined;
  /**
   * With `tools`: whether a client is told in HTTP, or in the result of the call, that it needs a token or more scopes.
   *
   * @defaultValue `result` for ChatGPT, by its `User-Agent`, which understands nothing else; `http` for all others
   */
  dialect?: ChooseDialect | undefined;
}

/** The same for a server whose tools are declared. */
export type ToolAuthOptions = BearerAuthOptions & { tools: ProtectedTools };

/** A resource as its gates have to know it. */
export interface GuardedResource extends VerifiedResource {
  /** The names of its scopes. */
  readonly scopes: Pick<ReadonlySet<string>, 'has'>;
  /** What a client without a token is told to ask for, where nothing else is needed. */
  readonly defaultScopes: readonly string[];
}

/** What the gates of a process share. */
export interface GuardServices {
  /** @throws {ConfigurationError} when nobody can tell which resource is meant */
  readonly findResource: (requested: string | undefined) => GuardedResource;
  readonly verify: VerifyAccessToken;
  readonly log: Log;
  readonly newRequestId: () => string;
}

/** Makes the gates of MCP servers. */
export interface Guards {
  /**
   * A gate as middleware, for Express and `node:http`.
   *
   * @throws {ConfigurationError} when it cannot tell which resource it guards, that resource lacks a scope, or an option is unknown
   */
  requireBearerAuth(options?: BearerAuthOptions): BearerMiddleware;
  /**
   * A gate around a web-standard handler, for Hono, Next.js, Bun and edge runtimes.
   *
   * @throws {ConfigurationError} when it cannot tell which resource it guards, that resource lacks a scope, or an option is unknown
   */
  withBearerAuth: WithBearerAuth;
  /**
   * The `verifier` that the bearer middleware of either MCP SDK line asks for.
   *
   * @throws {ConfigurationError} when it cannot tell which resource is guarded
   */
  createTokenVerifier(options: TokenVerifierOptions): TokenVerifier;
}

/** What a verifier for the bearer middleware of an MCP SDK needs. */
export interface TokenVerifierOptions {
  /** The SDK's own error classes: it tells by them what to answer. */
  errors: SdkErrors;
  /** The URL of the protected resource. @defaultValue the configured one, where there is only one */
  resource?: string | undefined;
}

/** Puts a gate around a handler; one for tools may let somebody through without a token. */
export interface WithBearerAuth {
  (handler: ToolsHandler, options: ToolAuthOptions): FetchHandler;
  (handler: GuardedHandler, options?: BearerAuthOptions & { tools?: undefined }): FetchHandler;
}

/** Makes gates on whatever can verify a token: in the process that issued it, or in another one. */
export function createGuards({ findResource, verify, log, newRequestId }: GuardServices): Guards {
  function resourceFor(options: BearerAuthOptions): ProtectedResource {
    requireKnown(options);
    const { scopes = [], resource, tools } = options;
    const { url, scopes: known, implied, defaultScopes } = findResource(resource);
    const unknown = [...scopes, ...(tools ? scopesOf(tools.rules) : [])].filter((scope) => !known.has(scope));
    if (unknown.length > 0) {
      throw new ConfigurationError([
        `A bearer gate: ${url} has no scope ${unknown.join(', ')}: name it among its scopes first.`,
      ]);
    }
    return { url, challengeScopes: scopes.length > 0 ? scopes : defaultScopes, requiredScopes: scopes, implied };
  }

  const bearerGate = (options: BearerAuthOptions): BearerGate => createBearerGate(resourceFor(options), verify, log);
  const toolGate = ({ tools, dialect = dialectByAgent, ...options }: ToolAuthOptions): Gate =>
    createToolGate(resourceFor({ ...options, tools }), tools.rules, { verify, log, dialect });

  return {
    requireBearerAuth: (options = {}) =>
      bearerMiddleware(hasTools(options) ? toolGate(options) : bearerGate(options), newRequestId),
    withBearerAuth: (handler: ToolsHandler | GuardedHandler, options: BearerAuthOptions = {}) =>
      hasTools(options)
        ? bearerHandler(toolGate(options), newRequestId, handler as ToolsHandler)
        : bearerHandler(bearerGate(options), newRequestId, handler),
    createTokenVerifier: ({ errors, resource }) => createTokenVerifier(findResource(resource), verify, log, errors),
  };
}

const optionNames: readonly string[] = ['scopes', 'resource', 'tools', 'dialect'] satisfies (keyof BearerAuthOptions)[];

/** JavaScript may pass anything, and `requiredScopes`, as other gates have it, would ask for nothing here. */
function requireKnown(options: object): void {
  const unknown = Object.keys(options).filter((name) => !optionNames.includes(name));
  if (unknown.length === 0) return;
  const known = optionNames.join(', ');
  throw new ConfigurationError(unknown.map((name) => `A bearer gate: ${name} is no option of it; there are ${known}.`));
}

function hasTools(options: BearerAuthOptions): options is ToolAuthOptions {
  return options.tools !== undefined;
}

/** Finds the resource that a gate guards, by its URL; the only one need not be named. */
export function resourceFinder(resources: ReadonlyMap<string, GuardedResource>): GuardServices['findResource'] {
  return (requested) => {
    const [first, ...others] = resources.values();
    const only = others.length === 0 ? first : undefined;
    const found = requested === undefined ? only : resources.get(canonicalResource(requested) ?? '');
    if (found) return found;
    const known = [...resources.keys()].join(', ');
    const fault = requested === undefined ? 'say which resource it guards' : `${requested} is none of the resources`;
    throw new ConfigurationError([`A bearer gate: ${fault}: its \`resource\` has to be one of ${known}.`]);
  };
}
