import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { examine, type Finding } from '../../src/doctor/examine.js';
import { signInFindings } from '../../src/doctor/sign-in.js';
import { browserFor } from '../support/client.js';
import { isWithoutChromium, launchChromium } from '../support/chromium.js';
import { htmlPage, type Breakage, type PassedRequest } from './broken-proxy.js';
import { complaintsOf, startDeployment, testWorld, type ProxiedDeployment } from './deployment.js';

let deployment: ProxiedDeployment;
afterEach(() => deployment.close());

interface SignInRun {
  readonly findings: Finding[];
  /** Everything that was sent through the proxy. */
  readonly sent: PassedRequest[];
}

/** Has the doctor sign in, while `person` does what a person does at the URL. */
async function signIn(
  person: (url: string) => Promise<unknown>,
  breakage: Breakage = {},
  { wait = 20, signal = new AbortController().signal } = {},
): Promise<SignInRun> {
  const world = { ...testWorld, signal };
  const examination = await examine(new URL(deployment.mcpUrl), world, 10);
  const findings: Finding[] = [];
  const sent: PassedRequest[] = [];
  deployment.proxy.break({
    ...breakage,
    request(request) {
      sent.push(request);
      return breakage.request?.(request);
    },
  });
  let visit: Promise<unknown> = Promise.resolve();
  await signInFindings(
    examination,
    world,
    { timeout: 10, wait },
    (finding) => findings.push(finding),
    (url) => {
      visit = person(url);
    },
  );
  await visit;
  return { findings, sent };
}

/** Approves, signs in, and takes the answer to the doctor. */
async function approve(url: string): Promise<void> {
  const redirectUri = new URL(url).searchParams.get('redirect_uri') ?? '';
  const browser = browserFor({ clientId: '', redirectUri });
  const login = await browser.submit(await browser.open(new URL(url)), {}, 'approve');
  const { url: callback } = await browser.submit(login, { username: 'alice', password: 'any' });
  await fetch(callback);
}

async function deny(url: string): Promise<void> {
  const redirectUri = new URL(url).searchParams.get('redirect_uri') ?? '';
  const browser = browserFor({ clientId: '', redirectUri });
  await fetch((await browser.submit(await browser.open(new URL(url)), {}, 'deny')).url);
}

const startHttp = async () => (deployment = await startDeployment({ protocol: 'http' }));

describe('a real sign-in by the doctor', () => {
  it('goes the whole way, and leaves no token that works', async () => {
    await startHttp();
    const { findings, sent } = await signIn(approve);
    expect(findings.map(({ name, level, seen }) => [name, level, ...seen])).toEqual([
      ['sign-in-client', 'well'],
      ['sign-in-return', 'well'],
      ['sign-in-code', 'well'],
      ['sign-in-mcp', 'well', '3 tools'],
      ['sign-in-refresh', 'well'],
      ['sign-in-revoke', 'well'],
    ]);
    const tokens = sent.flatMap(({ headers }) => /^Bearer (.+)$/.exec(headers['authorization'] ?? '')?.[1] ?? []);
    expect(new Set(tokens).size).toBe(2);
    deployment.proxy.break();
    for (const token of tokens) {
      const answer = await fetch(deployment.mcpUrl, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
      expect(answer.status).toBe(401);
    }
    // Whatever is told of it, none of what was given is in it.
    const codes = sent.flatMap(({ body }) => new URLSearchParams(body.toString()).get('code') ?? []);
    for (const secret of [...tokens, ...codes]) expect(JSON.stringify(findings)).not.toContain(secret);
  });

  it('says that the person refused', async () => {
    await startHttp();
    const { findings } = await signIn(deny);
    expect(complaintsOf(findings)).toEqual({ 'sign-in-return': 'fault: The answer is an error: access_denied.' });
  });

  it('says that nobody came', async () => {
    await startHttp();
    const { findings } = await signIn(() => Promise.resolve(), {}, { wait: 0.1 });
    expect(complaintsOf(findings)).toEqual({ 'sign-in-return': 'fault: Nobody came back in time.' });
  });

  it('says that the answer is not to its own request', async () => {
    await startHttp();
    const { findings } = await signIn(async (url) => {
      const redirectUri = new URL(url).searchParams.get('redirect_uri') ?? '';
      await fetch(`${redirectUri}?code=stolen`);
    });
    expect(complaintsOf(findings)).toEqual({
      'sign-in-return': 'fault: The answer came without the state that was sent.',
    });
  });

  it('names a token endpoint that fails only for a true code, and repeats nothing of what it says', async () => {
    await startHttp();
    const { findings } = await signIn(approve, {
      answer: (answer, { path, body }) =>
        path === '/oauth/token'
          ? { ...htmlPage(502, 'Bad gateway'), body: `<title>${body.toString()}</title>` }
          : answer,
    });
    expect(complaintsOf(findings)).toEqual({ 'sign-in-code': 'fault: The token endpoint answered 502.' });
  });

  it('names a proxy that drops Authorization, and revokes all the same', async () => {
    await startHttp();
    const { findings, sent } = await signIn(approve, {
      request: ({ headers }) => void Reflect.deleteProperty(headers, 'authorization'),
    });
    expect(complaintsOf(findings)).toMatchObject({
      'sign-in-mcp': 'fault: With the token, it answered 401 (invalid_token).',
      'sign-in-refresh': 'fault: The MCP server refuses the new token.',
    });
    expect(sent.map(({ path }) => path)).toContain('/oauth/revoke');
  });

  it('takes back what was given when the person loses patience', async () => {
    await startHttp();
    const patience = new AbortController();
    const { sent } = await signIn(
      approve,
      {
        answer: (_answer, { path }) => {
          if (path === '/mcp') patience.abort();
        },
      },
      { signal: patience.signal },
    );
    expect(sent.at(-1)?.path).toBe('/oauth/revoke');
  });

  it('asks for no token behind a certificate that proves nothing', async () => {
    deployment = await startDeployment();
    deployment.proxy.serve(['self-signed']);
    const { findings, sent } = await signIn(() => Promise.reject(new Error('Nobody is to be asked.')));
    expect(findings.map(({ name, level }) => [name, level])).toEqual([['sign-in-client', 'skipped']]);
    expect(sent).toEqual([]);
  });
});

describe.skipIf(isWithoutChromium)('a real sign-in in a real browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  it('goes the whole way', async () => {
    await startHttp();
    const { findings } = await signIn(async (url) => {
      const page = await browser.newPage();
      await page.goto(url);
      await page.click('button[value=approve]');
      await page.fill('input[name=username]', 'alice');
      await page.click('button:has-text("Sign in")');
      await page.waitForURL(/\/callback\?code=/);
      expect(await page.textContent('body')).toBe('The doctor has seen you. You can close this window.');
      await page.close();
    });
    expect(complaintsOf(findings)).toEqual({});
    expect(findings).toHaveLength(6);
  });
});
