import { createServer, type Server } from 'node:http';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isWithoutChromium, launchChromium } from '../support/chromium.js';
import { authorizationUrl, callResource, pkce, redeem, register, signIn, type RawClient } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { listen, signInAtUpstream, stop } from '../support/upstream-provider.js';

describe.skipIf(isWithoutChromium)('in a real browser, with the provider on another site', () => {
  let browser: Browser;
  let context: BrowserContext;
  let gatehouse: Gatehouse;
  let app: Server;
  let client: RawClient;
  let returned: URL[];
  let verifier: string;
  let url: string;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    // localhost and 127.0.0.1 are two sites, so SameSite counts on the way back.
    gatehouse = await startGatehouse({ host: 'localhost' });
    returned = [];
    app = createServer((request, response) => {
      const arrived = new URL(request.url ?? '/', 'http://127.0.0.1');
      if (arrived.pathname === '/callback') returned.push(arrived);
      response.setHeader('content-type', 'text/html').end('<title>The app</title>Back in the app');
    });
    const port = await listen(app, 0);
    client = await register(gatehouse.issuer, { redirect_uris: [`http://127.0.0.1:${port}/callback`] });
    const pair = pkce();
    verifier = pair.verifier;
    url = authorizationUrl(gatehouse.issuer, client, pair.challenge).href;
    context = await browser.newContext();
  });
  afterEach(async () => {
    await context.close();
    await stop(app);
    await gatehouse.close();
  });

  async function signInAtProvider(page: Page): Promise<void> {
    await page.fill('input[name=username]', 'alice');
    await page.click('button:has-text("Sign in")');
    await page.waitForURL(/\/callback\?code=/);
  }

  it('a user who may not come in reads so, and takes the refusal to the app by a link', async () => {
    await gatehouse.restart({ allow: { emails: ['bob@example.test'] } });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(url);
    await page.click('button[value=approve]');
    await page.fill('input[name=username]', 'alice');
    await page.click('button:has-text("Sign in")');
    await page.waitForSelector('h1:has-text("This account may not sign in")');
    expect(await page.textContent('main')).toContain('alice@example.test');
    expect(returned).toEqual([]);
    expect((await context.cookies(gatehouse.issuer)).filter(({ name }) => name.includes('sign-in'))).toEqual([]);
    await page.click('text=Return to the app');
    await page.waitForURL(/\/callback\?error=access_denied/);
    expect(await page.title()).toBe('The app');
    const [{ searchParams } = new URL('about:blank')] = returned;
    expect([searchParams.get('state'), searchParams.get('iss')]).toEqual(['client-state', gatehouse.issuer]);
    expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
  });

  it('a user approves, signs in and is back in the app, whose code is good', async () => {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(url);
    await page.click('button[value=approve]');
    await signInAtProvider(page);
    expect(await page.title()).toBe('The app');
    const [{ searchParams } = new URL('about:blank')] = returned;
    expect(searchParams.get('iss')).toBe(gatehouse.issuer);
    const { status, body } = await redeem(gatehouse.issuer, client, searchParams.get('code') ?? '', verifier);
    expect(status).toBe(200);
    expect((await callResource(gatehouse.mcpUrl, String(body['access_token']))).status).toBe(200);
    // A violated policy, form-action above all, would be a complaint here.
    expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
    const cookies = await context.cookies(gatehouse.issuer);
    expect(cookies.every(({ httpOnly, sameSite }) => httpOnly && sameSite === 'Lax')).toBe(true);
    expect(cookies.filter(({ name }) => name.includes('sign-in'))).toEqual([]);
  });

  it('a user sees what is connected, ends it by a double click, and signs out', async () => {
    const { accessToken } = await signIn(gatehouse.issuer);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(`${gatehouse.issuer}/account`);
    await page.getByRole('button', { name: /^Continue with/ }).click();
    await page.fill('input[name=username]', 'alice');
    await page.click('button:has-text("Sign in")');
    await page.waitForURL(`${gatehouse.issuer}/oauth/account`);
    expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(200);
    const cookies = await context.cookies(gatehouse.issuer);
    expect(cookies.every(({ httpOnly, sameSite }) => httpOnly && sameSite === 'Lax')).toBe(true);
    await page.getByRole('button', { name: 'End access Raw client', exact: true }).dblclick({ noWaitAfter: true });
    await page.waitForSelector('text=No app has access in your name.');
    expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(401);
    await page.reload();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForSelector('h1:has-text("You are signed out")');
    // Back leads to no list that the browser kept.
    await page.goBack();
    expect(await page.getByRole('button', { name: /^Continue with/ }).count()).toBe(1);
    expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
  });

  it('a double click on the button leads on as one click does', async () => {
    const page = await context.newPage();
    await page.goto(url);
    await page.dblclick('button[value=approve]', { noWaitAfter: true });
    await page.waitForSelector('input[name=username]');
    await signInAtProvider(page);
    expect(returned.map(({ searchParams }) => searchParams.has('code'))).toEqual([true]);
  });

  it('a denial is told to the app, and the back button asks anew', async () => {
    const page = await context.newPage();
    await page.goto(url);
    await page.click('button[value=deny]');
    await page.waitForURL(/\/callback\?error=access_denied/);
    await page.goBack();
    await page.click('button[value=approve]');
    await page.waitForSelector('input[name=username]');
    await signInAtProvider(page);
    expect(returned.map(({ searchParams }) => searchParams.get('error') ?? 'a code')).toEqual([
      'access_denied',
      'a code',
    ]);
  });

  it('two tabs are two sign-ins, and each of them ends well', async () => {
    const [one, two] = [await context.newPage(), await context.newPage()];
    await one.goto(url);
    await two.goto(url);
    await one.click('button[value=approve]');
    await one.waitForSelector('input[name=username]');
    await two.click('button[value=approve]');
    await two.waitForSelector('input[name=username]');
    await signInAtProvider(one);
    await signInAtProvider(two);
    expect(new Set(returned.map(({ searchParams }) => searchParams.get('code'))).size).toBe(2);
  });

  it('another browser cannot finish what this one approved, and this one still can', async () => {
    const page = await context.newPage();
    const atProvider = page.waitForRequest((request) => request.url().startsWith(`${gatehouse.upstream.issuer}/auth?`));
    await page.goto(url);
    await page.click('button[value=approve]');
    const callback = await signInAtUpstream((await atProvider).url());

    const other = await browser.newContext();
    const stranger = await other.newPage();
    expect((await stranger.goto(callback.href))?.status()).toBe(400);
    expect(await stranger.textContent('body')).toContain('another browser');
    await other.close();

    await page.goto(callback.href);
    expect(returned.map(({ searchParams }) => searchParams.has('code'))).toEqual([true]);
  });

  it('a form that another site posts approves nothing: the page is shown', async () => {
    const page = await context.newPage();
    await page.goto(url);
    const transaction = (await page.getAttribute('input[name=transaction]', 'value')) ?? '';
    const foreign = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end(
        `<form method="post" action="${gatehouse.issuer}/oauth/consent">
         <input name="transaction" value="${transaction}"><input name="decision" value="approve"></form>
         <script>document.forms[0].submit()</script>`,
      );
    });
    const port = await listen(foreign, 0);
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.waitForSelector('button[value=approve]');
    expect(await page.textContent('body')).toContain('Please confirm once more');
    await stop(foreign);
  });
});
