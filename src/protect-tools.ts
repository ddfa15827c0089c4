import { ConfigurationError } from './configuration-error.js';
import { attachTools } from './resource/tools/attach.js';
import {
  toolFaults,
  toolRules,
  type PublicOptions,
  type ToolDeclaration,
  type ToolRules,
} from './resource/tools/tool-rules.js';

/** The tools of an MCP server, with who may call them: for `requireBearerAuth`, `withBearerAuth` and the server itself. */
export interface ProtectedTools {
  /** What the gates read. */
  readonly rules: ToolRules;
  /**
   * Has a server of the MCP SDK, of line 1 or 2, say in `tools/list` who may call its tools, and check once more before
   * a tool runs. Tools may be registered before and after. What was not declared is left to the gate.
   *
   * @param server - an `McpServer`, or a `Server`
   * @returns the same server
   * @throws {ConfigurationError} when it is none that is known
   */
  attach<S extends object>(server: S): S;
}

/**
 * Declares who may call the tools of an MCP server.
 *
 * ```ts
 * const tools = protectTools({
 *   ping: { securitySchemes: [{ type: 'noauth' }] },
 *   add_note: { securitySchemes: [{ type: 'oauth2', scopes: ['notes:write'] }] },
 * });
 * app.all('/mcp', gate.requireBearerAuth({ scopes: ['mcp:tools'], tools }), mcpHandler);
 * tools.attach(server);
 * ```
 *
 * A declared tool needs what it declares and nothing else; everything else needs the scopes of the gate.
 *
 * @throws {ConfigurationError} naming every fault of the declarations at once
 */
export function protectTools(
  declarations: Readonly<Record<string, ToolDeclaration>>,
  options: PublicOptions = {},
): ProtectedTools {
  const faults = toolFaults(declarations, options);
  if (faults.length > 0) throw new ConfigurationError(faults);
  const rules = toolRules(declarations, options);
  return {
    rules,
    attach(server) {
      if (attachTools(server, rules)) return server;
      throw new ConfigurationError(['tools.attach: this is no McpServer and no Server of the MCP SDK, line 1 or 2.']);
    },
  };
}
