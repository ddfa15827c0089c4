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
  const all: Record<string, string | undefined> = {
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

/** Ends a token. The answer to a good request has no body. */
export async function revoke(
  issuer: string,
  client: Pick<RawClient, 'clientId'>,
  token: string,
  changes: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body = new URLSearchParams({ client_id: client.clientId, token, ...changes });
  const response = await fetch(`${issuer}/oauth/revoke`, { method: 'POST', body, headers, redirect: 'manual' });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
  };
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

/** What a {@link SteppingBrowser} was answered. */
export interface Visit {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  /** Where it was sent, without having gone there. */
  readonly location: URL | undefined;
}

/** A browser that keeps its cookies and takes one step at a time, for what can happen between the steps. */
export class SteppingBrowser {
  readonly cookies: Map<string, string>;

  constructor(cookies: ReadonlyMap<string, string> = new Map()) {
    this.cookies = new Map(cookies);
  }

  /** Opens a URL; `headers` are further ones that a browser sends. */
  open(url: URL | string, headers: Record<string, string> = {}): Promise<Visit> {
    return this.#request(new URL(url), { headers });
  }

  /** Presses a button of the page; `headers` replace what a browser sends, `fields` what the form holds. */
  answer(
    page: Visit,
    decision: string,
    headers: Record<string, string> = {},
    fields: Record<string, string> = {},
  ): Promise<Visit> {
    const body = new URLSearchParams({ transaction: transactionOf(page), decision, ...fields });
    const action = new URL(/<form[^>]* action="([^"]*)"/.exec(page.html)?.[1] ?? '', page.url);
    return this.#request(action, { method: 'POST', body, headers: { origin: page.url.origin, ...headers } });
  }

  async #request(url: URL, init: { method?: string; body?: URLSearchParams; headers?: Record<string, string> }) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { accept: 'text/html', ...init.headers, ...(cookie !== '' && { cookie }) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const each of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
      if (/;\s*max-age=0\b/i.test(each)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const location = response.headers.get('location');
    return {
      url,
      status: response.status,
      headers: response.headers,
      html: await response.text(),
      location: location === null ? undefined : new URL(location, url),
    };
  }
}

/** The sealed transaction in the form of a consent page; empty when the page has none. */
export function transactionOf(page: Visit): string {
  return /name="transaction" value="([^"]*)"/.exec(page.html)?.[1] ?? '';
}

/** Where a visit leads; a visit that leads nowhere is a failure. */
export function locationOf(visit: Visit): URL {
  if (visit.location) return visit.location;
  throw new Error(`${visit.url.pathname} answered ${visit.status} and no redirect: ${visit.html.slice(-600)}`);
}

/** Where the link of a page leads, for a page that leads on by a link. */
export function linkOf({ html }: Visit): URL {
  return new URL((/<a [^>]*href="([^"]*)"/.exec(html)?.[1] ?? '').replaceAll('&amp;', '&'));
}

/** Signs a user in with a client that is there already. */
export async function signInWith(
  issuer: string,
  client: RawClient,
  user = 'alice',
  parameters: Record<string, string | undefined> = {},
  authentication: Record<string, string | undefined> = {},
) {
  const { verifier, challenge } = pkce();
  const returned = await walk(authorizationUrl(issuer, client, challenge, parameters), client, user);
  const code = returned.searchParams.get('code') ?? '';
  const { body } = await redeem(issuer, client, code, verifier, authentication);
  return {
    client,
    code,
    verifier,
    accessToken: String(body['access_token']),
    refreshToken: String(body['refresh_token']),
    body,
  };
}

/** A new client with an authorization request of its own. */
export async function newRequest(
  issuer: string,
  parameters: Record<string, string | undefined> = {},
  metadata: Record<string, unknown> = {},
) {
  const client = await register(issuer, metadata);
  const { verifier, challenge } = pkce();
  return { client, verifier, url: authorizationUrl(issuer, client, challenge, parameters) };
}

/** The parameters that a URL carries. */
export function parametersOf(url: URL): Record<string, string> {
  return Object.fromEntries(url.searchParams);
}
