import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { localProvider, newSigningKey } from '../../examples/quick-start/local-provider.js';

/** The endpoints that can be made to misbehave. */
export type UpstreamEndpoint = 'discovery' | 'token' | 'userinfo' | 'jwks' | 'revocation';

type Json = Record<string, unknown>;

/** How an endpoint misbehaves: it answers something else, late, or with a changed document. */
export interface Misbehaviour {
  readonly reply?: { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> };
  /** Milliseconds before anything happens. */
  readonly delay?: number;
  readonly rewrite?: (document: Json) => Json;
}

/** A request that the provider received. */
export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** A real OpenID provider on a port of 127.0.0.1, which can be told to misbehave. */
export interface UpstreamProviderServer {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly callbackUrl: string;
  /** Everything received so far. */
  readonly requests: UpstreamRequest[];
  /** How many connections were opened so far. */
  connections(): number;
  /** Changes how an endpoint behaves; without a behaviour it is good again. */
  misbehave(endpoint: UpstreamEndpoint, behaviour?: Misbehaviour): void;
  /** Signs with a new key from now on, and publishes no other; sign-ins under way are lost. */
  rotateKeys(): void;
  /** Stops listening and drops all connections. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  restart(): Promise<void>;
}

/** Settings of {@link startUpstreamProvider}. */
export interface UpstreamProviderSettings {
  readonly callbackUrl?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
}

const paths: Readonly<Record<string, UpstreamEndpoint>> = {
  '/.well-known/openid-configuration': 'discovery',
  '/token': 'token',
  '/me': 'userinfo',
  '/jwks': 'jwks',
  '/token/revocation': 'revocation',
};

/** Starts a provider that takes any user name; its caller stops it. */
export async function startUpstreamProvider(settings: UpstreamProviderSettings = {}): Promise<UpstreamProviderServer> {
  const {
    callbackUrl = 'http://127.0.0.1:9/oauth/callback',
    clientId = 'gatehouse',
    clientSecret = 'upstream-client-secret-canary',
  } = settings;
  const behaviours = new Map<UpstreamEndpoint, Misbehaviour>();
  const requests: UpstreamRequest[] = [];
  let connections = 0;

  const server = createServer((request, response) => void answer(request, response));
  server.on('connection', () => (connections += 1));
  const port = await listen(server, 0);
  const issuer = `http://127.0.0.1:${port}`;
  const start = () =>
    localProvider({ issuer, clientId, clientSecret, redirectUri: callbackUrl, signingKey: newSigningKey() });
  let provider = start();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = request;
    const path = new URL(request.url ?? '/', issuer).pathname;
    requests.push({ method, path, headers });
    const endpoint = paths[path];
    const { reply, delay, rewrite } = (endpoint && behaviours.get(endpoint)) ?? {};
    if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, delay));
    if (request.destroyed) return;
    if (reply) {
      request.resume();
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers }).end(reply.body);
      return;
    }
    if (rewrite) rewriteBody(response, rewrite);
    await provider(request, response);
  }

  return {
    issuer,
    clientId,
    clientSecret,
    callbackUrl,
    requests,
    connections: () => connections,
    misbehave(endpoint, behaviour) {
      if (behaviour) behaviours.set(endpoint, behaviour);
      else behaviours.delete(endpoint);
    },
    rotateKeys() {
      provider = start();
    },
    stop: () => stop(server),
    async restart() {
      await listen(server, port);
    },
  };
}

/** Changes the JSON document of an answer on its way out. */
function rewriteBody(response: ServerResponse, rewrite: (document: Json) => Json): void {
  const end = response.end.bind(response) as (body: string) => ServerResponse;
  response.end = ((body: string | Buffer) => {
    const changed = JSON.stringify(rewrite(JSON.parse(body.toString()) as Json));
    response.setHeader('content-length', Buffer.byteLength(changed));
    return end(changed);
  }) as typeof response.end;
}

/** Listens on a port of 127.0.0.1; 0 is any that is free. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Stops a server and drops its connections. */
export function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Who signs in, and with which cookies. */
export interface SignInOptions {
  readonly user?: string;
  /** The browser's cookies; kept up to date. */
  readonly cookies?: Map<string, string>;
}

/** Signs in on the provider's pages like a browser, and returns where the provider sends it: our callback. */
export function signInAtUpstream(url: URL | string, { user = 'alice', cookies }: SignInOptions = {}): Promise<URL> {
  return walk(new URL(url), { username: user, password: 'any' }, cookies ?? new Map<string, string>());
}

/** Cancels on the provider's page, and returns where the provider sends the browser: our callback with an error. */
export function denyAtUpstream(url: URL | string, { cookies }: SignInOptions = {}): Promise<URL> {
  return walk(new URL(url), { cancel: 'yes' }, cookies ?? new Map<string, string>());
}

async function walk(start: URL, fields: Record<string, string>, cookies: Map<string, string>): Promise<URL> {
  const callback = start.searchParams.get('redirect_uri');
  let url = start;
  let body: URLSearchParams | undefined;
  for (let step = 0; step < 10; step += 1) {
    const response = await fetch(url, {
      method: body ? 'POST' : 'GET',
      body: body ?? null,
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const page = await response.text();
    const location = response.headers.get('location');
    if (location !== null) {
      url = new URL(location, url);
      body = undefined;
      if (callback !== null && url.origin + url.pathname === callback) return url;
    } else if (response.status === 200 && page.includes('<form') && !body) {
      const [, action = ''] = /<form[^>]* action="([^"]*)"/.exec(page) ?? [];
      url = new URL(action, url);
      body = new URLSearchParams(fields);
    } else {
      throw new Error(`The provider's page ${url.pathname} answered ${response.status}: ${page}`);
    }
  }
  throw new Error('The provider redirects without end.');
}
