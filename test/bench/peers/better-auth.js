import { oauthProvider } from '@better-auth/oauth-provider';
import { oauthProviderResourceClient } from '@better-auth/oauth-provider/resource-client';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node';
import { genericOAuth, jwt } from 'better-auth/plugins';
import express from 'express';
import { SqliteDialect } from 'kysely';
import Database from 'libsql';
import { serve, settings, smallDocument } from '../contenders/serve.js';
import { consentPage } from './sign-in.js';

// Its adapter for memory looks through whole tables: a database in memory, with indexes, is what it can do best here.
const { issuer, upstream } = settings;
const resource = `${issuer}/mcp`;
const base = `${issuer}/api/auth`;
const auth = betterAuth({
  baseURL: issuer,
  secret: 'YmVuY2htYXJrLXNlY3JldC1vZi10aGlydHktdHdvLWJ5dGVz',
  database: { dialect: new SqliteDialect({ database: new Database(':memory:') }), type: 'sqlite' },
  rateLimit: { enabled: false },
  plugins: [
    genericOAuth({
      config: [
        {
          providerId: 'upstream',
          discoveryUrl: `${upstream.issuer}/.well-known/openid-configuration`,
          requireIdTokenVerification: true,
          clientId: upstream.clientId,
          clientSecret: upstream.clientSecret,
          scopes: ['openid', 'email', 'profile'],
        },
      ],
    }),
    jwt({ jwks: { keyPairConfig: { alg: 'ES256' } } }),
    oauthProvider({
      loginPage: '/sign-in',
      consentPage: '/consent',
      scopes: ['offline_access', 'mcp:tools'],
      resources: [resource],
      enforcePerClientResources: false,
      allowDynamicClientRegistration: true,
      allowUnauthenticatedClientRegistration: true,
    }),
  ],
});
await (await getMigrations(auth.options)).runMigrations();
const { verifyAccessTokenRequest } = oauthProviderResourceClient(auth).getActions();

const queryOf = (request) => request.url.slice(request.url.indexOf('?') + 1);
const app = express();
app.all('/api/auth/{*path}', toNodeHandler(auth));
app.get('/.well-known/oauth-authorization-server/api/auth', async (_request, response) => {
  response.json(await auth.api.getOAuthServerConfig());
});
app.get('/sign-in', async (request, response) => {
  const { headers, response: answer } = await auth.api.signInSocial({
    body: { provider: 'upstream', callbackURL: '/', oauth_query: queryOf(request) },
    headers: fromNodeHeaders(request.headers),
    returnHeaders: true,
  });
  response.setHeader('set-cookie', headers.getSetCookie());
  response.redirect(answer.url);
});
app.get('/consent', async (request, response) => {
  const client = await auth.api.getOAuthClientPublic({
    query: { client_id: request.query.client_id },
    headers: fromNodeHeaders(request.headers),
  });
  response.type('html').send(consentPage(client.client_name, '/consent', { oauth_query: queryOf(request) }));
});
app.post('/consent', express.urlencoded({ extended: false }), async (request, response) => {
  const headers = fromNodeHeaders(request.headers);
  const answer = await auth.api.oauth2Consent({
    body: { accept: true, oauth_query: request.body.oauth_query },
    headers,
    request: new Request(`${base}/oauth2/consent`, { headers }),
  });
  const { url } = await answer.json();
  response.redirect(url);
});
app.get('/mcp', async (request, response) => {
  try {
    await verifyAccessTokenRequest(
      { authorizationHeader: request.headers.authorization, method: 'GET', url: resource },
      { jwksUrl: `${base}/jwks`, verifyOptions: { audience: resource, issuer: base }, scopes: ['mcp:tools'] },
    );
    response.writeHead(200, { 'content-type': 'application/json' }).end(smallDocument);
  } catch {
    response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
  }
});
serve(app);
