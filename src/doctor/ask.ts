import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Outside } from './outside.js';

/** A request that a client would send. */
export interface Question {
  readonly url: string;
  /** @defaultValue GET */
  readonly method?: string;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Tells when what has come of the body will do, for answers that stay open. */
  readonly isEnough?: (text: string) => boolean;
}

/** What came back, as it came: no redirect was followed. */
export interface Answer {
  readonly url: string;
  readonly status: number;
  /** Lower-case names; what came several times is joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** The `Set-Cookie` headers. */
  readonly cookies: readonly string[];
  readonly text: string;
  /** Whether the body came to its end, within what is read of one. */
  readonly isWhole: boolean;
  readonly seconds: number;
  /** When the last byte had come; in epoch seconds. */
  readonly receivedAt: number;
}

/** That nothing came back which is HTTP. */
export interface Silence {
  readonly url: string;
  /** A code of Node, of TLS, or `TIMEOUT`. */
  readonly silence: string;
  readonly seconds: number;
}

/** What became of a request. */
export type Outcome = Answer | Silence;

/** Sends one request. Never throws: that nothing came is an outcome too. */
export type Ask = (question: Question) => Promise<Outcome>;

/** Tells whether something came back. */
export function isAnswer(outcome: Outcome): outcome is Answer {
  return 'status' in outcome;
}

/** Far more than any document has; a server that never ends is cut off here. */
const maxBodyBytes = 256 * 1024;
const maxHeaderBytes = 64 * 1024;

/**
 * Makes the one way in which the doctor asks: without following redirects, within a time that covers the last byte too,
 * and with a bound on everything that a hostile server can send.
 *
 * @param timeout - seconds for each request
 * @param trustsEveryCertificate - whether to go on behind a certificate that has been judged already
 */
export function createAsk(outside: Outside, timeout: number, trustsEveryCertificate: boolean): Ask {
  const { clock, resolve, ca, signal } = outside;

  return async (question) => {
    const startedAt = clock();
    const abort = new AbortController();
    const url = new URL(question.url);
    let deadline: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const stop = (code: string) => {
        reject(Object.assign(new Error(code), { code }));
        abort.abort();
      };
      deadline = setTimeout(() => stop('TIMEOUT'), timeout * 1000);
      if (signal?.aborted) stop('INTERRUPTED');
      signal?.addEventListener('abort', () => stop('INTERRUPTED'), { signal: abort.signal });
    });

    async function exchange(): Promise<Answer> {
      const options: RequestOptions & { ca?: string; rejectUnauthorized?: boolean } = {
        method: question.method ?? 'GET',
        headers: { 'accept-encoding': 'identity', ...question.headers },
        signal: abort.signal,
        // A connection of its own for each: one that was kept may be closed by the other side just now.
        agent: false,
        maxHeaderSize: maxHeaderBytes,
        lookup: lookupBy(resolve),
        ...(url.protocol === 'https:' && { rejectUnauthorized: !trustsEveryCertificate, ...(ca && { ca }) }),
      };
      const incoming = await send(url, options, question.body);
      const { text, isWhole } = await readBody(incoming, question.isEnough);
      const { 'set-cookie': cookies = [], ...headers } = incoming.headersDistinct;
      return {
        url: question.url,
        status: incoming.statusCode ?? 0,
        headers: new Map(Object.entries(headers).map(([name, values]) => [name, (values ?? []).join(', ')])),
        cookies,
        text,
        isWhole,
        seconds: clock() - startedAt,
        receivedAt: clock(),
      };
    }

    try {
      return await Promise.race([exchange(), late]);
    } catch (thrown) {
      return { url: question.url, silence: codeOf(thrown), seconds: clock() - startedAt };
    } finally {
      clearTimeout(deadline);
      abort.abort();
    }
  };
}

function send(url: URL, options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options);
    outgoing.on('error', reject);
    outgoing.on('upgrade', (_incoming, socket) => {
      socket.destroy();
      reject(Object.assign(new Error('upgrade'), { code: 'UPGRADE' }));
    });
    outgoing.on('response', resolve);
    outgoing.end(body);
  });
}

function readBody(
  incoming: IncomingMessage,
  isEnough: Question['isEnough'],
): Promise<Pick<Answer, 'text' | 'isWhole'>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const text = () => Buffer.concat(chunks).toString('utf8');
    const finish = (isWhole: boolean) => {
      resolve({ text: text(), isWhole });
      incoming.destroy();
    };
    // What has come before a connection broke off still tells something.
    incoming.on('error', () => finish(false));
    incoming.on('close', () => finish(incoming.complete));
    incoming.on('end', () => finish(incoming.complete));
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBodyBytes) finish(false);
      else {
        chunks.push(chunk);
        if (isEnough?.(text())) finish(true);
      }
    });
  });
}

/** Has names resolved once, by whom the root says. */
export function lookupBy(resolve: Outside['resolve']): LookupFunction {
  return (hostname, { all }, answer) => {
    resolve(hostname).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        const [first] = found;
        if (!first) answer(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), '', 4);
        else if (all) answer(null, found);
        else answer(null, first.address, first.family);
      },
      (error: unknown) => answer(Object.assign(new Error('not found'), { code: codeOf(error) }), '', 4),
    );
  };
}

/** The code of a fault of the system, of several attempts the first one's. */
export function codeOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) return codeOf(thrown.errors[0]);
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return 'UNKNOWN';
}
