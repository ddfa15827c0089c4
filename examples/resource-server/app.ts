import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import express, { type Request, type Response } from 'express';
import { createResourceServer, protectTools } from 'mcp-gatehouse/resource';
import type { Example } from '../example.js';

/** What each tool asks for. */
const tools = protectTools({
  whoami: { securitySchemes: [{ type: 'oauth2', scopes: ['mcp:tools'] }] },
  add_note: { securitySchemes: [{ type: 'oauth2', scopes: ['mcp:tools', 'notes:write'] }] },
});

/** Line 2 of the MCP SDK. */
function createMcpServer(): McpServer {
  const server = tools.attach(new McpServer({ name: 'resource-server', version: '1.0.0' }));
  server.registerTool('whoami', { description: 'Tells who is signed in.' }, (context) => ({
    content: [{ type: 'text', text: JSON.stringify(context.http?.authInfo?.extra) }],
  }));
  server.registerTool('add_note', { description: 'Keeps a note.' }, () => ({
    content: [{ type: 'text', text: '"noted"' }],
  }));
  return server;
}

/**
 * An MCP server far from its authorization server: it knows that one's URL, its own, and nothing secret.
 *
 * @param issuer - the authorization server, which has to have `resource` among its `resources`
 * @param resource - the URL of this server, as users enter it in their clients
 */
export function createExample({ issuer, resource }: { issuer: string; resource: string }): Example {
  const server = createResourceServer({
    issuer,
    resource,
    scopes: { 'mcp:tools': 'Use the tools', 'notes:write': 'Write notes' },
    defaultScopes: ['mcp:tools'],
  });
  const mcp = toNodeHandler(createMcpHandler(createMcpServer));

  const app = express();
  app.use(server.createRouter());
  app.all(
    new URL(resource).pathname,
    server.requireBearerAuth({ scopes: ['mcp:tools'], tools }),
    (request: Request, response: Response) => mcp(request, response, request.body),
  );
  return { handler: app, close: () => Promise.resolve() };
}
