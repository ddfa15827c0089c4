import { describe, expect, it } from 'vitest';
import { chooseLanguage, readerOf, tagsIn, type Reader } from '../../src/pages/language.js';
import { cataloguesWith, placesIn, wordFaults } from '../../src/pages/words/catalogues.js';
import { en } from '../../src/pages/words/en.js';
import { markup, ordinary, pagesWith } from './views.js';

const catalogues = cataloguesWith();
const chosen = (reader: Reader) => chooseLanguage(catalogues, reader).tag;

describe('the language of a page', () => {
  it.each<[string, Reader, string]>([
    ['nothing is known', {}, 'en'],
    ['the browser has one that is here', { acceptLanguage: 'de' }, 'de'],
    ['the browser has a dialect', { acceptLanguage: 'de-CH-1996' }, 'de'],
    ['the best is not here', { acceptLanguage: 'nl, fr;q=0.8, de;q=0.9' }, 'de'],
    ['two are as good', { acceptLanguage: 'es;q=0.5, ja;q=0.5' }, 'es'],
    ['one is refused', { acceptLanguage: 'de;q=0, ja;q=0.001' }, 'ja'],
    ['anything will do', { acceptLanguage: '*' }, 'en'],
    ['the client asks for another', { uiLocales: 'ja', acceptLanguage: 'de' }, 'ja'],
    ['the client asks for what is not here', { uiLocales: 'xx tlh', acceptLanguage: 'de' }, 'de'],
    ['the client asks for several', { uiLocales: 'pt-BR es-MX de' }, 'es'],
    ['the header is garbage', { acceptLanguage: ';;q=x,,,de;q=2,"><script>' }, 'en'],
    ['the header is endless', { acceptLanguage: `${'xx,'.repeat(10_000)}de` }, 'en'],
    ['a prototype is asked for', { uiLocales: '__proto__ constructor', acceptLanguage: 'toString' }, 'en'],
  ])('where %s', (_, reader, tag) => {
    expect(chosen(reader)).toBe(tag);
  });

  it('is read from right to left where people do', () => {
    expect(chooseLanguage(catalogues, { uiLocales: 'ar-EG' }).direction).toBe('rtl');
    expect(chooseLanguage(catalogues, { uiLocales: 'ja' }).direction).toBe('ltr');
  });

  it('is asked for by the request, unless the transaction has it', () => {
    const request = { headers: { 'accept-language': 'de' }, query: 'ui_locales=fr%20de' };
    expect(chosen(readerOf(request))).toBe('fr');
    expect(chosen(readerOf(request, 'es'))).toBe('es');
    expect(chosen(readerOf({ ...request, query: '%' }))).toBe('de');
  });

  it('is kept as a few tags, and nothing else', () => {
    expect(tagsIn('de <b> fr-CA a ../x')).toBe('de fr-CA');
    expect(tagsIn('de '.repeat(5000))).toBe('de de de de de');
    expect(tagsIn('')).toBeUndefined();
  });

  it('is said by the page and by its headers', () => {
    const reply = pagesWith().consent(ordinary, { uiLocales: 'ar' });
    expect(reply.headers).toMatchObject({ 'content-language': 'ar', vary: 'Accept-Language' });
    expect(markup(reply)).toContain('<html lang="ar" dir="rtl">');
    expect(markup(reply)).toContain('السماح');
  });
});

describe('the words of each language', () => {
  it.each([...catalogues])('have the same places, and leave nothing in English: %s', (tag, words) => {
    expect(Object.keys(words).sort()).toEqual(Object.keys(en).sort());
    for (const [key, text] of Object.entries(en)) {
      const said = words[key as keyof typeof en];
      expect(placesIn(said), key).toEqual(placesIn(text));
      if (tag !== 'en' && text.length > 15) expect(said, key).not.toBe(text);
    }
  });
});

describe('the operator’s words', () => {
  it('replace ours, and say what scopes mean', () => {
    const words = { de: { 'consent.allow': 'Ja', 'scope.docs:read': 'Dokumente lesen' } };
    const document = markup(pagesWith({ words }).consent(ordinary, { uiLocales: 'de' }));
    expect(document).toContain('>Ja</button>');
    expect(document).toContain('Dokumente lesen');
    expect(document).toContain('Create and change documents');
    expect(markup(pagesWith({ words }).consent(ordinary, {}))).toContain('Read your documents');
  });

  it('may be a further language, or a dialect of one that is here', () => {
    expect(wordFaults({ nl: en, 'de-CH': { 'consent.allow': 'Erlauben' } })).toEqual([]);
    const words = { 'de-CH': { 'consent.cancel': 'Abbruch' } };
    const document = markup(pagesWith({ words }).consent(ordinary, { acceptLanguage: 'de-CH' }));
    expect(document).toContain('>Abbruch</button>');
    expect(document).toContain('>Erlauben</button>');
  });

  it.each([
    [{ nl: { 'consent.allow': 'Toestaan' } }, 'lacks: app.nameless'],
    [{ de: { 'consent.alow': 'Ja' } }, 'is no sentence'],
    [{ de: { 'provider.next': 'Weiter' } }, 'the same places as in English: {provider}'],
    [{ 'not a tag': {} }, 'is not the tag of a language'],
  ])('are refused where they cannot be shown: %j', (words, fault) => {
    expect(
      wordFaults(words as Record<string, Record<string, string>>)
        .map(({ message }) => message)
        .join(),
    ).toContain(fault);
  });

  it('cannot put markup on a page', () => {
    const words = { de: { 'consent.allow': '<script>' } };
    expect(markup(pagesWith({ words }).consent(ordinary, { uiLocales: 'de' }))).not.toContain('<script');
  });
});
