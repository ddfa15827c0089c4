import type { RequestListener } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer as McpServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createMcpHandler, McpServer as McpServerV2 } from '@modelcontextprotocol/server';
import express, { type NextFunction, type Request, type Response } from 'express';
import type { AuthInfo, OAuthAuthorizationServer } from 'mcp-gatehouse';

/** Mounts an MCP server behind a gate. */
export type ProtectedMcpServer = (gate: OAuthAuthorizationServer) => RequestListener;

const about = { name: 'test', version: '1.0.0' };

/** What a tool was told of its caller, in a form that JSON can hold. */
function whoami(auth: Partial<AuthInfo> | undefined) {
  return { content: [{ type: 'text' as const, text: JSON.stringify({ ...auth, resource: auth?.resource?.href }) }] };
}

const noted = { content: [{ type: 'text' as const, text: '"noted"' }] };

/** An MCP server of the SDK's line 2: `whoami`, and `add_note`, which needs the scope `notes:write`. */
export const serverOfLine2: ProtectedMcpServer = (gate) => {
  const handler = toNodeHandler(
    createMcpHandler(() => {
      const server = new McpServerV2(about);
      server.registerTool('whoami', {}, (context) => whoami(context.http?.authInfo as AuthInfo | undefined));
      server.registerTool('add_note', {}, () => noted);
      return server;
    }),
  );
  return behindGates(gate, (request, response) => handler(request, response, request.body));
};

/** The same, of the SDK's line 1, without sessions. */
export const serverOfLine1: ProtectedMcpServer = (gate) =>
  behindGates(gate, async (request, response) => {
    if (request.method !== 'POST') {
      response.status(405).end();
      return;
    }
    const server = new McpServerV1(about);
    server.registerTool('whoami', {}, (extra) => whoami(extra.authInfo as AuthInfo | undefined));
    server.registerTool('add_note', {}, () => noted);
    const transport = new StreamableHTTPServerTransport({});
    response.on('close', () => void server.close());
    await server.connect(transport);
    await transport.handleRequest(request, response, request.body);
  });

/** One gate for all, and a stricter one for the tool that needs more. */
function behindGates(
  gate: OAuthAuthorizationServer,
  serve: (request: Request, response: Response) => Promise<void>,
): RequestListener {
  const useTools = gate.requireBearerAuth({ scopes: ['mcp:tools'] });
  const writeNotes = gate.requireBearerAuth({ scopes: ['mcp:tools', 'notes:write'] });
  const app = express();
  app.use(useTools, express.json(), (request: Request, response: Response, next: NextFunction) => {
    const { method, params } = (request.body ?? {}) as { method?: string; params?: { name?: string } };
    if (method === 'tools/call' && params?.name === 'add_note') writeNotes(request, response, next);
    else next();
  });
  app.use((request: Request, response: Response) => serve(request, response));
  return app;
}
