import type { Page, PageRequest } from '../operator/registry-entries.js';

/** Collects the values of an option that may be repeated. */
export function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

/** The members that were given: what is absent is left as it is. */
export function given(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** Reads every part of a list. */
export async function wholeOf<T>(list: (page: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  for (let after: string | undefined, more = true; more;) {
    const { items, next } = await list({ after, limit: 500 });
    all.push(...items);
    more = next !== undefined;
    after = next;
  }
  return all;
}
