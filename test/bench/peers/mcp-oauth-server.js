import { randomBytes } from 'node:crypto';
import express from 'express';
import { authenticateHandler, mcpAuthRouter, OAuthServer, requireBearerAuth } from 'mcp-oauth-server';
import { callbackUrl, serve, settings, smallDocument } from '../contenders/serve.js';
import { consentPage, cookieOf, createSignIn } from './sign-in.js';

// Its consent page and who has signed in are its user's: the page sends a browser without a session to the provider.
const { issuer } = settings;
const resource = new URL(`${issuer}/mcp`);
const rateLimit = false;
const signIn = createSignIn();
const sessions = new Map();
const provider = new OAuthServer({
  issuerUrl: new URL(issuer),
  authorizationUrl: new URL(`${issuer}/consent`),
  resourceServerUrl: resource,
  scopesSupported: ['mcp:tools'],
});
const userOf = (request) => sessions.get(cookieOf(request, 'session'));
const cookieOptions = { httpOnly: true, sameSite: 'lax' };

const app = express();
app.use(
  mcpAuthRouter({
    provider,
    resourceServerUrl: resource,
    authorizationOptions: { rateLimit },
    tokenOptions: { rateLimit },
    clientRegistrationOptions: { rateLimit },
  }),
);
app.get('/consent', async (request, response) => {
  if (userOf(request)) {
    const client = await provider.getClient(request.query.client_id);
    response.type('html').send(consentPage(client.client_name, '/confirm', request.query));
    return;
  }
  const { url, state } = await signIn.begin(request.url);
  response.cookie('sign-in', state, cookieOptions).redirect(url);
});
app.get(new URL(callbackUrl).pathname, async (request, response) => {
  const { user, transaction } = await signIn.finish(request.url, cookieOf(request, 'sign-in'));
  const session = randomBytes(16).toString('base64url');
  sessions.set(session, user);
  response.cookie('session', session, cookieOptions).redirect(transaction);
});
app.use('/confirm', authenticateHandler({ provider, rateLimit, getUser: (request) => userOf(request)?.sub }));
const protect = requireBearerAuth({ verifier: provider, requiredScopes: ['mcp:tools'], resource });
app.use('/mcp', protect, (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(smallDocument);
});
serve(app);
