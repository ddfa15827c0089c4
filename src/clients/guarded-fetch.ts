import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isLoopbackHost } from '../protocol/redirect-uri.js';
import type { Clock } from '../storage/clock.js';
import { FetchFault, systemCodeOf } from './fetch-fault.js';
import { readFreshness, type Freshness } from './freshness.js';
import { isPublicAddress } from './special-use-addresses.js';

/** Finds all addresses of a host name. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

/** How much one fetch may cost. */
export interface FetchLimits {
  /** Bytes that the document may have. */
  readonly maxBytes: number;
  /** Seconds from the call to the last byte, the resolution of the name included. */
  readonly timeout: number;
}

/** A JSON document, and for how long it may be used. */
export interface FetchedDocument extends Freshness {
  readonly document: unknown;
}

/**
 * Gets a JSON document from a URL that a stranger chose.
 *
 * @throws {FetchFault} when there is no such document within the limits, or the URL leads where nobody may send us
 */
export type GuardedFetch = (url: string, limits: FetchLimits) => Promise<FetchedDocument>;

/** What fetching needs. */
export interface GuardedFetchServices {
  readonly resolve: ResolveHost;
  readonly clock: Clock;
  /** Whether `http` and the addresses of this very computer may be asked, under its own names. */
  readonly allowLoopback: boolean;
  /** Tells which addresses may be asked. @defaultValue the public ones */
  readonly isAllowed?: (address: string) => boolean;
  /** The only certificate authority, in place of the system's. */
  readonly ca?: string;
}

const loopbackAddresses = ['127.0.0.1', '::1'];
const maxHeaderBytes = 8192;

/**
 * Makes the one way to the outside that strangers can set in motion.
 *
 * `https` only; the name is resolved once, every address is checked, and only those addresses are connected to, so
 * that a second answer of the name server changes nothing. One connection for each fetch, no proxy, no redirects.
 */
export function createGuardedFetch(services: GuardedFetchServices): GuardedFetch {
  const { resolve, clock, allowLoopback, isAllowed = isPublicAddress, ca } = services;

  async function addressesOf({ protocol, hostname }: URL): Promise<readonly string[]> {
    // RFC 6761 §6.3: no name server is asked for these, nor believed.
    const isLocal = allowLoopback && isLoopbackHost(hostname);
    if (protocol !== 'https:' && !(isLocal && protocol === 'http:')) throw new FetchFault('UNSUPPORTED_URL');
    const literal = hostname.replace(/^\[|\]$/g, '');
    if (isLocal) return isIP(literal) ? [literal] : loopbackAddresses;
    const addresses = isIP(literal) ? [literal] : await resolve(hostname);
    if (addresses.length === 0) throw new FetchFault('NOT_RESOLVED');
    // All of them: of a mixed answer, the next attempt might take the other one.
    if (!addresses.every(isAllowed)) throw new FetchFault('FORBIDDEN_ADDRESS');
    return addresses;
  }

  return async (address, { maxBytes, timeout }) => {
    if (!URL.canParse(address)) throw new FetchFault('UNSUPPORTED_URL');
    const url = new URL(address);
    const abort = new AbortController();
    let deadline: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      deadline = setTimeout(() => {
        reject(new FetchFault('TIMEOUT'));
        abort.abort();
      }, timeout * 1000);
    });

    async function fetchDocument(): Promise<FetchedDocument> {
      const addresses = await addressesOf(url).catch((thrown: unknown) => {
        throw thrown instanceof FetchFault ? thrown : new FetchFault('NOT_RESOLVED');
      });
      const { text, headers } = await get(url, addresses, maxBytes, abort.signal, ca);
      return { document: parse(text), ...readFreshness(headers, clock()) };
    }

    try {
      return await Promise.race([fetchDocument(), late]);
    } finally {
      clearTimeout(deadline);
    }
  };
}

interface TextAnswer {
  readonly text: Buffer;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

function get(
  url: URL,
  addresses: readonly string[],
  maxBytes: number,
  signal: AbortSignal,
  ca: string | undefined,
): Promise<TextAnswer> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions & { ca?: string; rejectUnauthorized: boolean; autoSelectFamily: boolean } = {
      method: 'GET',
      signal,
      agent: false, // A connection that was checked for one name must not be used for another.
      lookup: pinnedTo(addresses),
      autoSelectFamily: true,
      maxHeaderSize: maxHeaderBytes,
      rejectUnauthorized: true, // Whatever the environment says: the certificate is what proves the client.
      headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'mcp-gatehouse' },
      ...(ca !== undefined && { ca }),
    };
    const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options);
    const fail = (error: Error) => {
      reject(error instanceof FetchFault ? error : new FetchFault(systemCodeOf(error)));
      outgoing.destroy();
    };
    outgoing.on('error', fail);
    // Nobody asked for another protocol; without this, the answer would be waited for.
    outgoing.on('upgrade', () => fail(new FetchFault('STATUS_101')));
    outgoing.on('response', (incoming) => void readAnswer(incoming, maxBytes).then(resolve, fail));
    outgoing.end();
  });
}

function readAnswer(incoming: IncomingMessage, maxBytes: number): Promise<TextAnswer> {
  return new Promise((resolve, reject) => {
    // Also an answer that is not wanted may break off, and an error that nobody hears ends the process.
    incoming.on('error', reject);
    const fault = faultOf(incoming, maxBytes);
    if (fault !== undefined) throw new FetchFault(fault);
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) reject(new FetchFault('TOO_LARGE'));
      else chunks.push(chunk);
    });
    incoming.on('end', () => {
      if (!incoming.complete) reject(new FetchFault('CUT_OFF'));
      else resolve({ text: Buffer.concat(chunks), headers: incoming.headers as TextAnswer['headers'] });
    });
  });
}

/** Answers the addresses that were checked, whatever name is asked for and however often. */
function pinnedTo(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_, { all }, answer) => {
    if (all) answer(null, found);
    else answer(null, found[0]?.address ?? '', found[0]?.family);
  };
}

/** What is wrong with an answer before its body has come. */
function faultOf({ statusCode, headers }: IncomingMessage, maxBytes: number): string | undefined {
  // A redirect would lead past every check (draft-ietf-oauth-client-id-metadata-document-01 §4: 200 only).
  if (statusCode !== 200) return `STATUS_${statusCode ?? 0}`;
  // What is packed small may be large.
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') return 'ENCODED';
  if (!/^application\/(?:[\w.-]+\+)?json *(?:;|$)/i.test(headers['content-type'] ?? '')) return 'NOT_JSON';
  return Number(headers['content-length'] ?? 0) > maxBytes ? 'TOO_LARGE' : undefined;
}

function parse(text: Buffer): unknown {
  try {
    // A byte order mark is skipped, as RFC 8259 §8.1 permits; bytes that are not UTF-8 are refused.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    throw new FetchFault('NOT_JSON');
  }
}
