import type { en } from './en.js';

/**
 * Everything that the pages say, in one language. `{…}` are places for what differs; each language puts them where its
 * grammar wants them. A language that lacks a sentence does not compile.
 */
export type Words = Readonly<Record<keyof typeof en, string>>;

/** Names one sentence. */
export type WordKey = keyof Words;
