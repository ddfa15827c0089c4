import type { AuthInfo } from '../auth-info.js';
import type { ErrorResult } from '../tool-result.js';
import { judgeCall } from './judge.js';
import { membersOf } from './message.js';
import { errorOf, refusedResult } from './refused-call.js';
import type { ToolRules } from './tool-rules.js';

/** A handler of requests, as both lines of the MCP SDK call it. */
type Handler = (request: unknown, context: unknown) => unknown;

/** The part of a server that both lines have in common: `Server`, which `McpServer` holds as `server`. */
interface ProtocolServer {
  setRequestHandler: (...parameters: unknown[]) => unknown;
  readonly _requestHandlers: Map<string, Handler>;
}

/**
 * Has a server say in `tools/list` who may call its tools, and check it once more before a tool runs.
 *
 * @returns false when it is no server of an SDK line that is known
 */
export function attachTools(server: object, rules: ToolRules): boolean {
  const protocol = protocolOf(server) ?? protocolOf((server as { server?: unknown }).server);
  if (!protocol) return false;
  for (const method of ['tools/list', 'tools/call']) {
    const handler = protocol._requestHandlers.get(method);
    if (handler) protocol._requestHandlers.set(method, guarded(handler, rules, requestReader(method)));
  }
  // What is registered later, as by the first tool of an McpServer, comes through here.
  const setRequestHandler = protocol.setRequestHandler.bind(protocol);
  protocol.setRequestHandler = (...parameters) => {
    const handler = parameters.pop() as Handler;
    const guard = guarded(handler, rules, readerFor(parameters));
    return setRequestHandler(...parameters, typeof handler === 'function' ? guard : handler);
  };
  return true;
}

function protocolOf(value: unknown): ProtocolServer | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { setRequestHandler, _requestHandlers } = value as Partial<ProtocolServer>;
  const isKnown = typeof setRequestHandler === 'function' && _requestHandlers instanceof Map;
  return isKnown ? (value as ProtocolServer) : undefined;
}

/** What a handler is given to do. */
type Read = (given: unknown) => { readonly method: unknown; readonly params: unknown };

const requestReader =
  (registered?: string): Read =>
  (request) => {
    const { method, params } = membersOf(request);
    return { method: registered ?? method, params };
  };

/**
 * Line 1 registers by a schema, and its requests say their method; line 2 by a method, and with schemas between it and
 * the handler the parameters are all that is handed on. What stands in them is the client's, and names no method.
 */
function readerFor([method, schemas]: readonly unknown[]): Read {
  if (typeof method !== 'string') return requestReader();
  return schemas === undefined ? requestReader(method) : (params) => ({ method, params });
}

function guarded(handler: Handler, rules: ToolRules, read: Read): Handler {
  return async (request, context) => {
    const { method, params } = read(request);
    if (method === 'tools/call') return refusedCall(params, context, rules) ?? handler(request, context);
    const result = await handler(request, context);
    return method === 'tools/list' ? withSchemes(result, rules) : result;
  };
}

function refusedCall(params: unknown, context: unknown, { byName }: ToolRules): ErrorResult | undefined {
  const { name } = membersOf(params);
  const rule = typeof name === 'string' ? byName.get(name) : undefined;
  // What was not declared is left to the gate before the server.
  if (!rule) return undefined;
  const auth = authOf(context);
  const verdict = judgeCall(rule, auth);
  if (verdict.kind === 'allowed') return undefined;
  return refusedResult(errorOf(verdict), verdict.scopes, auth?.resource.href);
}

/** Who called, as line 1 (`extra.authInfo`) and line 2 (`ctx.http.authInfo`) say it. */
function authOf(context: unknown): AuthInfo | undefined {
  const { authInfo = membersOf(membersOf(context)['http'])['authInfo'] } = membersOf(context);
  const { scopes, resource } = membersOf(authInfo);
  return Array.isArray(scopes) && resource instanceof URL ? (authInfo as AuthInfo) : undefined;
}

/** Both SDK lines drop members of a tool that they do not know, so they are added to what goes out. */
function withSchemes(result: unknown, { byName }: ToolRules): unknown {
  const { tools } = membersOf(result);
  if (!Array.isArray(tools)) return result;
  const listed = tools.map((tool: unknown) => {
    const { name, _meta } = membersOf(tool);
    const rule = typeof name === 'string' ? byName.get(name) : undefined;
    if (!rule) return tool;
    const { securitySchemes } = rule;
    return { ...membersOf(tool), securitySchemes, _meta: { ...membersOf(_meta), securitySchemes } };
  });
  return { ...membersOf(result), tools: listed };
}
