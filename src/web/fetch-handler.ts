import { bodyTtl, maxBodyBytes } from '../http/body.js';
import type { HttpBody, HttpReply, HttpRequest } from '../http/message.js';
import { notFoundReply } from '../http/reply.js';
import type { Dispatcher } from '../http/router.js';

/** Serves web-standard requests: Next.js, Hono, Bun, Deno. */
export type FetchHandler = (request: Request) => Promise<Response>;

/** Serves the endpoints; what is none of ours is answered with 404. */
export function fetchHandler(server: Dispatcher, newRequestId: () => string): FetchHandler {
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    const isOurs = server.serves(pathname, request.method);
    const plain: HttpRequest = {
      id: newRequestId(),
      method: request.method,
      path: pathname,
      query: search.slice(1),
      headers: Object.fromEntries(request.headers),
      body: isOurs ? await bodyOf(request) : { kind: 'none' },
      ip: undefined,
      raw: request,
    };
    return responseOf(plain, isOurs ? await server.dispatch(plain) : notFoundReply);
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

function responseOf({ method }: HttpRequest, { status, headers, body }: HttpReply): Response {
  const written = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const each of typeof value === 'string' ? [value] : value) written.append(name, each);
  }
  return new Response(method === 'HEAD' || status === 204 ? null : (body ?? null), { status, headers: written });
}
