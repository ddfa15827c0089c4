import { bodyTtl } from '../http/body.js';
import type { HttpBody, HttpReply, HttpRequest } from '../http/message.js';

/** Reads what every request has; the body apart. */
export function plainRequest(request: Request, id: string): Omit<HttpRequest, 'body'> {
  const { pathname, search } = new URL(request.url);
  return {
    id,
    method: request.method,
    path: pathname,
    query: search.slice(1),
    headers: Object.fromEntries(request.headers),
    ip: undefined,
    raw: request,
  };
}

/**
 * Reads the body of a POST or PATCH.
 *
 * @param limit - in bytes
 */
export async function plainBody(request: Request, limit: number): Promise<HttpBody> {
  if (!['POST', 'PATCH'].includes(request.method) || request.body === null) return { kind: 'none' };
  if (Number(request.headers.get('content-length') ?? 0) > limit) return { kind: 'too large' };
  try {
    return await readBytes(request.body.getReader(), limit);
  } catch {
    // Used up by somebody else, or broken off by the client.
    return { kind: 'unreadable' };
  }
}

async function readBytes(reader: ReadableStreamDefaultReader<Uint8Array>, limit: number): Promise<HttpBody> {
  const deadline = new AbortController();
  deadline.signal.onabort = () => void reader.cancel().catch(() => undefined);
  const timer = setTimeout(() => deadline.abort(), bodyTtl * 1000);
  try {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      length += read.value.length;
      if (length > limit) {
        // Not waited for: of a copy, the end comes only with that of the original.
        void reader.cancel().catch(() => undefined);
        return { kind: 'too large' };
      }
      chunks.push(read.value);
    }
    return deadline.signal.aborted ? { kind: 'unreadable' } : { kind: 'bytes', bytes: joined(chunks, length) };
  } finally {
    clearTimeout(timer);
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Writes an answer as the web standards have it. */
export function responseOf({ method }: Pick<HttpRequest, 'method'>, { status, headers, body }: HttpReply): Response {
  const written = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const each of typeof value === 'string' ? [value] : value) written.append(name, each);
  }
  return new Response(method === 'HEAD' || status === 204 ? null : (body ?? null), { status, headers: written });
}
