import { OAuthAuthorizationServer } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { serve, settings, smallDocument } from './serve.js';

const { issuer, store, upstream, options } = settings;
const gate = new OAuthAuthorizationServer({
  issuer,
  secret: 'YmVuY2htYXJrLXNlY3JldC1vZi10aGlydHktdHdvLWJ5dGVz',
  store,
  allowMemoryStoreInProduction: true,
  providers: [oidcProvider(upstream)],
  resources: [{ url: `${issuer}/mcp`, scopes: { 'mcp:tools': 'Use the tools' } }],
  tokenMapper: (_tokens, user) => ({ email: user.email }),
  // Requests are counted as ever; but all come from one address here, which would be held back.
  rateLimits: Object.fromEntries(
    ['registration', 'authorization', 'token'].map((name) => [name, { requests: 1_000_000_000, seconds: 60 }]),
  ),
});
const router = gate.createRouter();
const protect = gate.requireBearerAuth({ scopes: ['mcp:tools'] });

if (options?.framework === 'express') {
  const { default: express } = await import('express');
  const app = express();
  app.use(router);
  app.use('/mcp', protect, (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(smallDocument);
  });
  serve(app);
} else {
  serve((request, response) => {
    if (request.url !== '/mcp') router(request, response);
    else {
      protect(request, response, () => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(smallDocument);
      });
    }
  });
}
