import { describe, expect, it } from 'vitest';
import type { RefusedView } from '../../src/pages/refused-view.js';
import { markup, pagesWith, refused } from './views.js';

const pages = pagesWith();
const refusedPage = (view: RefusedView) => pages.refused(view, {});

const view: RefusedView = { ...refused, returnUrl: 'https://app.example/cb?error=access_denied&state=a%22b' };
const textOf = async (changes: Partial<RefusedView> = {}) =>
  markup(await refusedPage({ ...view, ...changes }))
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ');

describe('the page for a refused account', () => {
  it('says who was refused what, where and why, and what to do', async () => {
    const text = await textOf();
    expect(text).toContain('You signed in at Google as eve@example.com.');
    expect(text).toContain('This account may not use Acme Documents. No rule of this server lets this account in.');
    expect(text).toContain('choose another account');
    expect(text).toContain('ask whoever runs this server');
    expect(text).toContain('r3');
    expect((await refusedPage(view)).status).toBe(403);
  });

  it('does without what is not known', async () => {
    expect(await textOf({ account: undefined })).toContain('You signed in at Google.');
    expect(await textOf({ resource: { url: 'https://mcp.acme.example/mcp' } })).toContain(
      'may not use mcp.acme.example/mcp.',
    );
  });

  it('leads back to the app by a link, and by nothing that acts on its own', async () => {
    const reply = await refusedPage(view);
    const document = markup(reply);
    expect(document).toContain('href="https://app.example/cb?error=access_denied&amp;state=a%22b"');
    expect(document).not.toMatch(/<script|http-equiv|onload/i);
    expect(reply.headers).not.toHaveProperty('refresh');
    expect(reply.headers).not.toHaveProperty('location');
  });

  it('keeps its own protection, whatever headers are added', async () => {
    const { headers } = await refusedPage({ ...view, headers: { 'set-cookie': ['a=b'], 'x-frame-options': 'none' } });
    expect(headers).toMatchObject({ 'set-cookie': ['a=b'], 'x-frame-options': 'DENY', 'cache-control': 'no-store' });
  });

  it('shows what a stranger chose as text, bounded, and in its place', async () => {
    const evil = '"><script>alert(1)</script>\u202e\u200b';
    const document = markup(
      await refusedPage({ ...view, account: evil, reason: evil, provider: evil, returnUrl: 'x:""><script>' }),
    );
    expect(document).not.toContain('<script');
    expect(document).not.toContain('x:""');
    expect(document).not.toMatch(/[\u202e\u200b]/);
    expect(await textOf({ account: 'x'.repeat(5000) })).not.toContain('x'.repeat(255));
  });
});
