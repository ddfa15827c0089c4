import { secretsEqual } from '../keys/mac.js';
import { AuthError } from '../protocol/auth-error.js';
import type { ClientAuthenticationMethod } from '../protocol/client-metadata.js';
import { hasControlCharacters } from '../protocol/parameters.js';
import type { Client } from './client.js';
import type { FindClient } from './find-client.js';

/** What of a request bears on who the client is. */
export interface ClientCredentials {
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
  /** The parameter `client_id` of the form. */
  readonly clientId: string | undefined;
  /** The parameter `client_secret` of the form; an empty one counts as absent. */
  readonly clientSecret: string | undefined;
}

/** Credentials as one method presents them, in each way in which they can be read. */
interface Presented {
  readonly method: ClientAuthenticationMethod;
  readonly ids: readonly string[];
  readonly secrets: readonly string[];
}

/**
 * Authenticates the client of a request by exactly the method that it registered (RFC 6749 §2.3).
 *
 * @throws {AuthError} invalid_request when two methods are used at once, or two ids are named; invalid_client when the
 * client is unknown, used another method than its own, or did not prove itself: the answer does not say which
 */
export async function authenticateClient(credentials: ClientCredentials, findClient: FindClient): Promise<Client> {
  const { method, ids, secrets } = presentedBy(credentials);
  const client = await firstKnown(ids, findClient);
  // Compared before anything is refused, and also for nobody: an unknown client costs about what a wrong secret does.
  const secretMatches = client?.secretMatches ?? matchesNobody;
  const isProven = secrets.map((secret) => secretMatches(secret)).includes(true);
  if (!client) throw refusal('The client is unknown.');
  if (client.authenticationMethod !== method) throw refusal(`The client used ${method}, which it did not register.`);
  if (method !== 'none' && !isProven) throw refusal('The client secret is wrong.');
  return client;
}

function presentedBy({ authorization, clientId, clientSecret = '' }: ClientCredentials): Presented {
  if (authorization === undefined) {
    if (!clientId) throw refusal('The request names no client.');
    if (clientSecret === '') return { method: 'none', ids: [clientId], secrets: [] };
    return { method: 'client_secret_post', ids: [clientId], secrets: [clientSecret] };
  }
  if (clientSecret !== '') {
    throw new AuthError('invalid_request', 'Use one client authentication method only.'); // RFC 6749 §2.3
  }
  const basic = readBasic(authorization);
  if (!basic) throw refusal('The Authorization header holds no Basic credentials.');
  if (!clientId) return basic;
  if (!basic.ids.includes(clientId)) {
    throw new AuthError('invalid_request', 'The client_id of the form is not that of the Authorization header.');
  }
  return { ...basic, ids: [clientId] };
}

/**
 * Reads a `Basic` header.
 *
 * RFC 6749 §2.3.1 has id and secret form-encoded first; most MCP clients leave that out. So both readings count, which
 * gives nobody a second chance worth having: each must still be the whole secret.
 */
function readBasic(authorization: string): Presented | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const [, id, password] = /^([^:]+):(.*)$/s.exec(text) ?? [];
  if (id === undefined || password === undefined || hasControlCharacters(text)) return undefined;
  // Some libraries name a public client in a Basic header too, with nothing after the colon.
  if (password === '') return { method: 'none', ids: readingsOf(id), secrets: [] };
  return { method: 'client_secret_basic', ids: readingsOf(id), secrets: readingsOf(password) };
}

function readingsOf(text: string): string[] {
  try {
    return [...new Set([decodeURIComponent(text.replaceAll('+', ' ')), text])];
  } catch {
    return [text];
  }
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

/** One text for every failure; which one it was is for the log. */
function refusal(reason: string): AuthError {
  const cause = new AuthError('invalid_client', reason);
  return new AuthError('invalid_client', 'The client is unknown, or did not authenticate as it registered.', { cause });
}
