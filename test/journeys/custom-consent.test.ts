import { createServer, type Server } from 'node:http';
import type { OAuthAuthorizationServerOptions, RenderConsent } from 'mcp-gatehouse';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { locationOf, newRequest, redeem, SteppingBrowser } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { listen, signInAtUpstream, stop } from '../support/upstream-provider.js';

let gatehouse: Gatehouse;
let browser: SteppingBrowser;
beforeEach(() => {
  browser = new SteppingBrowser();
});
afterEach(() => gatehouse.close());

const start = async (options: Partial<OAuthAuthorizationServerOptions>) => {
  gatehouse = await startGatehouse(options);
  return newRequest(gatehouse.issuer);
};

const escape = (text: string) => text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);

/** A page as an application may write it. */
const render: RenderConsent = ({ action, transaction, client, scopes }) =>
  `<!doctype html><title>Acme</title><h1>Let ${escape(client.name ?? '')} in?</h1>
   <ul>${scopes.map(({ description }) => `<li>${escape(description ?? '')}</li>`).join('')}</ul>
   <form method="post" action="${action}">
     <input type="hidden" name="transaction" value="${transaction}">
     <button name="decision" value="approve">Yes</button><button name="decision" value="deny">No</button>
   </form>`;

describe('a consent page that the application makes', () => {
  it('leads to tokens like ours, under headers that it cannot weaken', async () => {
    const { client, verifier, url } = await start({ consentPage: render });
    const page = await browser.open(url);
    expect(page.html).toContain('<h1>Let Raw client in?</h1>');
    expect(page.html).toContain('Use the tools');
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('cache-control')).toBe('no-store');
    const callback = await signInAtUpstream(locationOf(await browser.answer(page, 'approve')));
    const code = locationOf(await browser.open(callback)).searchParams.get('code') ?? '';
    expect((await redeem(gatehouse.issuer, client, code, verifier)).status).toBe(200);
  });

  it('may be made later, and its failure is told to the client', async () => {
    const { url } = await start({ consentPage: () => Promise.reject(new Error('no template')) });
    expect(locationOf(await browser.open(url)).searchParams.get('error')).toBe('server_error');
  });

  it('cannot be answered from elsewhere: then ours asks', async () => {
    const { url } = await start({ consentPage: render });
    const page = await browser.open(url);
    const stranger = new SteppingBrowser();
    for (const attempt of [
      await stranger.answer(page, 'approve'),
      await browser.answer(page, 'approve', { origin: 'https://evil.example' }),
    ]) {
      expect([attempt.status, attempt.location]).toEqual([200, undefined]);
      expect(attempt.html).toContain('Please confirm once more');
    }
    expect(gatehouse.upstream.requests).toEqual([]);
  });
});

describe('a consent page at a URL', () => {
  let application: Server;
  let origin: string;

  beforeEach(async () => {
    application = createServer((_request, response) => response.end('the page of the application'));
    origin = `http://127.0.0.1:${await listen(application, 0)}`;
  });
  afterEach(() => stop(application));

  async function open() {
    const { client, verifier, url } = await start({ consentPage: `${origin}/consent?brand=acme` });
    const visit = await browser.open(url);
    const page = locationOf(visit);
    return { client, verifier, visit, page, transaction: page.searchParams.get('transaction') ?? '' };
  }

  const post = (transaction: string, headers: Record<string, string>, cookies = browser.cookies) =>
    fetch(`${gatehouse.issuer}/oauth/consent`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ transaction, decision: 'approve' }),
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '), ...headers },
    });

  it('is told what to show, by a script of its own origin only', async () => {
    const { visit, page, transaction } = await open();
    expect([visit.status, page.origin, page.searchParams.get('brand')]).toEqual([303, origin, 'acme']);
    const answer = await fetch(`${gatehouse.issuer}/oauth/consent?transaction=${transaction}`);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toMatchObject({
      action: `${gatehouse.issuer}/oauth/consent`,
      client: { name: 'Raw client' },
      redirect: { kind: 'loopback' },
      resource: { name: 'Test server' },
      scopes: [{ name: 'mcp:tools', description: 'Use the tools', isGranted: false }],
      providers: [{ id: 'oidc', name: 'Test provider' }],
    });
  });

  it.each(['same-site', 'same-origin'])('leads to tokens when its form is posted %s', async (site) => {
    const { client, verifier, transaction } = await open();
    const answer = await post(transaction, { origin, 'sec-fetch-site': site });
    const callback = await signInAtUpstream(answer.headers.get('location') ?? '');
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      browser.cookies.set(name, value);
    }
    const code = locationOf(await browser.open(callback)).searchParams.get('code') ?? '';
    expect((await redeem(gatehouse.issuer, client, code, verifier)).status).toBe(200);
  });

  it('cannot be used to answer for somebody', async () => {
    const { transaction } = await open();
    const nobody = new Map<string, string>();
    for (const attempt of [
      await post(transaction, { origin }, nobody),
      await post(transaction, { origin: 'https://evil.example' }),
      await post(transaction, { origin: 'null' }),
      await post(transaction, { origin, 'sec-fetch-site': 'cross-site' }),
      await post(transaction, { 'sec-fetch-site': 'same-site' }),
    ]) {
      expect([attempt.status, attempt.headers.get('location')]).toEqual([200, null]);
      expect(await attempt.text()).toContain('Please confirm once more');
    }
    expect(gatehouse.upstream.requests).toEqual([]);
  });

  it('is told nothing of what is no transaction, and elsewhere nothing at all', async () => {
    await open();
    const garbage = await fetch(`${gatehouse.issuer}/oauth/consent?transaction=garbage`);
    expect(garbage.status).toBe(400);
    await gatehouse.close();
    await start({});
    expect((await fetch(`${gatehouse.issuer}/oauth/consent?transaction=x`)).status).toBe(405);
  });

  it.each(['http://app.example/consent', 'https://app.example/consent#x', 'javascript:alert(1)', 7])(
    'cannot be %j',
    async (consentPage) => {
      await start({});
      await expect(startGatehouse({ consentPage: consentPage as string })).rejects.toThrow('consentPage');
    },
  );
});
