import type { VNode } from 'preact';

/** A day, as people write it in a language. In UTC: nobody here knows where its reader is. */
export function Day({ at, language }: { at: number; language: string }): VNode {
  const said = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(at * 1000);
  return <time dateTime={new Date(at * 1000).toISOString().slice(0, 10)}>{said}</time>;
}
