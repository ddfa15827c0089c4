import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HttpReply } from '../../src/http/message.js';
import { consentPage } from '../../src/pages/consent.js';
import { answeredPage, errorPage } from '../../src/pages/notice.js';
import { refusedPage } from '../../src/pages/refused.js';
import { isWithoutChromium, launchChromium } from '../support/chromium.js';
import { ordinary, overlong, refused, refusedOverlong, signedIn, stepUp, threeProviders, verified } from './views.js';

const phone = { width: 360, height: 640 };

const pages: Record<string, HttpReply> = {
  '/ordinary': consentPage({ ...ordinary, redirect: { kind: 'loopback', host: '127.0.0.1' }, notice: 'Once more.' }),
  '/several': consentPage({ ...ordinary, providers: threeProviders }),
  '/overlong': consentPage(overlong),
  '/verified': consentPage(verified),
  '/step-up': consentPage(stepUp),
  '/signed-in': consentPage(signedIn),
  '/elsewhere': consentPage({
    ...overlong,
    client: { ...overlong.client, verifiedHost: `${'docs.claude.ai.'.repeat(15)}example` },
  }),
  '/rtl': consentPage({ ...ordinary, client: { name: '\u202eתוכנה נהדרת' } }),
  '/error': errorPage({ status: 400, title: 'Not valid', message: 'The link is not valid.', requestId: 'r1' }),
  '/refused': refusedPage(refused),
  '/refused-overlong': refusedPage(refusedOverlong),
  '/answered': answeredPage({ requestId: 'r2' }),
};

describe.skipIf(isWithoutChromium)('in a browser', () => {
  let server: Server;
  let browser: Browser;
  let origin: string;
  let asked: string[];
  let posted: { origin: string | undefined; form: Record<string, string> }[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      const reply = pages[request.url ?? ''];
      if (reply)
        return response.writeHead(reply.status, { ...reply.headers } as Record<string, string>).end(reply.body);
      if (request.method !== 'POST') return response.writeHead(404).end();
      return void text(request).then((body) => {
        posted.push({ origin: request.headers.origin, form: Object.fromEntries(new URLSearchParams(body)) });
        response.end('ok');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    server.close();
  });

  beforeEach(() => {
    asked = [];
    posted = [];
  });

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
      await page.goto(origin + path);
      const seen = await look(page);
      expect(complaints.filter((complaint) => !complaint.includes('Failed to load resource: the server'))).toEqual([]);
      return seen;
    } finally {
      await context.close();
    }
  }

  it.each(Object.keys(pages))(
    'shows %s with its style, without scrolling sideways, and loads nothing',
    async (path) => {
      await visit(path, async (page) => {
        expect(await page.evaluate('getComputedStyle(document.querySelector("main")).borderRadius')).toBe('18px');
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(phone.width);
        expect(await page.evaluate(cutOff)).toEqual([]);
      });
      expect(asked.filter((line) => line !== 'GET /favicon.ico')).toEqual([`GET ${path}`]);
    },
  );

  it.each(['/ordinary', '/overlong', '/several', '/verified', '/elsewhere'])(
    'shows on %s where the browser goes, without scrolling',
    async (path) => {
      await visit(path, async (page) => {
        const box = await page.locator('.target').boundingBox();
        expect(box?.y).toBeGreaterThan(0);
        expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThanOrEqual(phone.height);
        const claim = await page.locator('.claim').boundingBox();
        expect((claim?.y ?? Infinity) + (claim?.height ?? 0)).toBeLessThanOrEqual(phone.height);
      });
    },
  );

  it.each([
    ['/ordinary', 'Continue with Google', 'approve'],
    ['/ordinary', 'Deny', 'deny'],
    ['/several', 'Continue with GitHub', 'approve:github'],
    ['/several', 'Deny', 'deny'],
  ])('posts from %s, on "%s", the decision %s', async (path, name, decision) => {
    await visit(path, async (page) => {
      await page.getByRole('button', { name, exact: true }).click();
      await page.waitForURL(`${origin}/consent`);
    });
    expect(posted).toEqual([{ origin, form: { transaction: ordinary.transaction, decision } }]);
  });

  it('is answered by keyboard alone, and shows where the focus is', async () => {
    await visit('/ordinary', async (page) => {
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.value')).toBe('approve');
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.waitForURL(`${origin}/consent`);
    });
    expect(posted[0]?.form['decision']).toBe('deny');
  });

  it('leads from /refused back to the app, by keyboard too', async () => {
    await visit('/refused', async (page) => {
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Return to the app');
      await page.keyboard.press('Enter');
      await expect.poll(() => asked).toContain(`GET ${refused.returnUrl}`);
    });
  });

  it('works with scripts turned off', async () => {
    const click = (page: Page): Promise<void> => page.getByRole('button', { name: 'Deny' }).click();
    await visit('/ordinary', click, { javaScriptEnabled: false });
    await expect.poll(() => posted).toHaveLength(1);
  });

  describe.each(['light', 'dark'] as const)('in %s mode', (colorScheme) => {
    it.each(['/ordinary', '/several', '/verified', '/elsewhere', '/step-up', '/signed-in', '/error', '/refused'])(
      'has the contrast that WCAG AA asks for on %s',
      async (path) => {
        const faint = await visit(path, (page) => page.evaluate(lowContrast), { colorScheme });
        expect(faint).toEqual([]);
      },
    );
  });
});

// The scripts below run in the browser, whose types this package does not know.

const cutOff = `[...document.querySelectorAll('main *')]
  .filter((element) => element.getBoundingClientRect().right > document.querySelector('main').getBoundingClientRect().right)
  .map((element) => element.outerHTML)`;

/** Lists texts below 4.5:1 against the nearest background (WCAG 2.2, 1.4.3). */
const lowContrast = `(() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => numbers(color).slice(0, 3)
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return numbers(color)[3] === 0 ? behind(element.parentElement) : color;
  };
  return [...document.querySelectorAll('main *')]
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .map((element) => {
      const [low, high] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => a - b);
      return { text: element.textContent.trim(), ratio: (high + 0.05) / (low + 0.05) };
    })
    .filter(({ ratio }) => !(ratio >= 4.5));
})()`;
