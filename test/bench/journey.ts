import { pkce } from '../support/client.js';
import type { HttpConnection, Reply, Sent } from './http-connection.js';
import type { InstantProvider } from './instant-provider.js';

/** The endpoints of a contender, as its metadata gives them. */
export interface Endpoints {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly registration_endpoint: string;
  readonly scopes_supported?: readonly string[];
}

/** A code and what redeems it. */
export interface Grant {
  readonly code: string;
  readonly verifier: string;
}

/** What the token endpoint answered. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

const redirectUri = 'https://client.example/callback';

/** What clients and browsers do with a server, over one connection at a time. */
export function createJourney(endpoints: Endpoints, issuer: string, provider: InstantProvider) {
  const pathOf = (url: string) => url.slice(new URL(url).origin.length);
  const tokenPath = pathOf(endpoints.token_endpoint);
  const registrationPath = pathOf(endpoints.registration_endpoint);
  const resource = `${issuer}/mcp`;
  // As MCP clients do: some servers give refresh tokens for this scope only.
  const scope = endpoints.scopes_supported?.includes('offline_access') ? 'mcp:tools offline_access' : 'mcp:tools';
  const registration = JSON.stringify({
    client_name: 'Benchmark',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    scope,
  });

  async function register(connection: HttpConnection): Promise<string> {
    const headers = { 'Content-Type': 'application/json' };
    const reply = await connection.send({ method: 'POST', path: registrationPath, headers, body: registration });
    return (accepted(reply, 201) as { client_id: string }).client_id;
  }

  /** Through consent and the provider, to the client's redirect URI. */
  async function signIn(connection: HttpConnection, clientId: string): Promise<Grant> {
    const { verifier, challenge } = pkce();
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      state: 'state-of-the-client',
      scope,
      resource,
    });
    const cookies = new Map<string, string>();
    let url = new URL(`${endpoints.authorization_endpoint}?${query.toString()}`);
    let form: string | undefined;
    for (let hops = 0; hops < 12; hops++) {
      if (url.href.startsWith(redirectUri))
        return { code: url.searchParams.get('code') ?? refused(url.href), verifier };
      if (url.origin === provider.issuer) url = provider.signIn(url);
      const reply = await connection.send(browserRequest(url, cookies, form));
      for (const cookie of reply.cookies()) {
        const [pair = ''] = cookie.split(';');
        cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
      }
      const location = reply.header('location');
      if (location !== undefined) [url, form] = [new URL(location, url), undefined];
      else if (reply.status === 200) [url, form] = approved(reply.body, url);
      else refused(`${url.pathname}: ${reply.status} ${reply.body}`);
    }
    return refused('too many redirects');
  }

  const token = async (connection: HttpConnection, form: Record<string, string>): Promise<Tokens> => {
    const body = new URLSearchParams(form).toString();
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    return accepted(await connection.send({ method: 'POST', path: tokenPath, headers, body }), 200) as Tokens;
  };

  const present = (connection: HttpConnection, token: string) =>
    connection.send({ method: 'GET', path: '/mcp', headers: { Authorization: `Bearer ${token}` } });

  return {
    register,
    signIn,
    redeem: (connection: HttpConnection, client_id: string, { code, verifier }: Grant) =>
      token(connection, {
        grant_type: 'authorization_code',
        code,
        code_verifier: verifier,
        client_id,
        redirect_uri: redirectUri,
        resource,
      }),
    refresh: (connection: HttpConnection, client_id: string, { refresh_token }: Tokens) =>
      token(connection, { grant_type: 'refresh_token', refresh_token, client_id, resource }),
    async call(connection: HttpConnection, { access_token }: Tokens): Promise<void> {
      const { status, body } = await present(connection, access_token);
      if (status !== 200) refused(`the protected resource: ${status} ${body}`);
    },
    /** Proves that the resource is protected: a token that was changed does not open it. */
    async isRefused(connection: HttpConnection, { access_token }: Tokens): Promise<void> {
      const changed = access_token.slice(0, -10) + access_token.slice(-5) + access_token.slice(-10, -5);
      const { status } = await present(connection, changed);
      if (status !== 401) refused(`the protected resource answered a forged token: ${status}`);
    },
  };
}

/** A request of a browser; with a form, one that posts it. */
export function browserRequest(url: URL, cookies: ReadonlyMap<string, string>, body: string | undefined): Sent {
  const headers = {
    ...(cookies.size > 0 && { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
    ...(body !== undefined && { Origin: url.origin, 'Content-Type': 'application/x-www-form-urlencoded' }),
  };
  const asked = { path: url.pathname + url.search, accept: 'text/html', headers };
  return body === undefined ? { method: 'GET', ...asked } : { method: 'POST', ...asked, body };
}

/** Where the first form of a page goes, and what a user who approves sends with it. */
export function approved(html: string, page: URL): [URL, string] {
  const form = /<form\b[^>]*>[^]*?<\/form>/i.exec(html)?.[0] ?? refused(`a page without a form: ${html}`);
  const body = new URLSearchParams();
  for (const [input] of form.matchAll(/<input\b[^>]*>/gi)) {
    if (attribute(input, 'type') === 'hidden') body.set(attribute(input, 'name'), attribute(input, 'value'));
  }
  const buttons = [...form.matchAll(/<button\b[^>]*>/gi)].map(([button]) => button);
  const pressed = buttons.find((button) => /approve|allow|accept/i.test(button)) ?? buttons[0] ?? '';
  if (attribute(pressed, 'name')) body.set(attribute(pressed, 'name'), attribute(pressed, 'value'));
  return [new URL(attribute(form.slice(0, form.indexOf('>') + 1), 'action') || page.href, page), body.toString()];
}

function attribute(tag: string, name: string): string {
  const value = new RegExp(`\\s${name}="([^"]*)"`, 'i').exec(tag)?.[1] ?? '';
  return value.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
}

function accepted({ status, body }: Reply, expected: number): unknown {
  return status === expected ? JSON.parse(body) : refused(`${status} ${body}`);
}

function refused(why: string): never {
  throw new Error(`The contender did not do its work: ${why}`);
}
