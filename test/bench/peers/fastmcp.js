import { FastMCP, OAuthProvider } from 'fastmcp';
import { settings, smallDocument, tellReady } from '../contenders/serve.js';

// It listens by itself. Its own bearer check is what its MCP endpoint asks before a session is made.
const { issuer, port, upstream } = settings;
const auth = new OAuthProvider({
  baseUrl: issuer,
  authorizationEndpoint: `${upstream.issuer}/authorize`,
  tokenEndpoint: `${upstream.issuer}/token`,
  clientId: upstream.clientId,
  clientSecret: upstream.clientSecret,
  scopes: ['openid', 'email', 'profile'],
  allowedRedirectUriPatterns: ['https://client.example/*'],
});
const server = new FastMCP({ name: 'benchmark', version: '1.0.0', auth });
server.getApp().get('/mcp', async (context) => {
  const session = await auth.authenticate(context.env.incoming);
  if (!session) return context.body(null, 401);
  return context.body(smallDocument, 200, { 'content-type': 'application/json' });
});
await server.start({
  transportType: 'httpStream',
  httpStream: { port, host: '127.0.0.1', endpoint: '/stream', stateless: true },
});
tellReady();
