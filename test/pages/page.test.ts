import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { consentPage } from '../../src/pages/consent.js';
import { html } from '../../src/pages/html.js';
import { answeredPage, errorPage } from '../../src/pages/notice.js';
import { page } from '../../src/pages/page.js';
import { markup, ordinary, overlong, threeProviders } from './views.js';

const error = { status: 400, title: 'This link is not valid', message: 'The app sent a faulty link.', requestId: 'r1' };

const pages = {
  consent: consentPage(ordinary),
  'consent with three providers': consentPage({ ...ordinary, providers: threeProviders }),
  'consent with overlong texts': consentPage(overlong),
  error: errorPage(error),
  answered: answeredPage({ requestId: 'r2' }),
};

describe.each(Object.entries(pages))('the page: %s', (_, reply) => {
  const document = markup(reply);

  it('carries the headers that protect it', () => {
    expect(reply.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
    });
  });

  it('allows its own style by hash, and nothing else', () => {
    const styles = [...document.matchAll(/<style>(.*?)<\/style>/gs)].map((match) => match[1] ?? '');
    expect(styles).toHaveLength(1);
    const hash = createHash('sha256')
      .update(styles[0] ?? '')
      .digest('base64');
    expect(reply.headers['content-security-policy']).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; frame-ancestors 'none'`,
    );
  });

  it('has no script, no inline style and nothing to load', () => {
    expect(document).not.toMatch(/<script|<link|<img|<iframe|<base|javascript:|@import|url\(/i);
    expect(document).not.toMatch(/<[^>]*\s(?:on\w+|style|src|href|srcset)\s*=/i);
  });

  it('tells its language and its title, and has one heading', () => {
    expect(document).toMatch(/^<!doctype html>\s*<html lang="en"/);
    expect(document).toMatch(/<title>[^<]+<\/title>/);
    expect(document.match(/<h1>/g)).toHaveLength(1);
    expect(document.match(/<main>/g)).toHaveLength(1);
  });
});

describe('page', () => {
  it('is small', () => {
    for (const reply of [pages['consent with three providers'], pages.error, pages.answered]) {
      expect(Buffer.byteLength(markup(reply))).toBeLessThan(12 * 1024);
    }
  });

  it('takes further headers, but lets none of them weaken the page', () => {
    const headers = { 'set-cookie': ['a=b'], 'content-security-policy': 'none', 'x-frame-options': 'ALLOWALL' };
    const reply = page({ status: 200, title: 't', body: html`<h1>t</h1>`, headers });
    expect(reply.headers['set-cookie']).toEqual(['a=b']);
    expect(reply.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(reply.headers['x-frame-options']).toBe('DENY');
  });
});

describe('the error page', () => {
  it('says what happened, what to do, and the request id', () => {
    const document = markup(errorPage(error));
    expect(errorPage(error).status).toBe(400);
    expect(document).toContain('The app sent a faulty link.');
    expect(document).toContain('Go back to the app and start again from there.');
    expect(document).toContain('<code>r1</code>');
  });

  it('takes advice of its own, and a header', () => {
    const reply = errorPage({ ...error, status: 503, advice: 'Wait a minute.', headers: { 'retry-after': '5' } });
    expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(markup(reply)).toContain('Wait a minute.');
    expect(markup(reply)).not.toContain('start again from there');
  });

  it.each(['title', 'message', 'advice', 'requestId'])('escapes %s', (field) => {
    const document = markup(errorPage({ ...error, [field]: '</title><script>"\u202e\u0000' }));
    expect(document).toContain('&lt;/title&gt;&lt;script&gt;&quot;');
    expect(document).not.toMatch(/<script|\u202e|\0/);
  });
});

describe('the page for a request that was answered before', () => {
  it('is no success, and sends the person back to the app', () => {
    const reply = answeredPage({ requestId: 'r2' });
    expect(reply.status).toBe(409);
    expect(markup(reply)).toContain('start again from the app');
    expect(markup(reply)).toContain('<code>r2</code>');
  });
});
