import type { RequestListener } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer as McpServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createMcpHandler, McpServer as McpServerV2 } from '@modelcontextprotocol/server';
import express, { type Request, type Response } from 'express';
import { protectTools, type AuthInfo, type OAuthAuthorizationServer, type ProtectedTools } from 'mcp-gatehouse';

/** Mounts an MCP server behind a gate. */
export type ProtectedMcpServer = (gate: OAuthAuthorizationServer) => RequestListener;

const about = { name: 'test', version: '1.0.0' };

/** What a tool was told of its caller, in a form that JSON can hold. */
function whoami(auth: Partial<AuthInfo> | undefined) {
  return { content: [{ type: 'text' as const, text: JSON.stringify({ ...auth, resource: auth?.resource?.href }) }] };
}

const hello = { content: [{ type: 'text' as const, text: '"hello"' }] };
const noted = { content: [{ type: 'text' as const, text: '"noted"' }] };

/** What the tools need; `whoami` needs what everything needs. */
export const closedTools = protectTools({
  add_note: { securitySchemes: [{ type: 'oauth2', scopes: ['notes:write'] }] },
});

/** The same with a tool that needs nobody. */
export const mixedTools = protectTools({
  hello: { securitySchemes: [{ type: 'noauth' }] },
  add_note: { securitySchemes: [{ type: 'oauth2', scopes: ['notes:write'] }] },
});

/** An MCP server of the SDK's line 2: `whoami`, `hello`, and `add_note`, which needs the scope `notes:write`. */
export const line2ServerWith =
  (tools: ProtectedTools): ProtectedMcpServer =>
  (gate) => {
    const handler = toNodeHandler(
      createMcpHandler(() => {
        const server = new McpServerV2(about);
        server.registerTool('whoami', {}, (context) => whoami(context.http?.authInfo as AuthInfo | undefined));
        server.registerTool('hello', {}, () => hello);
        server.registerTool('add_note', {}, () => noted);
        return tools.attach(server);
      }),
    );
    return behindGate(gate, tools, (request, response) => handler(request, response, request.body));
  };

/** The same, of the SDK's line 1, without sessions. */
export const line1ServerWith =
  (tools: ProtectedTools): ProtectedMcpServer =>
  (gate) =>
    behindGate(gate, tools, async (request, response) => {
      if (request.method !== 'POST') {
        response.status(405).end();
        return;
      }
      const server = tools.attach(new McpServerV1(about));
      server.registerTool('whoami', {}, (extra) => whoami(extra.authInfo as AuthInfo | undefined));
      server.registerTool('hello', {}, () => hello);
      server.registerTool('add_note', {}, () => noted);
      const transport = new StreamableHTTPServerTransport({});
      response.on('close', () => void server.close());
      await server.connect(transport);
      await transport.handleRequest(request, response, request.body);
    });

function behindGate(
  gate: OAuthAuthorizationServer,
  tools: ProtectedTools,
  serve: (request: Request, response: Response) => Promise<void>,
): RequestListener {
  const guard = gate.requireBearerAuth({ scopes: ['mcp:tools'], tools });
  return express().use(guard, (request: Request, response: Response) => serve(request, response));
}

export const serverOfLine1 = line1ServerWith(closedTools);
export const serverOfLine2 = line2ServerWith(closedTools);
