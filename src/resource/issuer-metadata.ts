import { FetchFault } from '../clients/fetch-fault.js';
import { AuthError } from '../protocol/auth-error.js';
import { isProtectedWebUri } from '../protocol/redirect-uri.js';
import type { Clock } from '../storage/clock.js';
import { createRemoteCopy, type RemoteCopy } from '../storage/remote-copy.js';
import type { AskIssuer } from './ask-issuer.js';

/** What a resource server has to know of its authorization server. */
export interface IssuerMetadata {
  readonly jwksUri: string | undefined;
  readonly introspectionEndpoint: string | undefined;
}

/** Keeps the metadata of an authorization server (RFC 8414, OpenID Connect Discovery), looked for when first needed. */
export function createIssuerMetadata(issuer: string, ask: AskIssuer, clock: Clock): RemoteCopy<IssuerMetadata> {
  return createRemoteCopy(() => discover(issuer, ask), clock, { unavailable: issuerUnavailable });
}

/**
 * What those hear whose token nobody can judge. It must not sound like a refusal: a client whose token is refused sends
 * its user away to sign in again.
 */
export function issuerUnavailable(cause: unknown): AuthError {
  return new AuthError('temporarily_unavailable', 'The authorization server cannot be asked at present.', { cause });
}

async function discover(issuer: string, ask: AskIssuer): Promise<IssuerMetadata> {
  const faults: unknown[] = [];
  for (const url of metadataUrls(issuer)) {
    try {
      return readMetadata(issuer, await ask(url));
    } catch (error) {
      faults.push(error);
      // Who does not answer here does not answer there, and those who wait have waited long enough.
      if (!isAnswer(error)) break;
    }
  }
  // What is wrong with a document tells more than where there is none.
  throw faults.find((fault) => fault instanceof AuthError) ?? faults.at(-1);
}

function isAnswer(error: unknown): boolean {
  if (!(error instanceof FetchFault)) return true;
  return error.code === 'NOT_JSON' || error.code.startsWith('STATUS_');
}

/** RFC 8414 §3.1, §5; OpenID Connect Discovery §4: in the order in which MCP clients look. */
function metadataUrls(issuer: string): Set<string> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return new Set([
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]);
}

function readMetadata(issuer: string, document: Record<string, unknown>): IssuerMetadata {
  // RFC 8414 §3.3: or else anybody's keys could be another one's.
  if (document['issuer'] !== issuer) throw misfit('The metadata is of another issuer.');
  const address = (name: string) => {
    const value = document[name];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && isSafe(value, issuer)) return value;
    throw misfit(`The ${name} in the metadata is not https.`);
  };
  return { jwksUri: address('jwks_uri'), introspectionEndpoint: address('introspection_endpoint') };
}

/** Plain http leads to this very computer only, and only where the issuer is there as well. */
function isSafe(url: string, issuer: string): boolean {
  if (!isProtectedWebUri(url) || url.includes('#')) return false;
  return url.startsWith('https:') || issuer.startsWith('http:');
}

function misfit(reason: string): AuthError {
  return new AuthError('temporarily_unavailable', reason);
}
