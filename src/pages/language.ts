import { header, type HttpRequest } from '../http/message.js';
import { isLanguageTag, type Catalogue, type Catalogues } from './words/catalogues.js';

/** What is known of the languages that a person reads. */
export interface Reader {
  /** The client's `ui_locales` (OpenID Connect Core §3.1.2.1): tags with spaces between them, the best first. */
  readonly uiLocales?: string | undefined;
  /** The browser's `Accept-Language` (RFC 9110 §12.5.4). */
  readonly acceptLanguage?: string | undefined;
}

/** A language that was chosen, and what the pages say in it. */
export interface Language {
  readonly tag: string;
  readonly direction: 'ltr' | 'rtl';
  readonly words: Catalogue;
}

/** Longer lists of languages nobody reads; a header may be 16 KB. */
const maxTags = 20;
const maxLength = 512;

const rightToLeft = new Set(['ar', 'arc', 'ckb', 'dv', 'fa', 'he', 'ku', 'nqo', 'ps', 'sd', 'syr', 'ug', 'ur', 'yi']);

/** Who reads the answer to a request. What the transaction says of languages comes before what the query does. */
export function readerOf(request: Pick<HttpRequest, 'headers' | 'query'>, uiLocales?: string): Reader {
  const asked = uiLocales ?? new URLSearchParams(request.query).get('ui_locales') ?? undefined;
  return { uiLocales: asked, acceptLanguage: header(request, 'accept-language') };
}

/** The part of `ui_locales` that may be kept: a few tags, and nothing that is none. Undefined when nothing is left. */
export function tagsIn(uiLocales: string | undefined): string | undefined {
  const tags = (uiLocales ?? '').slice(0, maxLength).split(' ').filter(isLanguageTag).slice(0, 5);
  return tags.length > 0 ? tags.join(' ') : undefined;
}

/** Chooses the language of a page: what the client asks for, else what the browser prefers, else English. */
export function chooseLanguage(catalogues: Catalogues, { uiLocales, acceptLanguage }: Reader): Language {
  for (const wanted of [...(tagsIn(uiLocales)?.split(' ') ?? []), ...preferred(acceptLanguage ?? '')]) {
    const tag = lookUp(catalogues, wanted.toLowerCase());
    if (tag !== undefined) return languageOf(catalogues, tag);
  }
  return languageOf(catalogues, 'en');
}

function languageOf(catalogues: Catalogues, tag: string): Language {
  const direction = rightToLeft.has(tag.split('-')[0] ?? '') ? 'rtl' : 'ltr';
  return { tag, direction, words: catalogues.get(tag) as Catalogue };
}

/** Drops subtags from the end until there is such a language (RFC 4647 §3.4). */
function lookUp(catalogues: Catalogues, wanted: string): string | undefined {
  for (let tag = wanted; tag !== ''; tag = tag.slice(0, Math.max(0, tag.lastIndexOf('-')))) {
    if (catalogues.has(tag)) return tag;
  }
  return undefined;
}

/** The languages of the header, the best first; those with q=0 are refused, and `*` says nothing. */
function preferred(acceptLanguage: string): string[] {
  return acceptLanguage
    .slice(0, maxLength)
    .split(',', maxTags)
    .map((range) => {
      const [tag = '', quality] = range.split(';').map((part) => part.trim());
      const weight =
        quality === undefined ? 1 : Number(/^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i.exec(quality)?.[1] ?? 0);
      return { tag, weight };
    })
    .filter(({ tag, weight }) => weight > 0 && isLanguageTag(tag))
    .sort((one, other) => other.weight - one.weight)
    .map(({ tag }) => tag);
}
