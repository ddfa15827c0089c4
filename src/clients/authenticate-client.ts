import { secretsEqual } from '../keys/mac.js';
import { AuthError } from '../protocol/auth-error.js';
import type { ClientAuthenticationMethod } from '../protocol/client-metadata.js';
import { readBasic } from './basic-credentials.js';
import { clientRefusal as refusal } from './client-refusal.js';
import type { Client } from './client.js';
import type { FindClient } from './find-client.js';
import { assertionType, subjectOf, type VerifyAssertion } from './client-assertion.js';

/** What of a request bears on who the client is. */
export interface ClientCredentials {
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
  /** The parameter `client_id` of the form. */
  readonly clientId: string | undefined;
  /** The parameter `client_secret` of the form; an empty one counts as absent. */
  readonly clientSecret: string | undefined;
  /** The parameter `client_assertion_type` of the form (RFC 7521 §4.2). */
  readonly assertionType?: string | undefined;
  /** The parameter `client_assertion` of the form. */
  readonly assertion?: string | undefined;
}

/** Credentials as one method presents them, in each way in which they can be read. */
interface Presented {
  readonly method: ClientAuthenticationMethod;
  readonly ids: readonly string[];
  readonly secrets: readonly string[];
  readonly assertion?: string;
}

/**
 * Authenticates the client of a request by exactly the method that it registered (RFC 6749 §2.3).
 *
 * @throws {AuthError} invalid_request when two methods are used at once, or two ids are named; invalid_client when the
 * client is unknown, used another method than its own, or did not prove itself: the answer does not say which;
 * temporarily_unavailable
 */
export async function authenticateClient(
  credentials: ClientCredentials,
  findClient: FindClient,
  verifyAssertion: VerifyAssertion,
): Promise<Client> {
  const { method, ids, secrets, assertion } = presentedBy(credentials);
  const client = await firstKnown(ids, findClient);
  // Compared before anything is refused, and also for nobody: an unknown client costs about what a wrong secret does.
  const secretMatches = client?.secretMatches ?? matchesNobody;
  const isProven = secrets.map((secret) => secretMatches(secret)).includes(true);
  if (!client) throw refusal('The client is unknown.');
  if (client.authenticationMethod !== method) throw refusal(`The client used ${method}, which it did not register.`);
  if (assertion !== undefined) await verifyAssertion(assertion, client);
  else if (method !== 'none' && !isProven) throw refusal('The client secret is wrong.');
  return client;
}

function presentedBy(credentials: ClientCredentials): Presented {
  const { authorization, clientId, clientSecret = '', assertion, assertionType: type } = credentials;
  if (assertion !== undefined || type !== undefined) {
    // RFC 6749 §2.3. Nothing is made of a header in which a secret may be missing: it is a second method all the same.
    if (authorization !== undefined || clientSecret !== '') throw severalMethods();
    return presentedByAssertion(assertion, type, clientId);
  }
  if (authorization === undefined) {
    if (!clientId) throw refusal('The request names no client.');
    if (clientSecret === '') return { method: 'none', ids: [clientId], secrets: [] };
    return { method: 'client_secret_post', ids: [clientId], secrets: [clientSecret] };
  }
  if (clientSecret !== '') throw severalMethods();
  const basic = presentedByBasic(authorization);
  if (!clientId) return basic;
  if (!basic.ids.includes(clientId)) {
    throw new AuthError('invalid_request', 'The client_id of the form is not that of the Authorization header.');
  }
  return { ...basic, ids: [clientId] };
}

function presentedByBasic(authorization: string): Presented {
  const { names, passwords } = readBasic(authorization) ?? {};
  if (!names || !passwords) throw refusal('The Authorization header holds no Basic credentials.');
  // Some libraries name a public client in a Basic header too, with nothing after the colon.
  if (passwords.includes('')) return { method: 'none', ids: names, secrets: [] };
  return { method: 'client_secret_basic', ids: names, secrets: passwords };
}

/** RFC 7521 §4.2: `client_id` may be left out, and has to be the assertion's subject otherwise, which its proof includes. */
function presentedByAssertion(assertion: string | undefined, type: string | undefined, clientId?: string): Presented {
  if (assertion === undefined || type === undefined) {
    throw new AuthError('invalid_request', 'client_assertion and client_assertion_type belong together.');
  }
  if (type !== assertionType) throw refusal('The client_assertion_type is not supported.');
  const id = clientId ?? subjectOf(assertion);
  if (id === undefined) throw refusal('The assertion names no client.');
  return { method: 'private_key_jwt', ids: [id], secrets: [], assertion };
}

function severalMethods(): AuthError {
  return new AuthError('invalid_request', 'Use one client authentication method only.'); // RFC 6749 §2.3
}

async function firstKnown(ids: readonly string[], findClient: FindClient): Promise<Client | undefined> {
  for (const id of ids) {
    const client = await findClient(id);
    if (client) return client;
  }
  return undefined;
}

function matchesNobody(presented: string): boolean {
  secretsEqual(presented, '');
  return false;
}
