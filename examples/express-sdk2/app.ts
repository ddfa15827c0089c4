import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import express, { type Request, type Response } from 'express';
import { OAuthAuthorizationServer, protectTools, UpstreamTokenError } from 'mcp-gatehouse';
import { z } from 'zod';
import type { Example, ExampleOptions } from '../example.js';

/** What each tool asks for. */
const tools = protectTools({
  whoami: { securitySchemes: [{ type: 'oauth2', scopes: ['mcp:tools'] }] },
  list_repositories: { securitySchemes: [{ type: 'oauth2', scopes: ['mcp:tools'] }] },
  add_note: { securitySchemes: [{ type: 'oauth2', scopes: ['mcp:tools', 'notes:write'] }] },
});

const text = (value: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value) }] });

/** An MCP server of the SDK's line 2, one of whose tools calls GitHub as the user. */
function createMcpServer(gate: OAuthAuthorizationServer): McpServer {
  const server = tools.attach(new McpServer({ name: 'express-sdk2', version: '1.0.0' }));
  server.registerTool('whoami', { description: 'Tells who is signed in.' }, (context) =>
    text(context.http?.authInfo?.extra),
  );
  server.registerTool(
    'list_repositories',
    { description: 'Lists the repositories of the user at GitHub.' },
    async (context) => {
      try {
        const { accessToken } = await gate.getUpstreamToken(context.http?.authInfo, { provider: 'github' });
        return text(await repositoriesOf(accessToken));
      } catch (error) {
        // Its message is for users, and says what helps: signing in anew, or trying again.
        if (error instanceof UpstreamTokenError) return { ...text(error.message), isError: true };
        throw error;
      }
    },
  );
  server.registerTool(
    'add_note',
    { description: 'Keeps a note.', inputSchema: z.object({ note: z.string().max(500).optional() }) },
    () => text('noted'),
  );
  return server;
}

async function repositoriesOf(accessToken: string): Promise<string[]> {
  const answer = await fetch('https://api.github.com/user/repos?per_page=20', {
    headers: { authorization: `Bearer ${accessToken}`, accept: 'application/vnd.github+json' },
  });
  if (!answer.ok) throw new Error(`GitHub answered ${answer.status}.`);
  return ((await answer.json()) as { full_name: string }[]).map(({ full_name }) => full_name);
}

/** Express with line 2 of the MCP SDK. */
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
  const mcp = toNodeHandler(createMcpHandler(() => createMcpServer(gate)));

  const app = express();
  app.use(gate.createRouter());
  app.all(
    '/mcp',
    gate.requireBearerAuth({ scopes: ['mcp:tools'], tools }),
    (request: Request, response: Response) => mcp(request, response, request.body), // The gate has read the body.
  );
  return { handler: app, close: () => gate.close() };
}
