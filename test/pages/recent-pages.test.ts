import { describe, expect, it } from 'vitest';
import type { ConsentView } from '../../src/pages/consent-view.js';
import { keepingRecent } from '../../src/pages/recent-pages.js';
import { chooseLanguage } from '../../src/pages/language.js';
import { cataloguesWith } from '../../src/pages/words/catalogues.js';
import { ordinary, pagesWith, signedIn } from './views.js';

const languageOf = (uiLocales: string) => chooseLanguage(cataloguesWith({}), { uiLocales });
const english = languageOf('en');

/** Makes pages that say what they were made for, and counts them. */
function counted() {
  const made: ConsentView[] = [];
  const page = keepingRecent((view) => {
    made.push(view);
    const body = `${view.client.name ?? ''}<input value="${view.transaction}">`;
    return { status: 200, headers: { 'x-frame-options': 'DENY' }, body };
  }, 'the-mark');
  return { made, page };
}

describe('consent pages that are kept', () => {
  it('are made once for all who are asked the same, each with its own transaction and cookie', () => {
    const { made, page } = counted();
    const first = page({ ...ordinary, transaction: 'a.one', headers: { 'set-cookie': ['b=1'] } }, english);
    const second = page({ ...ordinary, transaction: 'a.two' }, english);
    expect(made).toHaveLength(1);
    expect(first.body).toContain('value="a.one"');
    expect(first.headers).toEqual({ 'set-cookie': ['b=1'], 'x-frame-options': 'DENY' });
    expect(second.body).toBe(String(first.body).replace('a.one', 'a.two'));
    expect(second.headers).toEqual({ 'x-frame-options': 'DENY' });
  });

  it('let nobody replace the headers that protect them', () => {
    const { page } = counted();
    expect(page({ ...ordinary, headers: { 'x-frame-options': 'ALLOW' } }, english).headers).toEqual({
      'x-frame-options': 'DENY',
    });
  });

  it.each([
    ['another client', { client: { name: 'Another' } }, english],
    ['another scope', { scopes: [] }, english],
    ['another redirect', { redirect: { kind: 'web', host: 'other.example' } }, english],
    ['a page that is shown again', { isRepeated: true }, english],
    ['another language', {}, languageOf('de')],
  ] as const)('are made anew for %s', (_what, changes, language) => {
    const { made, page } = counted();
    page(ordinary, english);
    page({ ...ordinary, ...changes }, language);
    expect(made).toHaveLength(2);
  });

  it('are none with an account on them', () => {
    const { made, page } = counted();
    page(signedIn, english);
    page(signedIn, english);
    expect(made.map(({ transaction }) => transaction)).toEqual([signedIn.transaction, signedIn.transaction]);
  });

  it('are none with a transaction that has to be escaped', () => {
    const reply = pagesWith().consent({ ...ordinary, transaction: '"><script>' }, {});
    expect(reply.body).not.toContain('<script>');
  });

  it('are a hundred at most', () => {
    const { made, page } = counted();
    for (let index = 0; index <= 100; index++) page({ ...ordinary, client: { name: String(index) } }, english);
    page({ ...ordinary, client: { name: '0' } }, english);
    expect(made).toHaveLength(102);
  });

  it('say in real what a page of its own says', () => {
    const kept = pagesWith({ newNonce: () => 'a-mark-of-its-own' });
    const body = (transaction: string) => kept.consent({ ...ordinary, transaction }, {}).body;
    body('first');
    expect(body('second')).toBe(pagesWith().consent({ ...ordinary, transaction: 'second' }, {}).body);
    expect(body('second')).not.toContain('a-mark-of-its-own');
  });
});
