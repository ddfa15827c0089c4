import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { CustomFetch, CustomFetchOptions } from 'openid-client';
import { wholeResponse } from './whole-response.js';

/** Bounds of every request. */
export interface PooledFetchOptions {
  /** Seconds from the call to the last byte of the answer. @defaultValue 10 */
  readonly timeout?: number;
  /** Bytes that the body of an answer may have. @defaultValue 1,000,000 */
  readonly maxBytes?: number;
}

/** A `fetch` that keeps its connections, and the means to end them. */
export interface PooledFetch {
  /**
   * Sends one request, and reads the whole answer.
   *
   * Never follows a redirect: a 307 would post the client secret to wherever it points.
   *
   * @throws {FetchFault} when there is no whole answer within the bounds
   */
  readonly fetch: CustomFetch;
  /** Ends all connections, also those in use. */
  close(): void;
}

/** Why there was no answer. Says which server, and nothing of what was sent to it. */
export class FetchFault extends TypeError {
  override readonly name = 'FetchFault';
  /** `TIMEOUT`, `TOO_LARGE`, `ABORTED`, `INVALID_RESPONSE`, or what the system calls it, such as `ECONNREFUSED`. */
  readonly code: string;

  constructor(code: string, url: URL) {
    super(`${url.origin} gave no usable answer (${code}).`);
    this.code = code;
  }
}

/**
 * Idle connections end before the provider ends them (Node's own servers do after 5 seconds): a POST that meets a
 * connection just closed must not be repeated, since it may have spent an authorization code.
 */
const idleMilliseconds = 4000;

/** Makes a `fetch` on `node:http`, which costs a fraction of the global one and bounds what that one does not. */
export function createPooledFetch({ timeout = 10, maxBytes = 1_000_000 }: PooledFetchOptions = {}): PooledFetch {
  const settings = { keepAlive: true, timeout: idleMilliseconds };
  const plain = new HttpAgent(settings);
  const secure = new HttpsAgent(settings);

  function send(url: URL, { method, headers, body, signal }: CustomFetchOptions): Promise<Response> {
    return new Promise((resolve, reject) => {
      const payload = bytesOf(body);
      const isSecure = url.protocol === 'https:';
      const outgoing = (isSecure ? httpsRequest : httpRequest)(url, {
        method,
        agent: isSecure ? secure : plain,
        headers: {
          ...headers,
          'user-agent': 'mcp-gatehouse',
          ...(payload && { 'content-length': payload.length }),
        },
      });

      const end = (code: string) => {
        settle(() => reject(new FetchFault(code, url)));
        outgoing.destroy();
      };
      const settle = (act: () => void) => {
        clearTimeout(deadline);
        signal?.removeEventListener('abort', onAbort);
        act();
      };
      const onAbort = () => end('ABORTED');
      const deadline = setTimeout(end, timeout * 1000, 'TIMEOUT');
      signal?.addEventListener('abort', onAbort);

      outgoing.on('error', (error) => end(codeOf(error)));
      outgoing.on('response', (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxBytes) end('TOO_LARGE');
          else chunks.push(chunk);
        });
        incoming.on('error', (error) => end(codeOf(error)));
        incoming.on('end', () => {
          const response = incoming.complete && responseOf(incoming, Buffer.concat(chunks));
          if (response) settle(() => resolve(response));
          else end('INVALID_RESPONSE');
        });
      });
      if (signal?.aborted) end('ABORTED');
      else outgoing.end(payload);
    });
  }

  return {
    fetch: async (address, options) => send(new URL(address), options),
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

function bytesOf(body: CustomFetchOptions['body']): Buffer | undefined {
  if (body === null || body === undefined) return undefined;
  if (body instanceof URLSearchParams || typeof body === 'string') return Buffer.from(body.toString());
  if (body instanceof Uint8Array) return Buffer.from(body);
  throw new TypeError('A request body has to be text or bytes.');
}

function responseOf({ statusCode: status = 0, headersDistinct }: IncomingMessage, body: Buffer): Response | undefined {
  // A Response of another status cannot be made, and who throws in an event handler ends the process.
  if (status < 200 || status > 599) return undefined;
  const headers = Object.entries(headersDistinct).flatMap(([name, values]) =>
    (values ?? []).map((value): [string, string] => [name, value]),
  );
  return wholeResponse(utf8.decode(body), { status, headers });
}

/** As `Response` decodes: what is not UTF-8 becomes replacement characters. */
const utf8 = new TextDecoder();

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'FAILED';
}
