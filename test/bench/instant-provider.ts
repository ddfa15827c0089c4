import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import jwt from 'jsonwebtoken';

/** An OpenID provider that answers at once, and whose users sign in without being asked. */
export interface InstantProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where the provider sends a browser that comes with this authorization request. */
  signIn(authorizationUrl: URL): URL;
  stop(): void;
}

/** Starts the provider in this process, whose time is not measured. */
export async function startInstantProvider(): Promise<InstantProvider> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' };
  const [clientId, clientSecret] = ['gatehouse', 'upstream-client-secret'];
  let users = 0;

  const documents: Readonly<Record<string, (form: URLSearchParams, bearer: string) => object>> = {
    '/.well-known/openid-configuration': () => ({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/me`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      code_challenge_methods_supported: ['S256'],
    }),
    '/jwks': () => ({ keys: [jwk] }),
    '/me': (_form, bearer) => claimsOf(bearer.split('.')[0] ?? ''),
    '/token'(form) {
      const nonce = Buffer.from((form.get('code') ?? '').split('.')[1] ?? '', 'base64url').toString();
      const sub = `user${++users}`;
      const claims = { ...claimsOf(sub), ...(nonce && { nonce }) };
      return {
        access_token: `${sub}.${randomBytes(24).toString('base64url')}`,
        refresh_token: randomBytes(32).toString('base64url'),
        token_type: 'Bearer',
        expires_in: 86_400,
        scope: form.get('scope') ?? 'openid email profile',
        id_token: jwt.sign(claims, privateKey, {
          algorithm: 'ES256',
          keyid: 'bench',
          issuer,
          audience: clientId,
          expiresIn: 3600,
        }),
      };
    },
  };

  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const bearer = request.headers.authorization?.replace('Bearer ', '') ?? '';
      const document = documents[request.url ?? '']?.(new URLSearchParams(body), bearer);
      response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document ?? {}));
    });
  });
  server.keepAliveTimeout = 60_000;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    issuer,
    clientId,
    clientSecret,
    signIn({ searchParams }) {
      const back = new URL(searchParams.get('redirect_uri') ?? '');
      const nonce = Buffer.from(searchParams.get('nonce') ?? '').toString('base64url');
      back.searchParams.set('code', `${randomBytes(12).toString('base64url')}.${nonce}`);
      back.searchParams.set('state', searchParams.get('state') ?? '');
      back.searchParams.set('iss', issuer);
      return back;
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const claimsOf = (sub: string) => ({ sub, email: `${sub}@example.com`, email_verified: true, name: sub });
