import { createHash, generateKeyPairSync } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import jsonwebtoken, { type Algorithm } from 'jsonwebtoken';
import nock from 'nock';
import type { UpstreamProvider, UpstreamTokens } from '../../src/upstream/provider.js';
import type { TokenAnswer } from '../../src/upstream/session.js';
import { createPooledFetch } from '../../src/upstream/pooled-fetch.js';
import { createUpstream } from '../../src/upstream/create-upstream.js';
import type { SignedInUser } from '../../src/upstream/upstream.js';
import { addressOf, filledIn, firstOf, type Exchange, type ProviderFixture } from './fixture.js';

// nock replaces functions of node:http, which modules that were loaded before it would not notice.
syncBuiltinESMExports();

export const credentials = { clientId: 'test-client', clientSecret: 'test/secret+canary' };
export const callbackUrl = 'https://gatehouse.example/oauth/callback';
export const leg = { state: 'state-1', codeVerifier: 'v'.repeat(43), nonce: 'nonce-1' };

const kid = 'test-key';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pool = createPooledFetch({ timeout: 2 });

/** A provider as it was recorded, of which some answers are chosen. */
export interface Scene {
  readonly fixture: ProviderFixture;
  readonly provider: UpstreamProvider;
  /** The answer of the token endpoint; the first good one otherwise. */
  readonly token?: Exchange;
  /** The answers to what is asked in the user's name; whatever is not among them is refused. */
  readonly profiles?: readonly Exchange[];
  /** The query of the callback. */
  readonly callbackQuery?: string;
}

/** A request to the token endpoint, or that of revocation, as it arrived. */
export interface TokenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A form; empty when it was none. */
  readonly body: URLSearchParams;
  readonly json: unknown;
}

/** Where the provider of a scene has its endpoints: as it says itself, or as the preset says. */
export function endpointsOf({ fixture, provider }: Scene) {
  const document = discoveryDocument(fixture, provider);
  const { authorization, token, userInfo, revocation } = provider.endpoints ?? {};
  return {
    authorization: authorization ?? document.authorization_endpoint ?? '',
    token: token ?? document.token_endpoint ?? '',
    userInfo: userInfo ?? document.userinfo_endpoint,
    keys: document.jwks_uri,
    revocation: revocation ?? document.revocation_endpoint,
  };
}

/** Where a sign-in begins. */
export async function begin(scene: Scene): Promise<URL> {
  publish(scene);
  return upstreamOf(scene).authorizationUrl(leg);
}

/** Plays a whole sign-in; `requests` gets what the token endpoint was asked. */
export async function signIn(scene: Scene, requests: TokenRequest[] = []): Promise<SignedInUser> {
  publish(scene);
  answerToken(scene, requests);
  answerQuestions(scene);
  const { callbackQuery = `code=code-1&state=${leg.state}${promisedIssuer(scene)}` } = scene;
  return upstreamOf(scene).complete({ ...leg, callbackQuery });
}

/** Refreshes tokens; `requests` gets what the token endpoint was asked. */
export async function refresh(
  scene: Scene,
  previous: TokenAnswer,
  requests: TokenRequest[] = [],
): Promise<TokenAnswer> {
  publish(scene);
  answerToken(scene, requests);
  return upstreamOf(scene).refresh(previous);
}

/** Revokes tokens; `requests` gets what was asked. */
export async function revoke(
  scene: Scene,
  tokens: UpstreamTokens,
  requests: TokenRequest[] = [],
  response: Exchange['response'] = { status: 200, headers: {}, body: {} },
): Promise<void> {
  publish(scene);
  const { revocation } = endpointsOf(scene);
  const respond = (request: TokenRequest) => {
    requests.push(request);
    return response;
  };
  if (revocation !== undefined) for (const method of ['POST', 'DELETE']) answer(method, revocation, respond);
  await upstreamOf(scene).revoke(tokens);
}

/** Puts the scene's values in the place of the placeholders. */
export function inScene<T>(template: T, more: Readonly<Record<string, string>> = {}): T {
  const values = {
    CLIENT_ID: credentials.clientId,
    CLIENT_SECRET: credentials.clientSecret,
    REDIRECT_URI: callbackUrl,
    CODE: 'code-1',
    ACCESS_TOKEN: 'access-1',
    REFRESH_TOKEN: 'refresh-1',
    CODE_VERIFIER: leg.codeVerifier,
    STATE: leg.state,
    NONCE: leg.nonce,
    KID: kid,
    ...more,
  };
  return filledIn(template, values, startedAt);
}

/** One instant for all, so that nothing depends on the second in which it is filled in. */
const startedAt = Math.floor(Date.now() / 1000);

function upstreamOf({ provider }: Scene) {
  return createUpstream(provider, { callbackUrl, fetch: pool.fetch, clock: () => Date.now() / 1000 });
}

/** The document that was recorded of this issuer, or that of another installation, as it would be here. */
function discoveryDocument({ discovery }: ProviderFixture, { issuer }: UpstreamProvider): Record<string, string> {
  const documents = discovery.map(({ response }) => response.body as Record<string, string>);
  const own = documents.find((document) => document.issuer === issuer) ?? documents[0] ?? {};
  return JSON.parse(JSON.stringify(own).replaceAll(own.issuer ?? '\n', issuer)) as Record<string, string>;
}

function publish(scene: Scene): void {
  const { fixture, provider } = scene;
  if (provider.protocol === 'oauth2') return;
  answer('GET', `${provider.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, () => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: discoveryDocument(fixture, provider),
  }));
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid };
  const keys = { status: 200, headers: { 'content-type': 'application/json' }, body: { keys: [jwk] } };
  answer('GET', endpointsOf(scene).keys ?? '', () => keys);
}

function promisedIssuer({ fixture, provider }: Scene): string {
  const isPromised = String(discoveryDocument(fixture, provider).authorization_response_iss_parameter_supported);
  return isPromised === 'true' ? `&iss=${encodeURIComponent(provider.issuer)}` : '';
}

function answerToken(scene: Scene, requests: TokenRequest[]): void {
  const { token = firstOf(scene.fixture.token_success) } = scene;
  answer('POST', endpointsOf(scene).token, (request) => {
    requests.push(request);
    return inScene(token.response, { ID_TOKEN: idTokenOf(token) });
  });
}

function answerQuestions(scene: Scene): void {
  const { fixture, profiles = fixture.userinfo } = scene;
  const { userInfo } = endpointsOf(scene);
  const main = fixture.userinfo[0];
  for (const profile of profiles) {
    const isMain = main !== undefined && addressOf(profile) === addressOf(main);
    answer('GET', isMain ? (userInfo ?? addressOf(main)) : addressOf(profile), () => inScene(profile.response));
  }
  const origins = new Set([
    ...fixture.userinfo.map(({ request }) => request.origin),
    new URL(userInfo ?? callbackUrl).origin,
  ]);
  for (const origin of origins) nock(origin).persist().get(/./).reply(403, { message: 'Forbidden' });
}

function idTokenOf({ id_token, response }: Exchange): string {
  if (!id_token) return '';
  const accessToken = String((response.body as { readonly access_token?: unknown }).access_token);
  const atHash = createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url');
  const claims = { ...inScene(id_token.claims, { AT_HASH: atHash }) };
  const algorithm = id_token.header.alg as Algorithm;
  const key = algorithm === 'none' ? '' : algorithm.startsWith('HS') ? credentials.clientSecret : privateKey;
  return jsonwebtoken.sign(claims, key, { algorithm, keyid: kid });
}

function answer(method: string, address: string, respond: (request: TokenRequest) => Exchange['response']): void {
  const { origin, pathname } = new URL(address);
  nock(origin)
    .intercept(pathname, method)
    .query(true)
    .reply(function (_, body) {
      const request = {
        method,
        url: address,
        headers: this.req.headers,
        body: new URLSearchParams(textOf(body)),
        json: typeof body === 'object' ? body : undefined,
      };
      const { status, headers, body: json, body_text: text } = respond(request);
      return [status, text ?? JSON.stringify(json), { ...headers }];
    });
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : '';
}
