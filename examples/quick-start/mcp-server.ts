import { McpServer, type McpRequestContext } from '@modelcontextprotocol/server';
import { protectTools } from 'mcp-gatehouse';
import { z } from 'zod';

/** What tools need, where that differs from what everything needs: the gate asks for it, and `tools/list` says it. */
export const tools = protectTools({
  add_note: { securitySchemes: [{ type: 'oauth2', scopes: ['mcp:tools', 'notes:write'] }] },
});

const notesByUser = new Map<string, string[]>();

/** An MCP server with three tools, made anew for each request, for the user whose token was verified. */
export function createMcpServer({ authInfo }: McpRequestContext): McpServer {
  const server = new McpServer({ name: 'quick-start', version: '1.0.0' });
  const { sub = 'nobody', claims = {} } = (authInfo?.extra ?? {}) as { sub?: string; claims?: Record<string, unknown> };
  const notes = notesByUser.get(sub) ?? [];
  const text = (value: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value, null, 2) }] });

  server.registerTool(
    'whoami',
    { title: 'Who am I?', description: 'Tells who is signed in, as the verified access token says it.' },
    () => text({ sub, ...claims, client: authInfo?.clientId.slice(0, 16), scopes: authInfo?.scopes }),
  );
  server.registerTool(
    'list_notes',
    { title: 'List notes', description: 'Lists the notes of the signed-in user.' },
    () => text(notes),
  );
  server.registerTool(
    'add_note',
    {
      title: 'Add a note',
      description: 'Keeps a note for the signed-in user. Needs the scope notes:write.',
      inputSchema: z.object({ note: z.string().min(1).max(500) }),
    },
    ({ note }) => {
      notesByUser.set(sub, [...notes, note].slice(-50));
      return text('Noted.');
    },
  );
  return tools.attach(server);
}
