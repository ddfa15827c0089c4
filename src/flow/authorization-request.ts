import type { Client } from '../clients/client.js';
import { FetchFault } from '../clients/fetch-fault.js';
import type { FindClient } from '../clients/find-client.js';
import { permittedResource, permittedScopes } from '../clients/permitted.js';
import { tagsIn } from '../pages/language.js';
import { AuthError } from '../protocol/auth-error.js';
import type { Parameters } from '../protocol/parameters.js';
import { codeChallengeMethod, isCodeChallenge } from '../protocol/code-challenge.js';
import { proveRedirectTarget } from '../protocol/redirect-proof.js';
import type { RedirectTarget } from '../protocol/redirect-target.js';
import { parseScope, type ImpliedScopes } from '../protocol/scope.js';
import type { RequestedAuthorization, Transaction } from './transaction.js';

/** A resource (MCP server) that tokens are issued for. */
export interface Resource {
  readonly url: string;
  readonly name?: string;
  /** Scopes with what they mean to a person. */
  readonly scopes: ReadonlyMap<string, string>;
  readonly implied: ImpliedScopes;
  /** What a client gets that asks for nothing. */
  readonly defaultScopes: readonly string[];
}

type Limited = Pick<Client, 'limits'>;

/** Proxies cut long `Location` headers; a state that would not come back whole is refused at once. */
const maxStateBytes = 2048;

/** Who asks, and where the answer is to go, as the request says it. */
export type Requester = Pick<Transaction, 'clientId' | 'redirectUri' | 'state' | 'withoutIssuer'>;

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
 * @param asker - the address that the request came from, where it is known
 * @throws {AuthError} invalid_client, invalid_request; temporarily_unavailable when it cannot be told now;
 *   too_many_requests
 */
export async function proveRequester(
  { clientId, redirectUri, ...answer }: Requester,
  findClient: FindClient,
  asker: string | undefined,
): Promise<{ client: Client; target: RedirectTarget }> {
  const client = await findClient(clientId, asker).catch(asFaultOfRequest);
  if (!client) throw new AuthError('invalid_client', 'The client is not registered with this server.');
  return { client, target: proveRedirectTarget(client.metadata.redirect_uris, redirectUri, answer) };
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
  client: Limited,
  identityScopes: ReadonlyMap<string, unknown>,
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
  const resource = permittedResource(parameters.all('resource'), resources, client);
  const scopes = grantableScopes(parseScope(parameters.get('scope')), resource, client, identityScopes);
  const uiLocales = tagsIn(parameters.get('ui_locales'));
  const languages = uiLocales === undefined ? {} : { uiLocales };
  return { codeChallenge, resource: resource.url, scopes, ...requester, ...languages };
}

/**
 * The scopes that the user is asked for. Some are no resource's: `offline_access`, since whether a client may refresh is
 * another matter, and those that let it know who the user is.
 */
function grantableScopes(
  requested: readonly string[],
  resource: Resource,
  client: Limited,
  identityScopes: ReadonlyMap<string, unknown>,
): readonly string[] {
  const granted = permittedScopes(requested, resource, client);
  const mayKnow = (scope: string) => identityScopes.has(scope) && (client.limits?.scopes?.includes(scope) ?? true);
  const others = requested.filter((scope) => scope === 'offline_access' || mayKnow(scope));
  return [...new Set([...granted, ...others])];
}
