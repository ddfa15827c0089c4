import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { bodyTtl, maxBodyBytes } from '../http/body.js';
import type { HttpBody, HttpReply, HttpRequest } from '../http/message.js';

/** A Node request, with what Express and its body parsers may have added to it. */
export type NodeRequest = IncomingMessage & {
  readonly originalUrl?: string;
  readonly baseUrl?: string;
  readonly body?: unknown;
};

/** Reads what every request has; without a body, which has to arrive first. */
export function plainRequest(request: NodeRequest, id: string, url: string): HttpRequest {
  const path = pathOf(url);
  return {
    id,
    method: request.method ?? 'GET',
    path,
    query: url.slice(path.length + 1),
    headers: headersOf(request),
    body: noBody,
    ip: request.socket.remoteAddress,
    raw: request,
  };
}

/** The path of a request's URL, as it was sent. */
export function pathOf(url: string): string {
  const question = url.indexOf('?');
  return question < 0 ? url : url.slice(0, question);
}

/** Node keeps the first of two Authorization headers, while a proxy may have looked at the other one: hence both. */
function headersOf(request: IncomingMessage): HttpRequest['headers'] {
  const { headers, rawHeaders } = request;
  if (headers.authorization === undefined) return headers;
  let lines = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) if (isAuthorization(rawHeaders[index])) lines += 1;
  if (lines === 1) return headers;
  const all = rawHeaders.filter((_, index) => index % 2 === 1 && isAuthorization(rawHeaders[index - 1]));
  return { ...headers, authorization: all };
}

function isAuthorization(name = ''): boolean {
  return name.length === 'authorization'.length && name.toLowerCase() === 'authorization';
}

/** Whether somebody has read the body already: the application's own parser, usually. */
export function isBodyTaken(request: IncomingMessage): boolean {
  return request.readableDidRead || request.readableEnded;
}

const noBody: HttpBody = { kind: 'none' };

/** Whether a request can have a body that anybody here looks at. */
export function mayHaveBody({ method }: IncomingMessage): boolean {
  return method === 'POST' || method === 'PATCH';
}

/**
 * Reads the body, or takes over what the application's own parser has made of it.
 *
 * @param limit - in bytes
 */
export async function plainBody(request: NodeRequest, limit = maxBodyBytes): Promise<HttpBody> {
  if (!mayHaveBody(request)) return noBody;
  if (Number(request.headers['content-length'] ?? 0) > limit) return { kind: 'too large' };
  if (isBodyTaken(request)) {
    if (request.body === undefined) return noBody;
    return request.body instanceof Uint8Array
      ? { kind: 'bytes', bytes: request.body }
      : { kind: 'parsed', value: request.body };
  }
  const deadline = setTimeout(() => request.destroy(), bodyTtl * 1000);
  try {
    return await readBytes(request, limit);
  } finally {
    clearTimeout(deadline);
  }
}

/** By events, since iterating over a stream costs more than signing a token. */
function readBytes(request: NodeRequest, limit: number): Promise<HttpBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) {
        chunks.push(chunk);
        return;
      }
      request.off('data', onData).pause();
      resolve({ kind: 'too large' });
    };
    request.on('data', onData);
    request.once('end', () => resolve({ kind: 'bytes', bytes: whole(chunks) }));
    request.on('error', reject);
    // A connection that broke off ends without an end. After one, to make an error costs more than to read the body.
    const onClose = () => {
      if (!request.readableEnded) reject(new Error('The connection was closed.'));
    };
    if (request.destroyed) onClose();
    request.once('close', onClose);
  });
}

/** Nearly every body comes in one piece. */
function whole(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks;
  return only && chunks.length === 1 ? only : Buffer.concat(chunks);
}

/** Writes an answer to the socket itself: the application's settings and helpers have no part in it. */
export function writeReply(request: IncomingMessage, response: ServerResponse, reply: HttpReply): void {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  const isUnread = !request.complete && (length !== '0' || encoding !== undefined);
  const { body = '' } = reply;
  const headers: OutgoingHttpHeaders = { ...reply.headers } as OutgoingHttpHeaders;
  if (reply.status !== 204) headers['content-length'] = Buffer.byteLength(body);
  if (isUnread) headers.connection = 'close';
  response.writeHead(reply.status, headers);
  if (isUnread) endWithUnreadBody(request, response, body);
  // Text goes out in one piece with the headers, bytes in a second one.
  else response.end(request.method === 'HEAD' ? undefined : body);
}

/** Seconds for which the rest of a refused body is still taken, and thrown away. */
const lingerTtl = 2;

/**
 * Answers a request whose body was not read to its end: what is left of it would be taken for the next request.
 *
 * The connection is closed, but not at once: a client that is still sending would meet a reset, and not the answer.
 */
function endWithUnreadBody(request: IncomingMessage, response: ServerResponse, body: string | Uint8Array): void {
  response.flushHeaders();
  if (body.length > 0 && request.method !== 'HEAD') response.write(body);
  const deadline = setTimeout(() => response.end(), lingerTtl * 1000);
  request.once('close', () => {
    clearTimeout(deadline);
    response.end();
  });
  request.resume();
}
