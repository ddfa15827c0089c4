import { createHash, randomBytes } from 'node:crypto';
import { HeadlessBrowser, type Page } from '../../examples/quick-start/headless-browser.js';

/** A client that speaks the protocol by hand, for what an SDK would never send. */
export interface RawClient {
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly redirectUri: string;
}

/** A JSON answer together with what surrounds it. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** Registers a public client, or whatever `metadata` makes of it. */
export async function register(issuer: string, metadata: Record<string, unknown> = {}): Promise<RawClient> {
  const redirectUri = 'http://127.0.0.1:8910/callback';
  const response = await fetch(`${issuer}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Raw client',
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'none',
      ...metadata,
    }),
  });
  const document = (await response.json()) as {
    client_id: string;
    client_secret?: string;
    redirect_uris: [string, ...string[]];
  };
  if (response.status !== 201) throw new Error(`Registration answered ${response.status}: ${JSON.stringify(document)}`);
  return {
    clientId: document.client_id,
    redirectUri: document.redirect_uris[0],
    ...(document.client_secret !== undefined && { clientSecret: document.client_secret }),
  };
}

/** A PKCE pair (RFC 7636 §4). */
export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** An authorization request; a parameter that is undefined is left out. */
export function authorizationUrl(
  issuer: string,
  client: RawClient,
  challenge: string,
  parameters: Record<string, string | undefined> = {},
): URL {
  const url = new URL(`${issuer}/oauth/authorize`);
  const all = {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 'client-state',
    ...parameters,
  };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

/** A browser that stops at the client's redirect URI. */
export function browserFor(client: RawClient): HeadlessBrowser {
  return new HeadlessBrowser((url) => url.href.startsWith(client.redirectUri));
}

/** Walks from an authorization request to the client's redirect URI: approves, signs in as `user`. */
export async function walk(url: URL, client: RawClient, user = 'alice'): Promise<URL> {
  const browser = browserFor(client);
  const login: Page = await browser.submit(await browser.open(url), {}, 'approve');
  return (await browser.submit(login, { username: user, password: 'any' })).url;
}

/** Posts to the token endpoint, or to another one that takes a form. */
export async function postForm(
  url: string,
  form: Record<string, string | undefined>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) if (value !== undefined) body.set(name, value);
  const response = await fetch(url, { method: 'POST', body, headers, redirect: 'manual' });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

/** Redeems a code. */
export function redeem(
  issuer: string,
  client: RawClient,
  code: string,
  verifier: string,
  changes: Record<string, string | undefined> = {},
): Promise<Answer> {
  return postForm(`${issuer}/oauth/token`, {
    grant_type: 'authorization_code',
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    code,
    code_verifier: verifier,
    ...changes,
  });
}

/** Uses a refresh token. */
export function refresh(
  issuer: string,
  client: RawClient,
  refreshToken: string,
  changes: Record<string, string | undefined> = {},
): Promise<Answer> {
  return postForm(`${issuer}/oauth/token`, {
    grant_type: 'refresh_token',
    client_id: client.clientId,
    refresh_token: refreshToken,
    ...changes,
  });
}

/** The whole way of one user with a new public client. */
export async function signIn(issuer: string, user = 'alice', parameters: Record<string, string | undefined> = {}) {
  const client = await register(issuer);
  const { verifier, challenge } = pkce();
  const returned = await walk(authorizationUrl(issuer, client, challenge, parameters), client, user);
  const code = returned.searchParams.get('code') ?? '';
  const { body } = await redeem(issuer, client, code, verifier);
  return {
    client,
    code,
    verifier,
    accessToken: String(body['access_token']),
    refreshToken: String(body['refresh_token']),
    body,
  };
}

/** Calls a protected resource. */
export function callResource(url: string, accessToken: string | undefined): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    ...(accessToken !== undefined && { headers: { authorization: `Bearer ${accessToken}` } }),
  });
}
