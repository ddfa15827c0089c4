import { createHash, randomBytes, randomUUID } from 'node:crypto';
import express, { type Express } from 'express';
import jwt from 'jsonwebtoken';
import { OAuthProxy, type OAuthProxyOptions } from 'mcp-gatehouse';
import type { UpstreamProvider } from 'mcp-gatehouse/providers';

/** What the application needs. */
export interface AppSettings extends Pick<
  OAuthProxyOptions,
  'store' | 'log' | 'allow' | 'rateLimits' | 'trustedProxies'
> {
  /** Its public URL, such as `http://localhost:3000`. */
  readonly url: string;
  readonly sessionSecret: string;
  /** What the application signs its own tokens with. */
  readonly jwtSecret: string;
  readonly providers: UpstreamProvider[];
}

interface User {
  readonly id: string;
  readonly email: string | undefined;
  readonly name: string | undefined;
  readonly provider: string;
}

/** An application that signs its users in with the providers that they have, and issues tokens of its own. */
export function createApp({ url, sessionSecret, jwtSecret, providers, ...options }: AppSettings): {
  readonly app: Express;
  readonly proxy: OAuthProxy;
} {
  const app = express();
  app.use(express.json());
  app.use(express.urlencoded({ extended: true }));

  // In memory, for the example: a real application has a database.
  const users = new Map<string, User>();

  const proxy = new OAuthProxy({
    baseUrl: `${url}/auth`,
    sessionSecret,
    providers,
    // Nobody else gets a code: without this list anybody could have users sent to themselves.
    redirectUris: [`${url}/signed-in`],
    // One redirect URI is enough for providers that name themselves in callbacks; of others each has its own.
    sharedCallback: providers.length === 1 || providers.every((each) => each.sendsCallbackIssuer !== false),
    name: 'The example application',
    ...options,
    tokenMapper: (_upstreamTokens, userInfo, provider) => {
      // By provider and subject, and not by e-mail: an address can change its owner, and at some providers be made up.
      const key = `${provider.id}|${userInfo.sub}`;
      const { email, name } = userInfo;
      const user = users.get(key) ?? { id: randomUUID(), email, name, provider: provider.id };
      users.set(key, user);
      const claims = { sub: user.id, email, name };
      const token = jwt.sign(claims, jwtSecret, { algorithm: 'HS256', expiresIn: '1h', issuer: url, audience: url });
      return { access_token: token, token_type: 'Bearer', expires_in: 3600, user_id: user.id };
    },
  });

  const { authorize, callback, token } = proxy.createMiddleware();
  app.get('/auth/authorize', authorize);
  app.get(['/auth/callback', '/auth/callback/:provider'], callback);
  app.post('/auth/token', token);

  app.get('/auth/providers', (_request, response) => {
    response.json({ providers: proxy.getProviders().map(({ id, name }) => ({ id, name })) });
  });

  app.get('/api/me', (request, response) => {
    const [, bearer = ''] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
    try {
      const options = { algorithms: ['HS256' as const], issuer: url, audience: url };
      response.json({ user: jwt.verify(bearer, jwtSecret, options) });
    } catch {
      response.status(401).json({ error: 'invalid_token' });
    }
  });

  // The part of a front end: it starts the journey, and finishes it with the code (RFC 7636: with proof that it is the same).
  const attempts = new Map<string, string>();
  const maxAttempts = 1000;

  app.get('/', (_request, response) => {
    const state = randomBytes(16).toString('base64url');
    const verifier = randomBytes(32).toString('base64url');
    attempts.set(state, verifier);
    // Whoever opens this page adds one: the oldest go, so that nobody can fill the memory.
    const [oldest] = attempts.keys();
    if (oldest !== undefined && attempts.size > maxAttempts) attempts.delete(oldest);
    const query = new URLSearchParams({
      response_type: 'code',
      redirect_uri: `${url}/signed-in`,
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    // The state comes back only in the browser that left with it.
    response.cookie('state', state, { httpOnly: true, sameSite: 'lax', secure: url.startsWith('https:') });
    response.send(
      `<!doctype html><title>Example</title><p><a href="/auth/authorize?${query.toString()}">Sign in</a></p>`,
    );
  });

  app.get('/signed-in', async (request, response) => {
    const { state = '', code } = request.query as Record<string, string>;
    const isSameBrowser = request.headers.cookie?.split('; ').includes(`state=${state}`) ?? false;
    const verifier = isSameBrowser ? attempts.get(state) : undefined;
    if (verifier === undefined || typeof code !== 'string') {
      response.status(400).send('The sign-in did not succeed. <a href="/">Try again</a>');
      return;
    }
    attempts.delete(state);
    const answer = await fetch(`${url}/auth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: `${url}/signed-in`,
        code_verifier: verifier,
      }),
    });
    response.status(answer.status).json(await answer.json());
  });

  return { app, proxy };
}
