import type { HttpReply, HttpRequest } from '../http/message.js';

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

/** Writes an answer as the web standards have it. */
export function responseOf({ method }: Pick<HttpRequest, 'method'>, { status, headers, body }: HttpReply): Response {
  const written = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const each of typeof value === 'string' ? [value] : value) written.append(name, each);
  }
  return new Response(method === 'HEAD' || status === 204 ? null : (body ?? null), { status, headers: written });
}
