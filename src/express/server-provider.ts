import type { ServerResponse } from 'node:http';
import type { Client } from '../clients/client.js';
import type { FindClient } from '../clients/find-client.js';
import type { RegisteredClientIds } from '../clients/registered-client-id.js';
import { registerClient, type Registration } from '../clients/registration.js';
import type { Trade } from '../grant-types/trade.js';
import type { RevokeToken } from '../grants/revoke-token.js';
import type { Audit } from '../telemetry/audit.js';
import type { Log } from '../telemetry/log.js';
import { serve, type Endpoint } from '../http/router.js';
import { AuthError } from '../protocol/auth-error.js';
import { Parameters } from '../protocol/parameters.js';
import { formatScope } from '../protocol/scope.js';
import type { TokenResponse } from '../protocol/token-response.js';
import { inSdkWords, type AsSdkError } from '../resource/sdk-errors.js';
import type { TokenVerifier } from '../resource/token-verifier.js';
import type { Clock } from '../storage/clock.js';
import { plainRequest, writeReply, type NodeRequest } from './node-message.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

/** What the SDK's router knows of a client (RFC 7591 §3.2.1). */
export type SdkClientInformation = Mutable<Omit<Registration, 'client_id_issued_at'>> & {
  client_id_issued_at?: number;
};

/** What the SDK's router has read of an authorization request. */
export interface SdkAuthorizationParams {
  state?: string | undefined;
  scopes?: string[] | undefined;
  codeChallenge: string;
  redirectUri: string;
  resource?: URL | undefined;
}

/** The part of a client that the SDK's router hands back. */
interface PresentedClient {
  client_id: string;
  client_secret?: string | undefined;
}

/** The `OAuthServerProvider` that `mcpAuthRouter` of the MCP SDK's line 1 asks for. */
export interface ServerProvider extends TokenVerifier {
  readonly clientsStore: {
    getClient(clientId: string): Promise<SdkClientInformation | undefined>;
    /** Absent where clients may not register. */
    registerClient?(metadata: object): Promise<SdkClientInformation>;
  };
  /** PKCE is verified where the code is redeemed, together with everything else. */
  readonly skipLocalPkceValidation: true;
  authorize(client: { client_id: string }, params: SdkAuthorizationParams, response: ServerResponse): Promise<void>;
  challengeForAuthorizationCode(): Promise<never>;
  exchangeAuthorizationCode(
    client: PresentedClient,
    code: string,
    codeVerifier?: string,
    redirectUri?: string,
    resource?: URL,
  ): Promise<TokenResponse>;
  exchangeRefreshToken(
    client: PresentedClient,
    refreshToken: string,
    scopes?: string[],
    resource?: URL,
  ): Promise<TokenResponse>;
  revokeToken(client: PresentedClient, request: { token: string }): Promise<void>;
}

/** What the provider needs. */
export interface ServerProviderServices {
  /** The door of authorization requests, which answers without `iss`: the SDK's metadata does not announce it. */
  readonly door: Endpoint;
  readonly findClient: FindClient;
  readonly registeredClients: RegisteredClientIds;
  /** Whether clients may register. */
  readonly registration: boolean;
  readonly trade: Trade;
  readonly revoke: RevokeToken;
  readonly verifier: TokenVerifier;
  readonly asSdkError: AsSdkError;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly log: Log;
  readonly newRequestId: () => string;
}

/** Makes this server the provider behind the SDK's own router. */
export function createServerProvider(services: ServerProviderServices): ServerProvider {
  const { door, registeredClients, registration, trade, revoke, verifier } = services;
  const { asSdkError, clock, audit, log, newRequestId } = services;
  const run = <T>(step: () => Promise<T>) => inSdkWords(asSdkError, log, 'request refused', step);

  /**
   * The client of an id, with what proves it: the SDK compares secrets by itself, and takes a client without one at its
   * word. So one that has to prove itself in a way that this door does not know is no client here.
   */
  async function findUsable(clientId: string): Promise<{ client: Client; secret?: string } | undefined> {
    const client = await services.findClient(clientId);
    if (!client || client.authenticationMethod === 'none') return client && { client };
    // Only of who registered here the secret is known; of the operator's clients there is a hash (RFC 6749 §2.3: and
    // only by the method that was registered).
    const postsSecret = client.authenticationMethod === 'client_secret_post';
    const secret = postsSecret ? registeredClients.secretOf(clientId) : undefined;
    if (secret !== undefined && client.secretMatches(secret)) return { client, secret };
    log({
      level: 'warn',
      event: 'client refused',
      code: 'invalid_client',
      description:
        "The MCP SDK's own router cannot check how this client authenticates; /oauth/authorize and /oauth/token can.",
    });
    return undefined;
  }

  /** Whoever calls this has authenticated the client; that it did is seen from the secret that it was given for it. */
  async function requireClient({ client_id, client_secret = '' }: PresentedClient): Promise<Client> {
    const found = await findUsable(client_id);
    const isProven = found?.secret === undefined || found.client.secretMatches(client_secret);
    if (!found || !isProven) throw new AuthError('invalid_client', 'Client authentication failed.');
    return found.client;
  }

  return {
    ...verifier,
    skipLocalPkceValidation: true,

    clientsStore: {
      getClient: (clientId) =>
        run(async () => {
          const found = await findUsable(clientId);
          return found && informationOf(found.client, found.secret);
        }),
      ...(registration && {
        registerClient: (metadata: object) =>
          // eslint-disable-next-line @typescript-eslint/require-await -- what it throws has to be a rejection
          run(async () => mutable(registerClient(registeredClients, clock, audit, postingSecret(metadata), unseen))),
      }),
    },

    async authorize(client, params, response) {
      const request: NodeRequest = response.req;
      const plain = plainRequest(request, newRequestId(), request.originalUrl ?? request.url ?? '/');
      const query = authorizationQuery(plain.query, client.client_id, params);
      const reply = await serve(door, { ...plain, query, body: { kind: 'none' } }, log);
      if (!response.headersSent) writeReply(request, response, reply);
    },

    challengeForAuthorizationCode: () =>
      run(() => Promise.reject(new AuthError('server_error', 'PKCE is verified where the code is redeemed.'))),

    exchangeAuthorizationCode: (client, code, code_verifier, redirect_uri, resource) =>
      run(async () => {
        const evidence = { code, code_verifier, redirect_uri, resource: resource?.href };
        return trade(await requireClient(client), 'authorization_code', parametersOf(evidence), unseen);
      }),

    exchangeRefreshToken: (client, refresh_token, scopes, resource) =>
      run(async () => {
        const evidence = { refresh_token, scope: scopes && formatScope(scopes), resource: resource?.href };
        return trade(await requireClient(client), 'refresh_token', parametersOf(evidence), unseen);
      }),

    revokeToken: (client, { token }) => run(async () => revoke(token, (await requireClient(client)).clientId, unseen)),
  };
}

/** The SDK's router hands on what a request says, and nothing of the request itself. */
const unseen = {};

/** RFC 7591 §3.2.1: a method that this door does not know is replaced by the one that it does. */
function postingSecret(metadata: object): object {
  const { token_endpoint_auth_method: method } = metadata as { token_endpoint_auth_method?: unknown };
  const isReplaced = method === undefined || method === 'client_secret_basic';
  return { ...metadata, ...(isReplaced && { token_endpoint_auth_method: 'client_secret_post' }) };
}

function informationOf({ clientId, metadata }: Client, secret: string | undefined): SdkClientInformation {
  const proof = secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 as const };
  return mutable({ client_id: clientId, ...proof, ...metadata });
}

/** A copy that belongs to the SDK. */
function mutable<T extends object>(document: T): Mutable<T> {
  return structuredClone(document) as Mutable<T>;
}

/**
 * The request as it came, with what the SDK, or a wrapper of this provider, has made of it: nothing else may be lost on
 * the way, such as `prompt` and `provider`.
 */
function authorizationQuery(sent: string, clientId: string, params: SdkAuthorizationParams): string {
  const query = new URLSearchParams(sent);
  const { redirectUri, codeChallenge, scopes = [], state, resource } = params;
  const read = {
    response_type: 'code',
    client_id: clientId,
    // The SDK fills in the only one that is registered. Whoever sent none need not repeat it (RFC 6749 §4.1.3).
    redirect_uri: query.has('redirect_uri') ? redirectUri : undefined,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    scope: scopes.length > 0 ? formatScope(scopes) : undefined,
    state,
    resource: resource?.href,
  };
  for (const [name, value] of Object.entries(read)) {
    query.delete(name);
    if (value !== undefined) query.set(name, value);
  }
  return query.toString();
}

function parametersOf(evidence: Record<string, string | undefined>): Parameters {
  const present = Object.entries(evidence).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, [value]] as const],
  );
  return new Parameters(new Map(present));
}
