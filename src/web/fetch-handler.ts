import { bodyTtl, maxBodyBytes } from '../http/body.js';
import type { HttpBody } from '../http/message.js';
import { notFoundReply } from '../http/reply.js';
import type { Dispatcher } from '../http/router.js';
import { plainRequest, responseOf } from './web-message.js';

/** Serves web-standard requests: Next.js, Hono, Bun, Deno. */
export type FetchHandler = (request: Request) => Promise<Response>;

/** Serves the endpoints; what is none of ours is answered with 404. */
export function fetchHandler(server: Dispatcher, newRequestId: () => string): FetchHandler {
  return async (request) => {
    const plain = plainRequest(request, newRequestId());
    const isOurs = server.serves(plain.path, request.method);
    const body: HttpBody = isOurs ? await bodyOf(request) : { kind: 'none' };
    return responseOf(plain, isOurs ? await server.dispatch({ ...plain, body }) : notFoundReply);
  };
}

async function bodyOf(request: Request): Promise<HttpBody> {
  if (request.method !== 'POST' || request.body === null) return { kind: 'none' };
  if (Number(request.headers.get('content-length') ?? 0) > maxBodyBytes) return { kind: 'too large' };
  try {
    return await readBytes(request.body.getReader());
  } catch {
    // Used up by somebody else, or broken off by the client.
    return { kind: 'unreadable' };
  }
}

async function readBytes(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<HttpBody> {
  const deadline = new AbortController();
  deadline.signal.onabort = () => void reader.cancel().catch(() => undefined);
  const timer = setTimeout(() => deadline.abort(), bodyTtl * 1000);
  try {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      length += read.value.length;
      if (length > maxBodyBytes) {
        await reader.cancel();
        return { kind: 'too large' };
      }
      chunks.push(read.value);
    }
    return deadline.signal.aborted ? { kind: 'unreadable' } : { kind: 'bytes', bytes: Buffer.concat(chunks) };
  } finally {
    clearTimeout(timer);
  }
}
