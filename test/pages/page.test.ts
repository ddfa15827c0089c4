import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { LogEntry } from 'mcp-gatehouse';
import type { HttpReply } from '../../src/http/message.js';
import { gallery, noticeKinds, openingPage } from './gallery.js';
import { markup, ordinary, pagesWith, refused } from './views.js';

const all: Record<string, HttpReply> = {
  ...(await gallery()),
  '/opening': await openingPage('cursor://app/cb?code=a&state="b'),
};

describe.each(Object.entries(all))('the page %s', (path, reply) => {
  const document = markup(reply);
  const hasForm = document.includes('<form');

  it('carries the headers that protect it', () => {
    const isAsked = hasForm && !path.startsWith('/account');
    const leadsOn = isAsked || path.startsWith('/refused') || path.startsWith('/hand-off') || path === '/opening';
    expect(reply.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-language': 'en',
      vary: 'Accept-Language',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': hasForm ? 'same-origin' : 'no-referrer',
      'cross-origin-opener-policy': leadsOn ? 'unsafe-none' : 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  it('allows its own style by hash, and nothing else', () => {
    const styles = [...document.matchAll(/<style>(.*?)<\/style>/gs)].map((match) => match[1] ?? '');
    expect(styles).toHaveLength(1);
    const hash = createHash('sha256')
      .update(styles[0] ?? '')
      .digest('base64');
    const images = document.includes('<img') ? '; img-src data:' : '';
    expect(reply.headers['content-security-policy']).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'${images}; base-uri 'none'; frame-ancestors 'none'`,
    );
  });

  it('has no script, no inline style and nothing to load', () => {
    expect(document).not.toMatch(/<script|<link|<iframe|<base|javascript:|@import|url\(/i);
    expect(document).not.toMatch(/<[^>]*\s(?:on\w+|style|srcset)\s*=/i);
    for (const [, source = ''] of document.matchAll(/\ssrc="([^"]*)"/g)) expect(source).toMatch(/^data:image\/svg/);
  });

  it('tells its language and its title, and has one heading', () => {
    expect(document).toMatch(/^<!doctype html><html lang="en" dir="ltr"/);
    expect(document).toMatch(/<title>[^<]+<\/title>/);
    expect(document.match(/<h1>/g)).toHaveLength(1);
    expect(document.match(/<main>/g)).toHaveLength(1);
  });

  it('is small', () => {
    if (!/overlong|elsewhere/.test(path)) expect(Buffer.byteLength(document)).toBeLessThan(15 * 1024);
  });
});

describe('the pages that have no question', () => {
  it.each(noticeKinds)('say in their own words what has happened, what to do, and the request id: %s', async (kind) => {
    const document = markup(await pagesWith().notice({ kind, requestId: 'r1' }, {}));
    expect(document).toContain('Request ID <code>r1</code>');
    const others = noticeKinds.filter((other) => other !== kind);
    const title = /<h1>(.*?)<\/h1>/.exec(document)?.[1];
    for (const other of others) {
      expect(markup(await pagesWith().notice({ kind: other, requestId: 'r1' }, {}))).not.toContain(
        `<h1>${title ?? ''}<`,
      );
    }
  });

  it('are no success where nothing has succeeded', async () => {
    const reply = await pagesWith().notice({ kind: 'answered', requestId: 'r2' }, {});
    expect(reply.status).toBe(409);
    expect(markup(reply)).toContain('start again from the app');
  });

  it('take a status, a header, and when to try again', async () => {
    const view = {
      kind: 'unavailable',
      requestId: 'r',
      status: 503,
      retryAfter: 31,
      headers: { 'retry-after': '31' },
    } as const;
    const reply = await pagesWith().notice(view, {});
    expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '31' } });
    expect(markup(reply)).toContain('Try again in 31 seconds.');
    expect(markup(await pagesWith().notice(view, { uiLocales: 'de' }))).toContain('in 31 Sekunden');
  });

  it.each(['detail', 'requestId'])('escape %s', async (field) => {
    const hostile = '</title><script>"\u202e\u0000';
    const document = markup(await pagesWith().notice({ kind: 'fault', requestId: 'r', [field]: hostile }, {}));
    expect(document).toContain('&lt;/title>&lt;script>');
    expect(document).not.toMatch(/<script|\u202e|\0/);
  });
});

describe('the page that leads back to an app', () => {
  it('goes there by itself, and by a link', () => {
    const document = markup(all['/opening'] ?? { status: 0, headers: {} });
    const url = 'cursor://app/cb?code=a&amp;state=&quot;b';
    expect(document).toContain(`<meta http-equiv="refresh" content="0;url=${url}"`);
    expect(document).toContain(`href="${url}"`);
  });

  it('goes nowhere by itself where the user carries the code', () => {
    expect(markup(all['/hand-off-code'] ?? { status: 0, headers: {} })).not.toContain('http-equiv');
  });
});

describe('a brand', () => {
  const brand = {
    name: 'Acme <b>',
    colors: { accent: '#fc0' },
    links: { privacy: 'https://acme.example/privacy?a=1&b=2' },
  };

  it('is on every page, and only as text', async () => {
    const document = markup(await pagesWith({ brand }).notice({ kind: 'fault', requestId: 'r' }, {}));
    expect(document).toContain('<bdi>Acme &lt;b></bdi>');
    expect(document).toContain('Something went wrong here – Acme &lt;b></title>');
    expect(document).toContain('href="https://acme.example/privacy?a=1&amp;b=2"');
    expect(document).toContain('--fill:#fc0');
  });

  it('lets nobody put further headers in the place of those that protect a page', () => {
    const headers = { 'set-cookie': ['a=b'], 'content-security-policy': 'none', 'x-frame-options': 'ALLOWALL' };
    const reply = pagesWith({ brand }).consent({ ...ordinary, headers }, {});
    expect(reply.headers['set-cookie']).toEqual(['a=b']);
    expect(reply.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(reply.headers['x-frame-options']).toBe('DENY');
  });
});

describe('pages that an application makes', () => {
  it('get what there is to say, and go out under headers that they cannot weaken', async () => {
    const pages = pagesWith({
      brand: { name: 'Acme' },
      custom: {
        refused: ({ account, language, direction, nonce, brand }) =>
          [account, language, direction, nonce, brand.name].join(),
      },
    });
    const reply = await pages.refused(
      { ...refused, headers: { 'x-frame-options': 'ALLOWALL', 'set-cookie': ['a=b'] } },
      { uiLocales: 'ar' },
    );
    expect(reply.body).toBe('eve@example.com,ar,rtl,nonce,Acme');
    expect(reply).toMatchObject({
      status: 403,
      headers: { 'x-frame-options': 'DENY', 'set-cookie': ['a=b'], 'content-language': 'ar' },
    });
    expect(reply.headers['content-security-policy']).toContain("script-src 'self' 'nonce-nonce'");
    expect(reply.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(reply.headers['content-security-policy']).not.toContain('unsafe');
  });

  it('are replaced by ours where they fail, and the operator hears of it', async () => {
    const log: LogEntry[] = [];
    const notice = () => Promise.reject(new Error('canary'));
    const reply = await pagesWith({ custom: { notice }, log: (entry) => log.push(entry) }).notice(
      { kind: 'expired', requestId: 'r' },
      {},
    );
    expect(markup(reply)).toContain('This page has expired');
    expect(log.map(({ event }) => event)).toEqual(['page failed']);
    expect(JSON.stringify(log)).not.toContain('canary');
  });
});
