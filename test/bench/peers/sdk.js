import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { InvalidGrantError, InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import express from 'express';
import jwt from 'jsonwebtoken';
import { serve, settings, smallDocument } from '../contenders/serve.js';
import { cookieOf, createSignIn } from './sign-in.js';

// `mcpAuthRouter` is the endpoints; what they call is written by its user. This is a provider that keeps all in maps.
const { issuer } = settings;
const resource = `${issuer}/mcp`;
const lifetime = 3600;
const signIn = createSignIn();
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const [clients, codes, refreshTokens] = [new Map(), new Map(), new Map()];

const provider = {
  clientsStore: {
    getClient: (id) => clients.get(id),
    registerClient(client) {
      clients.set(client.client_id, client);
      return client;
    },
  },
  async authorize(client, parameters, response) {
    const { url, state } = await signIn.begin({ clientId: client.client_id, ...parameters });
    response.cookie('sign-in', state, { httpOnly: true, sameSite: 'lax' }).redirect(url);
  },
  async challengeForAuthorizationCode(client, code) {
    return grantOf(codes, code, client).codeChallenge;
  },
  async exchangeAuthorizationCode(client, code, _verifier, redirectUri, requested) {
    const grant = grantOf(codes, code, client);
    if (grant.redirectUri !== redirectUri) throw new InvalidGrantError('Another redirect_uri');
    if (requested && requested.href !== resource) throw new InvalidGrantError('Another resource');
    codes.delete(code);
    return issue(grant);
  },
  async exchangeRefreshToken(client, token, scopes, requested) {
    const grant = grantOf(refreshTokens, token, client);
    if (scopes?.some((scope) => !grant.scopes.includes(scope))) throw new InvalidGrantError('More scopes');
    if (requested && requested.href !== resource) throw new InvalidGrantError('Another resource');
    refreshTokens.delete(token);
    return issue(grant);
  },
  async verifyAccessToken(token) {
    try {
      const claims = jwt.verify(token, publicKey, { algorithms: ['ES256'], issuer, audience: resource });
      const { client_id: clientId, scope, exp: expiresAt, aud } = claims;
      return { token, clientId, scopes: scope.split(' '), expiresAt, resource: new URL(aud) };
    } catch {
      throw new InvalidTokenError('Not a valid token');
    }
  },
};

function grantOf(grants, credential, client) {
  const grant = grants.get(credential);
  if (grant?.clientId !== client.client_id || grant.expiresAt < Date.now()) throw new InvalidGrantError('Not valid');
  return grant;
}

function issue(grant) {
  const { clientId, user, scopes } = grant;
  const scope = scopes.join(' ');
  const access_token = jwt.sign({ client_id: clientId, scope, email: user.email }, privateKey, {
    algorithm: 'ES256',
    issuer,
    audience: resource,
    subject: user.sub,
    jwtid: randomUUID(),
    expiresIn: lifetime,
  });
  const refresh_token = randomBytes(32).toString('base64url');
  refreshTokens.set(refresh_token, { clientId, user, scopes, expiresAt: Date.now() + 30 * 86_400_000 });
  return { access_token, token_type: 'Bearer', expires_in: lifetime, scope, refresh_token };
}

const app = express();
const rateLimit = false;
app.use(
  mcpAuthRouter({
    provider,
    issuerUrl: new URL(issuer),
    resourceServerUrl: new URL(resource),
    scopesSupported: ['mcp:tools'],
    authorizationOptions: { rateLimit },
    tokenOptions: { rateLimit },
    clientRegistrationOptions: { rateLimit },
  }),
);
app.get('/oauth/callback', async (request, response) => {
  const { user, transaction } = await signIn.finish(request.url, cookieOf(request, 'sign-in'));
  const code = randomBytes(32).toString('base64url');
  codes.set(code, { ...transaction, user, expiresAt: Date.now() + 60_000 });
  const back = new URL(transaction.redirectUri);
  back.searchParams.set('code', code);
  if (transaction.state) back.searchParams.set('state', transaction.state);
  response.redirect(back.href);
});
const protect = requireBearerAuth({
  verifier: provider,
  requiredScopes: ['mcp:tools'],
  expectedResource: new URL(resource),
});
app.use('/mcp', protect, (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(smallDocument);
});
serve(app);
