import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HttpReply } from '../../src/http/message.js';
import { isWithoutChromium, launchChromium } from '../support/chromium.js';
import { gallery, openingPage } from './gallery.js';
import { servePages, type PageServer } from './page-server.js';
import { ordinary, refused } from './views.js';

const phone = { width: 360, height: 640 };
const desktop = { width: 1100, height: 900 };
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Where the test leaves pictures of every page, for people to look at. */
const pictures = fileURLToPath(new URL('../../test-output/screenshots', import.meta.url));

const languages = ['de', 'fr', 'es', 'ja', 'ar'];
const pages: Record<string, HttpReply> = {};
for (const language of ['en', ...languages]) {
  const prefix = language === 'en' ? '' : `/${language}`;
  for (const [path, reply] of Object.entries(await gallery({ uiLocales: language }))) pages[prefix + path] = reply;
}
pages['/opening'] = await openingPage('/app?code=a&state=b');
const paths = Object.keys(await gallery());

describe.skipIf(isWithoutChromium)('in a browser', () => {
  let server: PageServer;
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    server = await servePages((url) => pages[url]);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });
  beforeEach(() => {
    server.asked.length = 0;
    server.posted.length = 0;
  });

  /** Opens a page; what the browser complains of, such as a violated policy, is a failure. */
  async function visit<T>(
    path: string,
    look: (page: Page) => Promise<T>,
    options: BrowserContextOptions = {},
  ): Promise<T> {
    const context = await browser.newContext({ viewport: phone, ...options });
    try {
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      await page.goto(server.origin + path);
      const seen = await look(page);
      expect(complaints.filter((complaint) => !complaint.includes('Failed to load resource: the server'))).toEqual([]);
      return seen;
    } finally {
      await context.close();
    }
  }

  const picture = (page: Page, name: string) =>
    page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });

  it.each(paths)(
    '%s has nothing that axe finds fault with: light and dark, on a phone and on a desktop',
    async (path) => {
      await visit(path, async (page) => {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          for (const [device, size] of Object.entries({ phone, desktop })) {
            await page.setViewportSize(size);
            await picture(page, `${device}-${colorScheme}-${path.slice(1)}`);
            expect(await page.evaluate(faults(axe)), `${device}, ${colorScheme}`).toEqual([]);
          }
        }
      });
      expect(server.asked.filter((line) => line !== 'GET /favicon.ico')).toEqual([`GET ${path}`]);
    },
  );

  it.each(paths)('%s has its style, and fits 320 pixels, also with text twice as large in 640', async (path) => {
    await visit(path, async (page) => {
      await page.setViewportSize({ width: 320, height: 640 });
      expect(await page.evaluate('getComputedStyle(document.querySelector("main")).borderRadius')).toBe('20px');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
      expect(await page.evaluate(cutOff)).toEqual([]);
      await page.setViewportSize({ width: 640, height: 900 });
      await page.evaluate('document.documentElement.style.setProperty("font-size", "200%")');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(640);
      expect(await page.evaluate(cutOff)).toEqual([]);
    });
  });

  describe.each(languages)('in the language %s', (language) => {
    it.each([
      '/consent-loopback',
      '/consent-several',
      '/consent-step-up',
      '/account',
      '/account-sign-in',
      '/refused',
      '/hand-off-code',
      '/notice-fault',
    ])('%s has nothing that axe finds fault with, and fits 320 pixels', async (path) => {
      await visit(`/${language}${path}`, async (page) => {
        await picture(page, `${language}-${path.slice(1)}`);
        expect(await page.evaluate(faults(axe))).toEqual([]);
        await page.setViewportSize({ width: 320, height: 640 });
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
        expect(await page.evaluate(cutOff)).toEqual([]);
      });
    });
  });

  it('is laid out from the right in Arabic, where hosts stay as they are', async () => {
    await visit('/ar/consent', async (page) => {
      const box = await page.locator('.facts dt').first().boundingBox();
      const icon = await page.locator('.facts svg').first().boundingBox();
      expect(icon?.x).toBeGreaterThan((box?.x ?? 0) + (box?.width ?? 0) / 2);
      expect(await page.getAttribute('dd.target bdi', 'dir')).toBe('ltr');
    });
  });

  it('keeps its borders and its buttons where the system chooses the colours', async () => {
    await visit(
      '/consent-several',
      async (page) => {
        await picture(page, 'forced-colors');
        const width = await page.evaluate('getComputedStyle(document.querySelector("button")).borderTopWidth');
        expect(width).not.toBe('0px');
      },
      { forcedColors: 'active' },
    );
  });

  it.each(['/consent', '/consent-overlong', '/consent-several', '/consent-verified', '/consent-elsewhere'])(
    'shows on %s where the browser goes, without scrolling',
    async (path) => {
      await visit(path, async (page) => {
        for (const part of ['dd.target', '.claim']) {
          const box = await page.locator(part).first().boundingBox();
          expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThanOrEqual(phone.height);
        }
      });
    },
  );

  it.each([
    ['/consent', 'Allow', 'approve'],
    ['/consent', 'Cancel', 'deny'],
    ['/consent-several', 'Continue with GitHub', 'approve:github'],
    ['/consent-several', 'Cancel', 'deny'],
  ])('posts from %s, on "%s", the decision %s, and says that it comes from here', async (path, name, decision) => {
    await visit(path, async (page) => {
      await page.getByRole('button', { name, exact: true }).click();
      await expect.poll(() => server.posted).toHaveLength(1);
    });
    const form = { transaction: ordinary.transaction, decision };
    expect(server.posted).toEqual([{ origin: server.origin, form }]);
  });

  it('is answered by keyboard alone, in the order of reading, and shows where the focus is', async () => {
    await visit('/consent', async (page) => {
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.value')).toBe('deny');
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await expect.poll(() => server.posted).toHaveLength(1);
    });
    expect(server.posted[0]?.form['decision']).toBe('approve');
  });

  it.each(['/consent-loopback', '/consent-several'])(
    'on %s approves nothing by Enter on the box that asks for a code',
    async (path) => {
      await visit(path, async (page) => {
        await page.focus('input[type=checkbox]');
        await page.keyboard.press('Space');
        await page.keyboard.press('Enter');
        await expect.poll(() => server.posted).toHaveLength(1);
      });
      expect(server.posted.map(({ form }) => form)).toEqual([
        { transaction: ordinary.transaction, decision: 'deny', handoff: 'code' },
      ]);
    },
  );

  it('gives both answers the same room', async () => {
    await visit('/consent', async (page) => {
      const [no, yes] = [
        await page.getByRole('button', { name: 'Cancel' }).boundingBox(),
        await page.getByRole('button', { name: 'Allow' }).boundingBox(),
      ];
      expect([no?.width, no?.height]).toEqual([yes?.width, yes?.height]);
      expect(no?.height).toBeGreaterThanOrEqual(44);
    });
  });

  it('leads from /refused back to the app, by keyboard too', async () => {
    await visit('/refused', async (page) => {
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Return to the app');
      await page.keyboard.press('Enter');
      await expect.poll(() => server.asked).toContain(`GET ${refused.returnUrl}`);
    });
  });

  it('ends on /account the access of one application, by a button that says whose when it is read aloud', async () => {
    await visit('/account', async (page) => {
      await page.getByRole('button', { name: 'End access Cursor', exact: true }).press('Enter');
      await expect.poll(() => server.posted).toHaveLength(1);
    });
    const form = { account: 'sealed', answer: 'end:user.cursor.mac' };
    expect(server.posted).toEqual([{ origin: server.origin, form }]);
  });

  it('opens an app by itself, with scripts turned off', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${server.origin}/opening`);
    await expect.poll(() => server.asked).toContain('GET /app?code=a&state=b');
    await context.close();
  });

  it('works with scripts turned off', async () => {
    const click = (page: Page): Promise<void> => page.getByRole('button', { name: 'Cancel' }).click();
    await visit('/consent', click, { javaScriptEnabled: false });
    await expect.poll(() => server.posted).toHaveLength(1);
  });

  it('cannot be framed, by its own site neither', async () => {
    pages['/frame'] = {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<title>x</title><iframe src="/consent"></iframe>',
    };
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${server.origin}/frame`);
    const frame = page.frames()[1];
    await expect.poll(() => frame?.url()).toContain('chrome-error:');
    await context.close();
  });
});

// The scripts below run in the browser, whose types this package does not know.

const cutOff = `[...document.querySelectorAll('main *')]
  .filter((element) => element.getBoundingClientRect().right > document.querySelector('main').getBoundingClientRect().right + 0.5)
  .filter((element) => element.getClientRects().length > 0)
  .map((element) => element.outerHTML.slice(0, 300))`;

/** What axe finds, by all rules of WCAG 2.2 AA and its own best practices. */
const faults = (source: string) => `(async () => {
  if (!window.axe) { ${source} }
  const { violations } = await window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  });
  return violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' | ').slice(0, 400));
})()`;
