import { generateKeyPairSync } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import nock from 'nock';
import { createPooledFetch } from '../../src/upstream/pooled-fetch.js';
import type { SoughtNames, UpstreamProvider } from '../../src/upstream/provider.js';
import type { TokenAnswer } from '../../src/upstream/session.js';
import { createUpstream } from '../../src/upstream/create-upstream.js';
import type { SignedInUser, Upstream } from '../../src/upstream/upstream.js';

type Json = Readonly<Record<string, unknown>>;

/** An answer, in full where it is no good JSON with status 200. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What a provider says in one sign-in. */
export interface Part {
  readonly provider: UpstreamProvider;
  /** The discovery document, for OpenID Connect. */
  readonly document?: Json;
  /** Members of the published key beside those that a key has. */
  readonly key?: Json;
  /** The answer of the token endpoint; an ID token of `claims` is put into a good one. */
  readonly token?: Answer;
  readonly claims?: Json;
  /** Answers to what is asked with the access token, by address; `POST` before it where it is no GET. */
  readonly answers?: Readonly<Record<string, Answer>>;
  readonly callbackQuery?: string;
  /** What rules of access name. */
  readonly sought?: SoughtNames;
}

/** What was sent to a provider. */
export interface Sent {
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: URLSearchParams;
  /** What was sent as JSON. */
  readonly json?: unknown;
}

export const credentials = { clientId: 'test-client', clientSecret: 'test/secret+canary' };
export const callbackUrl = 'https://gatehouse.example/oauth/callback';
export const leg = { state: 'state-1', codeVerifier: 'v'.repeat(43), nonce: 'nonce-1' };

const pool = createPooledFetch({ timeout: 2 });
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** The hand-off to a provider. */
export function upstreamOf(provider: UpstreamProvider, sought?: SoughtNames): Upstream {
  return createUpstream(provider, { callbackUrl, fetch: pool.fetch, clock: () => 0, ...(sought && { sought }) });
}

/** The parameters that a browser is sent to the provider with. */
export async function parametersOf(part: Part): Promise<Record<string, string>> {
  publish(part);
  const { searchParams } = await upstreamOf(part.provider, part.sought).authorizationUrl(leg);
  return Object.fromEntries(searchParams);
}

/** Plays a whole sign-in; `sent` gets what the provider was sent. */
export function play(part: Part, sent: Sent[] = []): Promise<SignedInUser> {
  const { provider, document = {}, token, claims, answers = {} } = part;
  publish(part);
  const issued = { access_token: 'access-1', token_type: 'Bearer', ...(claims && { id_token: idTokenOf(claims) }) };
  const endpoint = provider.endpoints?.token ?? String(document.token_endpoint);
  reply('POST', endpoint, token ?? { body: issued }, sent);
  for (const [address, answer] of Object.entries(answers)) {
    const [target = '', method = 'GET'] = address.split(' ').reverse();
    reply(method, target, answer, sent);
  }
  const { callbackQuery = `code=code-1&state=${leg.state}` } = part;
  return upstreamOf(provider, part.sought).complete({ ...leg, callbackQuery });
}

/** Refreshes tokens that the provider issued to `previous`; an ID token of `claims` is put into a good answer. */
export function playRefresh(part: Part, previous: Json = {}, sent: Sent[] = []): Promise<TokenAnswer> {
  const { provider, document = {}, token, claims } = part;
  publish(part);
  const id_token = claims && idTokenOf({ nonce: undefined, ...claims });
  const issued = { access_token: 'access-2', token_type: 'Bearer', ...(id_token !== undefined && { id_token }) };
  reply('POST', provider.endpoints?.token ?? String(document.token_endpoint), token ?? { body: issued }, sent);
  const tokens = { access_token: 'access-1', token_type: 'bearer', refresh_token: 'refresh-1' };
  return upstreamOf(provider).refresh({ tokens, idToken: previous, receivedAt: 0 });
}

/** Revokes tokens at an address. */
export function playRevocation(part: Part, address: string, answer: Answer, sent: Sent[] = []): Promise<void> {
  publish(part);
  reply('POST', address, answer, sent);
  return upstreamOf(part.provider).revoke({ access_token: 'access-1', token_type: 'bearer', refresh_token: 'r-1' });
}

function publish({ provider, document, key }: Part): void {
  if (!document) return;
  reply('GET', `${provider.issuer}/.well-known/openid-configuration`, { body: document });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'key-1', ...key };
  reply('GET', String(document.jwks_uri), { body: { keys: [jwk] } });
}

function idTokenOf(claims: Json): string {
  const now = Math.floor(Date.now() / 1000);
  const usual = { aud: credentials.clientId, iat: now, exp: now + 300, nonce: leg.nonce };
  return jsonwebtoken.sign({ ...usual, ...claims }, privateKey, { algorithm: 'RS256', keyid: 'key-1' });
}

function reply(method: string, address: string, { status = 200, headers, body }: Answer, sent: Sent[] = []): void {
  const { origin, pathname, searchParams } = new URL(address);
  nock(origin)
    .intercept(pathname, method)
    .query(Object.fromEntries(searchParams))
    .reply(function (_, content) {
      const received = Object.entries(this.req.headers).map(([name, value]) => [name, [value].flat().join(', ')]);
      sent.push({
        address,
        headers: Object.fromEntries(received) as Record<string, string>,
        body: new URLSearchParams(typeof content === 'string' ? content : ''),
        ...(typeof content === 'object' && { json: content }),
      });
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      return [status, text, { 'content-type': 'application/json', ...headers }];
    });
}
