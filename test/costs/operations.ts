import { createHash } from 'node:crypto';
import { approved, browserRequest } from '../bench/journey.js';
import { authorizationUrl } from '../support/client.js';
import { HttpConnection, type Reply, type Sent } from '../bench/http-connection.js';
import type { Spent } from './counted-process.js';
import type { Counted, Counts } from './counters.js';
import type { MeasuredGatehouse } from './measured-gatehouse.js';

/** What a server does for one user, in the order in which it does it. */
export type Operation =
  | 'discovery document'
  | 'registration, new metadata'
  | 'registration, known metadata'
  | 'consent page, new client'
  | 'consent page, known client'
  | 'approval'
  | 'callback'
  | 'code exchange'
  | 'protected request, new token'
  | 'protected request, known token'
  | 'refresh';

/** What an operation costs: how often it does what, and the bytes that it allocates beyond what any request does. */
export type Cost = Counts & { readonly bytes: number };

const redirectUri = 'https://client.example/callback';
const verifier = 'v'.repeat(43);
const challenge = createHash('sha256').update(verifier).digest('base64url');
const jsonHeaders = { 'Content-Type': 'application/json' };
const formHeaders = { 'Content-Type': 'application/x-www-form-urlencoded' };

/** What a user's browser and client have come to know; each operation needs some of it, and leaves the next one more. */
interface User {
  readonly cookies: Map<string, string>;
  /** What its client registers; each user's is another one. */
  readonly registration: string;
  clientId: string;
  form: readonly [URL, string];
  callback: URL;
  code: string;
  accessToken: string;
  refreshToken: string;
}

/** Has every operation done for so many users, one after the other, over one connection, and tells what each one cost. */
export async function measureOperations(gatehouse: MeasuredGatehouse, users: number): Promise<Record<Operation, Cost>> {
  const { issuer, provider } = gatehouse;
  const connection = new HttpConnection(Number(new URL(issuer).port));
  const everybody = Array.from({ length: users }, newUser);

  async function ask(request: Sent, status: number): Promise<Reply> {
    const reply = await connection.send(request);
    if (reply.status === status) return reply;
    throw new Error(`${request.method} ${request.path} was answered ${reply.status} and not ${status}: ${reply.body}`);
  }

  async function visit(user: User, url: URL, status: number, form?: string): Promise<Reply> {
    const reply = await ask(browserRequest(url, user.cookies, form), status);
    for (const cookie of reply.cookies()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') user.cookies.delete(name);
      else user.cookies.set(name, value);
    }
    return reply;
  }

  async function trade(user: User, form: Record<string, string>): Promise<void> {
    const body = new URLSearchParams({ client_id: user.clientId, resource: `${issuer}/mcp`, ...form }).toString();
    const reply = await ask({ method: 'POST', path: '/oauth/token', headers: formHeaders, body }, 200);
    const tokens = JSON.parse(reply.body) as { access_token: string; refresh_token: string };
    [user.accessToken, user.refreshToken] = [tokens.access_token, tokens.refresh_token];
  }

  async function register(user: User): Promise<void> {
    const { registration: body } = user;
    const reply = await ask({ method: 'POST', path: '/oauth/register', headers: jsonHeaders, body }, 201);
    user.clientId = (JSON.parse(reply.body) as { client_id: string }).client_id;
  }

  async function openConsent(user: User): Promise<void> {
    const asked = { state: 'state-of-the-client', scope: 'mcp:tools', resource: `${issuer}/mcp` };
    const url = authorizationUrl(issuer, { clientId: user.clientId, redirectUri }, challenge, asked);
    user.form = approved((await visit(user, url, 200)).body, url);
  }

  const get = (path: string) => ask({ method: 'GET', path }, 200);
  const call = ({ accessToken }: User) =>
    ask({ method: 'GET', path: '/mcp', headers: { Authorization: `Bearer ${accessToken}` } }, 200);

  const operations: Record<Operation, (user: User) => Promise<unknown>> = {
    'discovery document': () => get('/.well-known/oauth-authorization-server'),
    'registration, new metadata': register,
    'registration, known metadata': register,
    'consent page, new client': openConsent,
    'consent page, known client': openConsent,
    async approval(user) {
      const [action, body] = user.form;
      user.callback = provider.signIn(locationOf(await visit(user, action, 303, body)));
    },
    async callback(user) {
      user.code = locationOf(await visit(user, user.callback, 303)).searchParams.get('code') ?? '';
    },
    'code exchange': (user) =>
      trade(user, {
        grant_type: 'authorization_code',
        code: user.code,
        code_verifier: verifier,
        redirect_uri: redirectUri,
      }),
    'protected request, new token': call,
    'protected request, known token': call,
    refresh: (user) => trade(user, { grant_type: 'refresh_token', refresh_token: user.refreshToken }),
  };

  const measure = (act: (user: User) => Promise<unknown>) =>
    gatehouse.measure(async () => {
      for (const user of everybody) await act(user);
    });
  // The connection is made before anything is counted.
  await get('/bare');
  const bare = await measure(() => get('/bare'));
  const costs: [string, Cost][] = [];
  for (const [operation, act] of Object.entries(operations)) {
    costs.push([operation, costOf(await measure(act), bare, users)]);
  }
  connection.close();
  return Object.fromEntries(costs) as Record<Operation, Cost>;
}

function costOf(spent: Spent, bare: Spent, users: number): Cost {
  const counts: Counts = {};
  for (const [counted, count] of Object.entries(spent.counts) as [Counted, number][]) {
    // A portion of randomness lasts for many operations: only what each of them draws for itself is its own.
    const each = counted === 'draws' ? Math.floor(count / users) : count / users;
    if (each > 0) counts[counted] = each;
  }
  return { ...counts, bytes: Math.round((spent.bytes - bare.bytes) / users / 100) * 100 };
}

let users = 0;

function newUser(): User {
  users += 1;
  const registration = JSON.stringify({
    client_name: `Client ${String(users).padStart(4, '0')}`,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    scope: 'mcp:tools',
  });
  const nowhere = new URL('http://nowhere.example');
  return {
    cookies: new Map(),
    registration,
    clientId: '',
    form: [nowhere, ''],
    callback: nowhere,
    code: '',
    accessToken: '',
    refreshToken: '',
  };
}

function locationOf(reply: Reply): URL {
  return new URL(reply.header('location') ?? '');
}
