import { isScopeToken } from '../../protocol/scope.js';
import type { AuthInfo } from '../auth-info.js';

/** One way in which a tool may be called: by anybody, or by a user whose token has these scopes. */
export type SecurityScheme =
  | { readonly type: 'noauth' }
  | {
      readonly type: 'oauth2';
      /** All that the call needs. @defaultValue none: any good token will do */
      readonly scopes?: readonly string[] | undefined;
    };

/** Who may call a tool. */
export interface ToolDeclaration {
  /** The ways in which it may be called: one of them is enough. */
  readonly securitySchemes: readonly SecurityScheme[];
  /** Has the last word on a caller whose scopes are enough. More scopes do not help one whom it refuses. */
  readonly allow?: ((auth: AuthInfo) => boolean) | undefined;
}

/** What may be done without a token where some tool needs none, beyond what every client does at first. */
export interface PublicOptions {
  /** Methods of MCP, such as `resources/list`. @defaultValue none */
  readonly publicMethods?: readonly string[] | undefined;
}

/** A declaration as the gates read it. */
export interface ToolRule {
  /** As it was declared, for `tools/list`. */
  readonly securitySchemes: readonly SecurityScheme[];
  /** Whether a call needs no token. */
  readonly isOpen: boolean;
  /** Sets of scopes, one of which a token must have; the empty set where any token will do. */
  readonly alternatives: readonly (readonly string[])[];
  readonly allow: ToolDeclaration['allow'];
}

/** What was declared of the tools of a server. */
export interface ToolRules {
  readonly byName: ReadonlyMap<string, ToolRule>;
  /** Whether some of it can be used without a token. */
  readonly isMixed: boolean;
  readonly publicMethods: ReadonlySet<string>;
}

/** What a client does before it has a token, where it may. */
const firstMethods = ['initialize', 'ping', 'tools/list', 'server/discover'];

/** Makes rules of declarations without faults. */
export function toolRules(
  declarations: Readonly<Record<string, ToolDeclaration>>,
  { publicMethods = [] }: PublicOptions,
): ToolRules {
  const byName = new Map(Object.entries(declarations).map(([name, declaration]) => [name, ruleOf(declaration)]));
  const hasNoauth = [...byName.values()].some(({ securitySchemes }) => securitySchemes.some(isNoauth));
  return {
    byName,
    isMixed: hasNoauth || publicMethods.length > 0,
    publicMethods: new Set([...firstMethods, ...publicMethods]),
  };
}

function ruleOf({ securitySchemes, allow }: ToolDeclaration): ToolRule {
  return {
    securitySchemes: securitySchemes.map((scheme) =>
      Object.freeze('scopes' in scheme && scheme.scopes ? { ...scheme, scopes: [...scheme.scopes] } : { ...scheme }),
    ),
    // What a predicate is to judge has to be known.
    isOpen: !allow && securitySchemes.some(isNoauth),
    alternatives: securitySchemes.map((scheme) => (isNoauth(scheme) ? [] : [...(scheme.scopes ?? [])])),
    allow,
  };
}

function isNoauth(scheme: SecurityScheme): scheme is { readonly type: 'noauth' } {
  return scheme.type === 'noauth';
}

/** Names what is wrong with declarations, one sentence for each fault: JavaScript may pass anything. */
export function toolFaults(
  declarations: Readonly<Record<string, ToolDeclaration>>,
  { publicMethods = [], ...others }: PublicOptions,
): string[] {
  return [
    ...Object.keys(others).map((name) => `protectTools: ${name} is no option of it; there is publicMethods.`),
    ...Object.entries(declarations).flatMap(([name, declaration]: [string, Partial<ToolDeclaration> | null]) =>
      faultsOf(declaration ?? {}).map((fault) => `protectTools: ${name} ${fault}.`),
    ),
    ...publicMethods
      .filter((method) => !/^[\w$-]+(\/[\w$-]+)*$/.test(method) || method === 'tools/call')
      .map(
        (method) => `protectTools: publicMethods cannot have ${JSON.stringify(method)}: tools are declared one by one.`,
      ),
  ];
}

function faultsOf({ securitySchemes, allow, ...others }: Partial<ToolDeclaration>): string[] {
  // A rule under another name would be none.
  const faults = Object.keys(others).map((name) => `has ${name}, which means nothing`);
  if (allow !== undefined && typeof allow !== 'function') faults.push('has an allow that is no function');
  if (!Array.isArray(securitySchemes) || securitySchemes.length === 0) {
    return [...faults, "has no securitySchemes: say [{ type: 'noauth' }] where everybody may call it"];
  }
  return [...faults, ...securitySchemes.flatMap((scheme: Readonly<Record<string, unknown>>) => schemeFaults(scheme))];
}

function schemeFaults(scheme: Readonly<Record<string, unknown>> | null): string[] {
  const { type, scopes, ...others } = scheme ?? {};
  const unknown = Object.keys(others).map((name) => `has a scheme with ${name}, which means nothing`);
  if (type === 'noauth')
    return scopes === undefined ? unknown : [...unknown, 'has scopes for noauth, which needs none'];
  if (type !== 'oauth2') return [`has a scheme of type ${JSON.stringify(type)}: there are noauth and oauth2`];
  if (scopes === undefined) return unknown;
  if (!Array.isArray(scopes)) return [...unknown, 'has scopes that are no list'];
  if (scopes.length === 0) return [...unknown, 'has an empty list of scopes: leave it out where any token will do'];
  const bad = scopes.filter((scope) => typeof scope !== 'string' || !isScopeToken(scope));
  return [...unknown, ...bad.map((scope) => `has ${JSON.stringify(scope)} for a scope, which is no scope token`)];
}

/** The scopes that the tools need, each once. */
export function scopesOf({ byName }: ToolRules): string[] {
  return [...new Set([...byName.values()].flatMap(({ alternatives }) => alternatives.flat()))];
}
