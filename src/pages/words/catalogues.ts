import { ar } from './ar.js';
import { de } from './de.js';
import { en } from './en.js';
import { es } from './es.js';
import { fr } from './fr.js';
import { ja } from './ja.js';
import type { WordKey, Words } from './words.js';

/** A language's words, and perhaps `scope.…`: what the operator's own scopes mean in it. */
export type Catalogue = Words & Readonly<Record<`scope.${string}`, string>>;

/** All languages by their tags (RFC 5646) in lower case. English is always there. */
export type Catalogues = ReadonlyMap<string, Catalogue>;

const shipped: Readonly<Record<string, Words>> = { en, de, fr, es, ja, ar };

/** What the operator says otherwise, or in further languages: by the tag of the language, then by the key of the sentence. */
export type WordChanges = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The languages that are there by themselves, with the operator's changes. */
export function cataloguesWith(changes: WordChanges = {}): Catalogues {
  const all = new Map<string, Catalogue>(Object.entries(shipped));
  for (const [tag, words] of Object.entries(changes)) {
    const name = tag.toLowerCase();
    // A dialect of a language that is there says the rest as that does.
    const base = all.get(name) ?? all.get(name.split('-')[0] ?? '') ?? en;
    all.set(name, { ...base, ...words });
  }
  return all;
}

/** One thing that is wrong with the operator's changes, and where. */
export interface WordFault {
  readonly path: readonly string[];
  readonly message: string;
}

/** What is wrong with the operator's changes. */
export function wordFaults(changes: WordChanges): WordFault[] {
  return Object.entries(changes).flatMap(([tag, words]) => {
    if (!isLanguageTag(tag)) return [{ path: [tag], message: 'is not the tag of a language, such as nl or pt-BR' }];
    const isKnown = Object.hasOwn(shipped, tag.toLowerCase().split('-')[0] ?? '');
    const missing = isKnown ? [] : Object.keys(en).filter((key) => !Object.hasOwn(words, key));
    return [
      ...(missing.length > 0
        ? [{ path: [tag], message: `is a further language, and lacks: ${missing.join(', ')}` }]
        : []),
      ...Object.entries(words).flatMap(([key, text]) => {
        const message = faultOf(key, text);
        return message === undefined ? [] : [{ path: [tag, key], message }];
      }),
    ];
  });
}

function faultOf(key: string, text: string): string | undefined {
  if (!Object.hasOwn(en, key)) return key.startsWith('scope.') ? undefined : 'is no sentence of the pages';
  const expected = placesIn(en[key as WordKey]);
  if (placesIn(text).join() === expected.join()) return undefined;
  return `has to have the same places as in English: ${expected.join(', ') || 'none'}`;
}

/** The places of a sentence that are filled in. */
export function placesIn(text: string): readonly string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([place]) => place).sort();
}

/** Tells whether text may name a language (RFC 5646, without its rarities). */
export function isLanguageTag(text: string): boolean {
  return /^[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}$/i.test(text);
}
