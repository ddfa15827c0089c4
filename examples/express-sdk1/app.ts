import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express, { type Request, type Response } from 'express';
import { OAuthAuthorizationServer, protectTools } from 'mcp-gatehouse';
import { z } from 'zod';
import type { Example, ExampleOptions } from '../example.js';

/** What each tool asks for. */
const tools = protectTools({
  whoami: { securitySchemes: [{ type: 'oauth2', scopes: ['mcp:tools'] }] },
  add_note: { securitySchemes: [{ type: 'oauth2', scopes: ['mcp:tools', 'notes:write'] }] },
});

/** An MCP server of the SDK's line 1, made anew for each request. */
function createMcpServer(): McpServer {
  const server = tools.attach(new McpServer({ name: 'express-sdk1', version: '1.0.0' }));
  server.registerTool('whoami', { description: 'Tells who is signed in.' }, ({ authInfo }) => ({
    content: [{ type: 'text', text: JSON.stringify(authInfo?.extra) }],
  }));
  server.registerTool(
    'add_note',
    { description: 'Keeps a note.', inputSchema: { note: z.string().max(500).optional() } },
    () => ({ content: [{ type: 'text', text: '"noted"' }] }),
  );
  return server;
}

/** Express with line 1 of the MCP SDK. */
export function createExample(options: ExampleOptions): Example {
  const gate = new OAuthAuthorizationServer({
    ...options,
    resources: [
      {
        url: `${options.issuer}/mcp`,
        scopes: { 'mcp:tools': 'Use the tools', 'notes:write': 'Write notes' },
        defaultScopes: ['mcp:tools'],
      },
    ],
    tokenMapper: (_tokens, user) => ({ name: user.name, email: user.email }),
  });

  const app = express();
  app.use(gate.createRouter());
  app.all(
    '/mcp',
    gate.requireBearerAuth({ scopes: ['mcp:tools'], tools }),
    async (request: Request, response: Response) => {
      const server = createMcpServer();
      const transport = new StreamableHTTPServerTransport({});
      response.on('close', () => void server.close());
      await server.connect(transport);
      await transport.handleRequest(request, response, request.body); // The gate has read the body to see the tool.
    },
  );
  return { handler: app, close: () => gate.close() };
}
