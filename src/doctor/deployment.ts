import { canonicalResource } from '../protocol/resource-indicator.js';
import { resourceMetadataUrl, wellKnownPaths } from '../protocol/server-metadata.js';
import { isAnswer, type Outcome, type Question } from './ask.js';
import { findDocument, isWebUrl, listIn, textIn, urlIn, type FoundDocument, type Json } from './document.js';
import type { Probe } from './probe.js';

/** What is where: found out once, before anything is judged. */
export interface Deployment {
  /** The URL as it was entered. */
  readonly entered: URL;
  /** The MCP server, as it was entered, or as the issuer that was entered names it. */
  readonly mcpUrl: string;
  /** The answer to a first request without a token. */
  readonly unauthenticated: Outcome;
  readonly resourceDocuments: readonly FoundDocument[];
  /** The document about the MCP server. */
  readonly resource: Json | undefined;
  /** Where the documents about the authorization server were looked for: what `issuer` has to be. */
  readonly issuer: string;
  readonly serverDocuments: readonly FoundDocument[];
  /** The document about the authorization server. */
  readonly server: Json | undefined;
  /**
   * Where an endpoint is, undefined where there is none. Its path is the document's; its host is the one that was asked,
   * so that what else is wrong can be told apart from a wrong host.
   */
  readonly endpoint: (name: EndpointName) => string | undefined;
}

/** The endpoints that clients use, as RFC 8414 names them. */
export type EndpointName = keyof typeof usualPaths;

/** Where this package has them, for a deployment whose document cannot be read. */
const usualPaths = {
  authorization_endpoint: '/oauth/authorize',
  token_endpoint: '/oauth/token',
  registration_endpoint: '/oauth/register',
  revocation_endpoint: '/oauth/revoke',
  jwks_uri: '/oauth/jwks',
} as const;

/** The names of the documents about an authorization server, in the order in which MCP clients look for them. */
const serverNames = ['oauth-authorization-server', 'openid-configuration'] as const;

/** The first request of an MCP client, before it knows that it needs a token. */
export function initializeRequest(url: string, headers: Question['headers'] = {}): Question {
  return {
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 'gatehouse doctor', version: '1' },
      },
    }),
  };
}

/** Walks the documents as clients do, and falls back on what this package usually serves. */
export async function survey(entered: URL, probe: Probe): Promise<Deployment> {
  const typed = withoutSlash(entered.href);
  const first = await probe.ask(initializeRequest(entered.href));
  const own = isRefusal(first) ? [] : await find(probe, serverUrls(typed));
  const isIssuer = own.some(({ document }) => textIn(document, 'issuer') !== undefined);
  const mcpUrl = isIssuer ? await resourceOf(typed, own, probe) : entered.href;

  const unauthenticated = mcpUrl === entered.href ? first : await probe.ask(initializeRequest(mcpUrl));
  const resourceDocuments = await find(probe, resourceUrls(mcpUrl));
  const resource = firstDocument(resourceDocuments, 'resource');
  const candidates = isIssuer
    ? [typed]
    : [...listIn(resource, 'authorization_servers').slice(0, 1).filter(isWebUrl).map(withoutSlash)];
  const { issuer, documents } = await findServer(probe, candidates, new URL(mcpUrl));
  const server = firstDocument(documents, 'issuer');
  return {
    entered,
    mcpUrl,
    unauthenticated,
    resourceDocuments,
    resource,
    issuer,
    serverDocuments: documents,
    server,
    endpoint: (name) => endpointOf(name, issuer, server),
  };
}

/** Looks where the resource says, then where its path and its host would be an issuer's. */
async function findServer(probe: Probe, named: readonly string[], { origin, pathname }: URL) {
  const [issuerHere = origin] = named.filter((each) => isWebUrl(each)).map((each) => origin + pathIn(each));
  const folder = origin + pathname.replace(/\/[^/]*\/?$/, '');
  for (const issuer of new Set([...named, issuerHere, folder, origin])) {
    const documents = await find(probe, serverUrls(issuer));
    if (firstDocument(documents, 'issuer')) return { issuer, documents };
  }
  return { issuer: issuerHere, documents: await find(probe, serverUrls(issuerHere)) };
}

async function resourceOf(issuer: string, documents: readonly FoundDocument[], probe: Probe): Promise<string> {
  const listed = listIn(firstDocument(documents, 'issuer'), 'protected_resources').filter(isWebUrl);
  if (listed[0] !== undefined) return listed[0];
  const [about] = await find(probe, [resourceMetadataUrl(issuer)]);
  return urlIn(about?.document, 'resource') ?? issuer;
}

function endpointOf(name: EndpointName, issuer: string, server: Json | undefined): string | undefined {
  const published = urlIn(server, name);
  if (published === undefined) return server ? undefined : issuer + usualPaths[name];
  const { pathname, search } = new URL(published);
  return new URL(issuer).origin + pathname + search;
}

/** Where clients look for the document about an MCP server, most usual first (RFC 9728 §3.1). */
export function resourceUrls(mcpUrl: string): string[] {
  const { origin } = new URL(mcpUrl);
  const paths = [mcpUrl, origin].flatMap((about) => wellKnownPaths(about, 'oauth-protected-resource'));
  return [...new Set(paths.filter((path) => !path.endsWith('/')))].map((path) => origin + path);
}

/** Where clients look for the document about an authorization server, in their order (RFC 8414 §3.1, §5). */
export function serverUrls(issuer: string): string[] {
  const { origin } = new URL(issuer);
  const paths = serverNames.flatMap((name) => wellKnownPaths(issuer, name));
  return [...new Set(paths.filter((path) => !path.endsWith('/')))].map((path) => origin + path);
}

function find(probe: Probe, urls: readonly string[]): Promise<FoundDocument[]> {
  return Promise.all(urls.map((url) => findDocument(probe, url)));
}

function firstDocument(found: readonly FoundDocument[], member: string): Json | undefined {
  return found.find(({ document }) => textIn(document, member) !== undefined)?.document;
}

function isRefusal(outcome: Outcome): boolean {
  return isAnswer(outcome) && outcome.status === 401;
}

const withoutSlash = (url: string) => url.replace(/\/+$/, '');

function pathIn(url: string): string {
  return withoutSlash(new URL(url).pathname);
}

/** Tells whether two URLs mean the same MCP server. */
export function isSameResource(one: string, other: string): boolean {
  return canonicalResource(one) === canonicalResource(other);
}
