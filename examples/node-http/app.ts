import type { IncomingMessage, ServerResponse } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { getAuth, OAuthAuthorizationServer } from 'mcp-gatehouse';
import type { Example, ExampleOptions } from '../example.js';

/** Line 2 of the MCP SDK; what each tool asks for is decided by the gate alone. */
function createMcpServer(): McpServer {
  const server = new McpServer({ name: 'node-http', version: '1.0.0' });
  server.registerTool('whoami', { description: 'Tells who is signed in.' }, (context) => ({
    content: [{ type: 'text', text: JSON.stringify(context.http?.authInfo?.extra) }],
  }));
  return server;
}

/** `node:http`, and no framework. */
export function createExample(options: ExampleOptions): Example {
  const gate = new OAuthAuthorizationServer({
    ...options,
    resources: [{ url: `${options.issuer}/mcp`, scopes: { 'mcp:tools': 'Use the tools' } }],
    tokenMapper: (_tokens, user) => ({ name: user.name, email: user.email }),
  });
  const mcp = toNodeHandler(createMcpHandler(createMcpServer));
  const router = gate.createRouter();
  const guard = gate.requireBearerAuth({ scopes: ['mcp:tools'] });

  function handler(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '/', options.issuer);
    if (pathname === '/mcp') guard(request, response, () => void mcp(request, response));
    else if (pathname === '/me') guard(request, response, () => response.end(JSON.stringify(getAuth(request).extra)));
    else router(request, response);
  }
  return { handler, close: () => gate.close() };
}
