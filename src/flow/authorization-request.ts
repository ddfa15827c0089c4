import type { Client } from '../clients/client.js';
import { FetchFault } from '../clients/fetch-fault.js';
import type { FindClient } from '../clients/find-client.js';
import { AuthError } from '../protocol/auth-error.js';
import type { Parameters } from '../protocol/parameters.js';
import { codeChallengeMethod, isCodeChallenge } from '../protocol/pkce.js';
import { proveRedirectTarget } from '../protocol/redirect-proof.js';
import type { RedirectTarget } from '../protocol/redirect-target.js';
import { findResource } from '../protocol/resource-indicator.js';
import { parseScope } from '../protocol/scope.js';
import type { Transaction } from './transaction.js';

/** A resource (MCP server) that tokens are issued for. */
export interface Resource {
  readonly url: string;
  readonly name?: string;
  /** Scopes with what they mean to a person. */
  readonly scopes: ReadonlyMap<string, string>;
  /** What a client gets that asks for nothing. */
  readonly defaultScopes: readonly string[];
}

/** The part of a transaction that the client's request decides. */
export type RequestedAuthorization = Omit<Transaction, 'id' | 'browser' | 'expiresAt'>;

/** Proxies cut long `Location` headers; a state that would not come back whole is refused at once. */
const maxStateBytes = 2048;

/** Who asks, and where the answer is to go, as the request says it. */
export type Requester = Pick<Transaction, 'clientId' | 'redirectUri' | 'state'>;

/**
 * Reads who asks.
 *
 * @throws {AuthError} invalid_request when that cannot be told, or the state is too long
 */
export function readRequester(parameters: Parameters): Requester {
  const clientId = parameters.require('client_id');
  const redirectUri = parameters.get('redirect_uri');
  const state = parameters.get('state');
  if (state !== undefined && Buffer.byteLength(state) > maxStateBytes) {
    throw new AuthError('invalid_request', `The state may have at most ${maxStateBytes} bytes.`);
  }
  return { clientId, ...(redirectUri !== undefined && { redirectUri }), ...(state !== undefined && { state }) };
}

/**
 * Finds the client, and proves where the answer goes. Until then the user has to be told of every fault.
 *
 * @throws {AuthError} invalid_client, invalid_request; temporarily_unavailable when it cannot be told now
 */
export async function proveRequester(
  { clientId, redirectUri, state }: Requester,
  findClient: FindClient,
): Promise<{ client: Client; target: RedirectTarget }> {
  const client = await findClient(clientId).catch(asFaultOfRequest);
  if (!client) throw new AuthError('invalid_client', 'The client is not registered with this server.');
  return { client, target: proveRedirectTarget(client.metadata.redirect_uris, redirectUri, state) };
}

/**
 * That a client's own document cannot be read is no outage here: anybody could cause a 503, and with it an alarm, by
 * naming a host that is not there. The token endpoint answers 503 all the same, since a client would take anything
 * else for a reason to forget its tokens; here it has none to lose, and a person has to be told.
 */
function asFaultOfRequest(thrown: unknown): never {
  if (thrown instanceof AuthError && thrown.cause instanceof FetchFault && !thrown.cause.isBusy) {
    throw new AuthError('invalid_request', thrown.message, { cause: thrown.cause });
  }
  throw thrown;
}

/**
 * Reads the rest of an authorization request (RFC 6749 §4.1.1, OAuth 2.1 §4.1.1).
 *
 * @throws {AuthError} a code of RFC 6749 §4.1.2.1 or invalid_target, to be delivered to the client
 */
export function readAuthorizationRequest(
  parameters: Parameters,
  requester: Requester,
  resources: ReadonlyMap<string, Resource>,
): RequestedAuthorization {
  if (parameters.get('request')) throw new AuthError('request_not_supported', 'Request objects are not supported.');
  if (parameters.get('request_uri')) {
    throw new AuthError('request_uri_not_supported', 'Request objects are not supported.');
  }
  if (parameters.require('response_type') !== 'code') {
    throw new AuthError('unsupported_response_type', 'The response_type has to be code.');
  }
  if ((parameters.get('response_mode') ?? 'query') !== 'query') {
    throw new AuthError('invalid_request', 'The response_mode has to be query.');
  }
  // OpenID Connect Core §3.1.2.1: the page is always shown, which is what a client may not want.
  if (parameters.get('prompt') === 'none') throw new AuthError('consent_required', 'The user has to be asked.');
  const codeChallenge = parameters.require('code_challenge'); // OAuth 2.1 §4.1.1, RFC 7636 §4.4.1
  if (parameters.get('code_challenge_method') !== codeChallengeMethod || !isCodeChallenge(codeChallenge)) {
    throw new AuthError('invalid_request', 'PKCE is required, with the code_challenge_method S256.');
  }
  const resource = findConfiguredResource(parameters.all('resource'), resources);
  const scopes = grantableScopes(parseScope(parameters.get('scope')), resource);
  return { ...requester, codeChallenge, resource: resource.url, scopes };
}

function findConfiguredResource(requested: readonly string[], resources: ReadonlyMap<string, Resource>): Resource {
  const [first, ...others] = [...resources.keys()];
  const resource = first === undefined ? undefined : resources.get(findResource(requested, [first, ...others]));
  if (!resource) throw new AuthError('invalid_target', 'This server protects no resource.');
  return resource;
}

/**
 * The scopes that the user is asked for (RFC 6749 §3.3).
 *
 * Clients ask for nothing, or for whatever they once saw: what nobody knows is dropped, and nothing means the default.
 */
function grantableScopes(requested: readonly string[], resource: Resource): readonly string[] {
  const known = requested.filter((scope) => resource.scopes.has(scope));
  const granted = known.length > 0 ? known : resource.defaultScopes;
  return requested.includes('offline_access') ? [...new Set([...granted, 'offline_access'])] : granted;
}
