import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { protectTools } from 'mcp-gatehouse';
import { z } from 'zod';
import { gate } from '../../lib/gate';

/** What each tool asks for. */
const tools = protectTools({
  whoami: { securitySchemes: [{ type: 'oauth2', scopes: ['mcp:tools'] }] },
  add_note: { securitySchemes: [{ type: 'oauth2', scopes: ['mcp:tools', 'notes:write'] }] },
});

const mcp = createMcpHandler(() => {
  const server = tools.attach(new McpServer({ name: 'nextjs', version: '1.0.0' }));
  server.registerTool('whoami', { description: 'Tells who is signed in.' }, (context) => ({
    content: [{ type: 'text', text: JSON.stringify(context.http?.authInfo?.extra) }],
  }));
  server.registerTool(
    'add_note',
    { description: 'Keeps a note.', inputSchema: z.object({ note: z.string().max(500).optional() }) },
    () => ({ content: [{ type: 'text', text: '"noted"' }] }),
  );
  return server;
});

let guarded: ((request: Request) => Promise<Response>) | undefined;

function serve(request: Request): Promise<Response> {
  guarded ??= gate().withBearerAuth(
    (request, { auth, body }) => mcp.fetch(request, { parsedBody: body, ...(auth && { authInfo: auth }) }),
    { scopes: ['mcp:tools'], tools },
  );
  return guarded(request);
}

export { serve as DELETE, serve as GET, serve as OPTIONS, serve as POST };
