import type { HttpRequest } from './message.js';

/** A browser's GET as the web standards have it, for functions of an application; without what HTTP itself keeps. */
export function webRequest({ path, query, headers }: HttpRequest, origin: string): Request {
  const written = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const each of [value ?? []].flat()) if (!name.startsWith(':')) written.append(name, each);
  }
  return new Request(`${origin}${path}${query === '' ? '' : `?${query}`}`, { headers: written });
}
