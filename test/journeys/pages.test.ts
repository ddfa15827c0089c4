import { afterEach, describe, expect, it } from 'vitest';
import {
  authorizationUrl,
  linkOf,
  locationOf,
  newRequest,
  pkce,
  redeem,
  register,
  SteppingBrowser,
} from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { signInAtUpstream } from '../support/upstream-provider.js';

let gatehouse: Gatehouse;
afterEach(() => gatehouse.close());

/** What a browser on a desktop says when somebody sees the answer. */
const desktop = {
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'user-agent': 'Mozilla/5.0 (X11; Linux)',
};

/** Walks to the answer of our callback. */
async function comeBack(url: URL, fields: Record<string, string>, headers: Record<string, string>) {
  const browser = new SteppingBrowser();
  const page = await browser.open(url);
  const toProvider = locationOf(await browser.answer(page, 'approve', {}, fields));
  return browser.open(await signInAtUpstream(toProvider), headers);
}

describe('the language of the pages', () => {
  it('is the one that the client asks for, to the last page of the journey', async () => {
    gatehouse = await startGatehouse({ allow: { emails: ['bob@example.test'] } });
    const { url } = await newRequest(gatehouse.issuer, { ui_locales: 'xx de' });
    const browser = new SteppingBrowser();
    const page = await browser.open(url, { 'accept-language': 'fr' });
    expect(page.headers.get('content-language')).toBe('de');
    expect(page.html).toContain('<html lang="de" dir="ltr">');
    const toProvider = locationOf(await browser.answer(page, 'approve'));
    const refused = await browser.open(await signInAtUpstream(toProvider), { 'accept-language': 'fr' });
    expect(refused.html).toContain('Dieses Konto darf sich nicht anmelden');
    expect(linkOf(refused).searchParams.get('error_description')).toBe('No rule of this server lets this account in.');
    expect((await browser.answer(page, 'approve')).html).toContain('Diese Anfrage ist bereits beantwortet');
  });

  it('is the browser’s otherwise, of errors too', async () => {
    gatehouse = await startGatehouse({});
    const german = { 'accept-language': 'de-AT,en;q=0.5' };
    const { url } = await newRequest(gatehouse.issuer);
    expect((await new SteppingBrowser().open(url, german)).html).toContain('Erlauben</button>');
    const unknown = await new SteppingBrowser().open(`${gatehouse.issuer}/oauth/authorize?client_id=x`, german);
    expect(unknown.html).toContain('Diese App ist hier nicht bekannt');
    expect(unknown.headers.get('vary')).toBe('Accept-Language');
    const redirect = authorizationUrl(gatehouse.issuer, await register(gatehouse.issuer), pkce().challenge, {
      redirect_uri: 'https://evil.example/cb',
    });
    expect((await new SteppingBrowser().open(redirect, german)).html).toContain('Dieser Anfrage ist nicht zu trauen');
    const expired = await new SteppingBrowser().open(`${gatehouse.issuer}/oauth/callback?state=x`, german);
    expect(expired.html).toContain('Diese Seite ist abgelaufen');
  });
});

describe('an app on another computer', () => {
  it('is told the code by its user, who asked to carry it', async () => {
    gatehouse = await startGatehouse({});
    const { client, verifier, url } = await newRequest(gatehouse.issuer);
    const page = await comeBack(url, { handoff: 'code' }, desktop);
    expect([page.status, page.location]).toEqual([200, undefined]);
    expect(page.html).not.toContain('http-equiv');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    const code = /<code class="copy" dir="ltr">(ac\.[^<]*)</.exec(page.html)?.[1] ?? '';
    expect(linkOf(page).searchParams.get('code')).toBe(code);
    expect((await redeem(gatehouse.issuer, client, code, verifier)).status).toBe(200);
  });

  it('is redirected to where nobody asked, and where the answer goes to a website', async () => {
    gatehouse = await startGatehouse({});
    const { url } = await newRequest(gatehouse.issuer);
    expect((await comeBack(url, {}, desktop)).status).toBe(303);
    const website = await newRequest(gatehouse.issuer, {}, { redirect_uris: ['https://client.example/cb'] });
    expect((await comeBack(website.url, { handoff: 'code' }, desktop)).status).toBe(303);
  });
});

describe('an app behind a scheme of its own', () => {
  const app = { redirect_uris: ['cursor://app/callback'] };

  it('is opened by a page on a desktop, with the answer to a denial too', async () => {
    gatehouse = await startGatehouse({});
    const { client, verifier, url } = await newRequest(gatehouse.issuer, {}, app);
    const page = await comeBack(url, {}, desktop);
    expect(page.status).toBe(200);
    const link = linkOf(page);
    expect(link.href.startsWith('cursor://app/callback?code=')).toBe(true);
    expect(page.html).toContain(`content="0;url=${link.href.replaceAll('&', '&amp;')}"`);
    const code = link.searchParams.get('code') ?? '';
    expect((await redeem(gatehouse.issuer, client, code, verifier)).status).toBe(200);

    const browser = new SteppingBrowser();
    const denied = await browser.answer(await browser.open(url), 'deny', desktop);
    expect(linkOf(denied).searchParams.get('error')).toBe('access_denied');
  });

  it('is redirected to elsewhere', async () => {
    gatehouse = await startGatehouse({});
    const { url } = await newRequest(gatehouse.issuer, {}, app);
    for (const headers of [
      {},
      { ...desktop, 'sec-ch-ua-mobile': '?1' },
      { ...desktop, 'user-agent': 'iPhone Mobile' },
    ]) {
      expect(locationOf(await comeBack(url, {}, headers)).protocol).toBe('cursor:');
    }
  });
});

describe('the options of the pages', () => {
  it('are refused at start where they cannot be used, all faults at once', async () => {
    gatehouse = await startGatehouse({});
    const start = () =>
      startGatehouse({
        brand: {
          logo: 'https://acme.example/logo.png',
          colors: { accent: 'red;}*{display:none' },
          links: { terms: 'javascript:alert(1)' },
        },
        words: { de: { 'consent.alow': 'Ja' } },
        pages: { refused: 'page' as never },
      });
    for (const fault of [
      'brand.logo',
      'brand.colors.accent',
      'brand.links.terms',
      'words.de.consent.alow',
      'pages.refused',
    ]) {
      await expect(start()).rejects.toThrow(fault);
    }
  });
});
