import { readable, readableHost } from './text.js';

/** A resource as people are told of it. */
export interface ResourceView {
  readonly url: string;
  readonly name?: string;
}

/** What people call a resource; without a name it is where it is. */
export function resourceName({ name, url }: ResourceView): string {
  return readable(name ?? '', 80) || resourceLocation(url);
}

/** Host and path of a resource. */
export function resourceLocation(url: string): string {
  if (!URL.canParse(url)) return readable(url, 160);
  const { host, pathname } = new URL(url);
  return readable(readableHost(host) + (pathname === '/' ? '' : pathname), 320);
}
