import type { ComponentChildren, VNode } from 'preact';
import { readable, readableHost } from './text.js';
import type { WordKey, Words } from './words/words.js';

/** A stranger's text: what is visible of it, at most `limit` characters, and in its own direction. */
export function Said({ text, limit, name }: { text: string; limit: number; name?: boolean }): VNode {
  return name ? <bdi class="name">{readable(text, limit)}</bdi> : <bdi>{readable(text, limit)}</bdi>;
}

/** A host, or anything else that is read from the left in every language. */
export function Host({ host, limit }: { host: string; limit?: number }): VNode {
  return <bdi dir="ltr">{readableHost(host, limit)}</bdi>;
}

/** A name of the protocol, as developers know it. */
export function Technical({ text }: { text: string }): VNode {
  return (
    <code>
      <bdi dir="ltr">{readable(text, 200)}</bdi>
    </code>
  );
}

/** A sentence of ours, with what is filled into its places. What is filled in cannot change the sentence. */
export function say(words: Words, key: WordKey, places: Readonly<Record<string, ComponentChildren>> = {}) {
  return words[key].split(/\{(\w+)\}/).map((part, i) => (i % 2 === 0 ? part : places[part]));
}
