import { getRequestListener } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { OAuthAuthorizationServer, protectTools } from 'mcp-gatehouse';
import { z } from 'zod';
import type { Example, ExampleOptions } from '../example.js';

/** What each tool asks for: everybody may call `greet`, and whoever has signed in is greeted by name. */
const tools = protectTools({
  greet: { securitySchemes: [{ type: 'noauth' }, { type: 'oauth2', scopes: ['mcp:tools'] }] },
  whoami: { securitySchemes: [{ type: 'oauth2', scopes: ['mcp:tools'] }] },
  add_note: { securitySchemes: [{ type: 'oauth2', scopes: ['mcp:tools', 'notes:write'] }] },
});

const text = (value: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value) }] });

/** An MCP server of the SDK's line 2. */
function createMcpServer(): McpServer {
  const server = tools.attach(new McpServer({ name: 'hono', version: '1.0.0' }));
  server.registerTool('greet', { description: 'Greets whoever is there.' }, (context) => {
    const { claims } = (context.http?.authInfo?.extra ?? {}) as { claims?: { name?: string } };
    return text(`Hello, ${claims?.name ?? 'stranger'}!`);
  });
  server.registerTool('whoami', { description: 'Tells who is signed in.' }, (context) =>
    text(context.http?.authInfo?.extra),
  );
  server.registerTool(
    'add_note',
    { description: 'Keeps a note.', inputSchema: z.object({ note: z.string().max(500).optional() }) },
    () => text('noted'),
  );
  return server;
}

/** Hono: web-standard requests, and no Express anywhere. */
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
  const mcp = createMcpHandler(createMcpServer);
  const guarded = gate.withBearerAuth(
    (request, { auth, body }) => mcp.fetch(request, { parsedBody: body, ...(auth && { authInfo: auth }) }),
    { scopes: ['mcp:tools'], tools },
  );

  const app = new Hono();
  app.all('/mcp', (context) => guarded(context.req.raw));
  // A Request does not say where it comes from, and limits go by that.
  app.all('*', (context) => gate.fetch(context.req.raw, { ip: getConnInfo(context).remote.address }));
  const listener = getRequestListener(app.fetch);
  return { handler: (request, response) => void listener(request, response), close: () => gate.close() };
}
