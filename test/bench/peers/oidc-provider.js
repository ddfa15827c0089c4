import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import Provider from 'oidc-provider';
import { serve, settings, smallDocument } from '../contenders/serve.js';
import { MapAdapter } from './map-adapter.js';
import { consentPage, createSignIn } from './sign-in.js';

// Interactions are pages of its user: one that asks for consent, and then the sign-in at the OpenID provider. Both
// are answered at once, so that the browser is sent through its endpoints only as often as it must be.
const { issuer } = settings;
const resource = `${issuer}/mcp`;
const scope = 'mcp:tools';
const signIn = createSignIn();
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const verificationKey = createPublicKey(privateKey);

const provider = new Provider(issuer, {
  adapter: MapAdapter,
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  scopes: ['openid', scope],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope,
        audience: resource,
        accessTokenTTL: 3600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
  issueRefreshToken: (_context, client) => client.grantTypeAllowed('refresh_token'),
  expiresWithSession: () => false,
  pkce: { required: () => true },
  ttl: { AuthorizationCode: 60, Grant: 2_592_000, Interaction: 600, RefreshToken: 2_592_000, Session: 86_400 },
  clientBasedCORS: () => false,
  findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
});
const answer = provider.callback();

serve(async (request, response) => {
  if (request.url === '/mcp') return callTool(request, response);
  if (!/^\/(?:interaction|oauth)\//.test(request.url)) return answer(request, response);
  const { pathname, search } = new URL(request.url, issuer);
  const [, page, uid, step] = pathname.split('/');
  if (page === 'interaction') return interact(request, response, uid, step);
  // The cookie of an interaction is sent to its own paths only.
  const state = new URLSearchParams(search).get('state');
  return response.writeHead(303, { location: `/interaction/${state}/finish${search}` }).end();
});

async function interact(request, response, uid, step) {
  const { params, prompt } = await provider.interactionDetails(request, response);
  if (prompt.name !== 'login') throw new Error(`Nothing asks for ${prompt.name}`);
  if (step === undefined) {
    const client = await provider.Client.find(params.client_id);
    const page = consentPage(client.clientName, `/interaction/${uid}/confirm`, {});
    response.writeHead(200, { 'content-type': 'text/html' }).end(page);
  } else if (step === 'confirm' && request.method === 'POST') {
    const { url } = await signIn.begin(undefined, uid);
    response.writeHead(303, { location: url }).end();
  } else {
    const { user } = await signIn.finish(request.url, uid);
    const grant = new provider.Grant({ accountId: user.sub, clientId: params.client_id });
    // A scope that clients may register is one of the server's own, too.
    grant.addOIDCScope(params.scope);
    grant.addResourceScope(resource, params.scope);
    const grantId = await grant.save();
    await provider.interactionFinished(request, response, { login: { accountId: user.sub }, consent: { grantId } });
  }
}

/** It has no check of bearer tokens for resource servers: this is what one writes. */
function callTool(request, response) {
  try {
    const token = request.headers.authorization.slice('Bearer '.length);
    const claims = jwt.verify(token, verificationKey, { algorithms: ['ES256'], issuer, audience: resource });
    if (!claims.scope.split(' ').includes(scope)) throw new Error('insufficient_scope');
    response.writeHead(200, { 'content-type': 'application/json' }).end(smallDocument);
  } catch {
    response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
  }
}
