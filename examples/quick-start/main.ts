import { ConfigurationError } from 'mcp-gatehouse';
import { fileURLToPath } from 'node:url';
import { startQuickStart } from './server.js';
import { readSettings } from './settings.js';

const folder = fileURLToPath(new URL('../../.gatehouse', import.meta.url));

try {
  process.loadEnvFile();
} catch {
  // There need not be a .env file.
}

try {
  const settings = readSettings(process.env, folder);
  const quickStart = await startQuickStart(settings);
  const { mcpUrl, providers, callbackUrls } = quickStart;
  const usesLocalProvider = settings.providers.length === 0;
  const listensElsewhere = new URL(settings.url).port !== String(settings.port);
  const hints = [
    ...(usesLocalProvider ? [] : callbackUrls.map((url) => `Redirect URI to register at the provider: ${url}`)),
    ...(listensElsewhere
      ? [`It listens on port ${settings.port} of this computer: your proxy has to lead there.`]
      : []),
    ...(usesLocalProvider
      ? [
          'This is development mode: anybody can sign in. Set the variables of a provider (.env.example) for real users.',
        ]
      : []),
  ];
  console.log(`
  mcp-gatehouse is guarding an MCP server at

      ${mcpUrl}

  Connect a client:
      Claude Code     claude mcp add --transport http quick-start ${mcpUrl}
      VS Code         code --add-mcp '{"name":"quick-start","type":"http","url":"${mcpUrl}"}'
      MCP Inspector   npx @modelcontextprotocol/inspector --transport http --server-url ${mcpUrl}
      anything else   npx mcp-remote ${mcpUrl}
      no client       npm run try        (in another terminal; add -- --open for your browser)

  Users sign in with ${providers.join(', ')}${usesLocalProvider ? ': any user name, any password' : ''}.
  State is kept in ${settings.state}${hints.map((hint) => `\n  ${hint}`).join('')}
`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void quickStart.close().then((hasFinished) => process.exit(hasFinished ? 0 : 1)));
  }
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}

function explain(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return 'The port is in use: stop what runs there, or choose another one with PORT=3001 npm start.';
  }
  if (error instanceof Error && error.cause instanceof Error) return `${error.message} ${error.cause.message}`;
  return String(error);
}
