import type { OAuthAuthorizationServerOptions } from 'mcp-gatehouse';
import { githubProvider, oidcProvider, slackProvider } from 'mcp-gatehouse/providers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { locationOf, newRequest, redeem, SteppingBrowser } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { signInAtUpstream, startUpstreamProvider, type UpstreamProviderServer } from '../support/upstream-provider.js';

const client = { clientId: 'a', clientSecret: 'upstream-secret' };
const others = [githubProvider(client), slackProvider(client)];

let gatehouse: Gatehouse;
let upstream: UpstreamProviderServer;
beforeEach(async () => {
  upstream = await startUpstreamProvider();
});
afterEach(async () => {
  await gatehouse.close();
  await upstream.stop();
});

const start = async (options: Partial<OAuthAuthorizationServerOptions> = {}) => {
  const providers = [oidcProvider({ ...upstream, name: 'Acme' }), ...others];
  gatehouse = await startGatehouse({ providers, ...options });
};

async function open(parameters: Record<string, string> = {}) {
  const browser = new SteppingBrowser();
  const request = await newRequest(gatehouse.issuer, parameters);
  const page = await browser.open(request.url);
  const names = [...page.html.matchAll(/(?:Continue|you sign in) with <bdi>([^<]*)</g)].map(([, name]) => name);
  return { browser, page, names, request };
}

describe('where several providers are', () => {
  it('a client that hints at nothing leaves the choice to the user', async () => {
    await start();
    expect((await open()).names).toEqual(['Acme', 'GitHub', 'Slack']);
  });

  it('each has a redirect URI of its own', async () => {
    await start();
    expect(gatehouse.gate.callbackUrls).toEqual({
      oidc: `${gatehouse.issuer}/oauth/callback/oidc`,
      github: `${gatehouse.issuer}/oauth/callback/github`,
      slack: `${gatehouse.issuer}/oauth/callback/slack`,
    });
  });

  it('a client that hints at one leaves no choice, and the user still has to approve', async () => {
    await start();
    const { browser, page, names } = await open({ provider: 'oidc' });
    expect(names).toEqual(['Acme']);
    expect(locationOf(await browser.answer(page, 'approve')).origin).toBe(upstream.issuer);
  });

  it.each(['unknown', 'constructor', 'OIDC', ' oidc', '<b>'])('the hint %j is ignored', async (provider) => {
    await start();
    expect((await open({ provider })).names).toHaveLength(3);
  });

  it('a hint that is sent twice is a fault of the client’s', async () => {
    await start();
    const request = await newRequest(gatehouse.issuer);
    request.url.search += '&provider=oidc&provider=github';
    const answer = await new SteppingBrowser().open(request.url);
    expect(locationOf(answer).searchParams.get('error')).toBe('invalid_request');
  });

  it('the application may choose, knowing who asks for what', async () => {
    const seen: unknown[] = [];
    await start({
      chooseProvider: (request) => {
        seen.push(request);
        return request.hint === 'staff' ? Promise.resolve('github') : ['oidc', 'slack'];
      },
    });
    expect((await open()).names).toEqual(['Acme', 'Slack']);
    const { names, request } = await open({ provider: 'staff' });
    expect(names).toEqual(['GitHub']);
    expect(seen.at(-1)).toEqual({
      clientId: request.client.clientId,
      clientName: 'Raw client',
      resource: gatehouse.mcpUrl,
      scopes: ['mcp:tools'],
      hint: 'staff',
    });
  });

  it('what the application did not choose cannot be chosen by a forged form', async () => {
    await start({ chooseProvider: () => 'github' });
    const { browser, page } = await open({ provider: 'oidc' });
    const answer = await browser.answer(page, 'approve:oidc');
    expect([answer.status, answer.location]).toEqual([400, undefined]);
    expect(upstream.requests).toEqual([]);
  });

  it('an application that answers undefined leaves it to the hint', async () => {
    await start({ chooseProvider: () => undefined });
    expect((await open({ provider: 'slack' })).names).toEqual(['Slack']);
  });

  it.each([['nobody'], [[]], [['oidc', 'nobody']]])(
    'an application that chooses %j meets its mistake',
    async (chosen) => {
      await start({ chooseProvider: () => chosen });
      const { page } = await open();
      expect(locationOf(page).searchParams.get('error')).toBe('server_error');
      expect(gatehouse.log.at(-1)?.causes?.[0]).toContain('chooseProvider');
    },
  );
});

describe('a redirect URI that providers share', () => {
  it('is refused at start for a provider that does not name itself', async () => {
    await start();
    await expect(startGatehouse({ providers: others, sharedCallback: true })).rejects.toThrow('sharedCallback');
  });

  it('leads a user home who comes from the provider that was chosen, and names itself', async () => {
    const second = await startUpstreamProvider();
    // The port of the issuer is known only once it listens.
    gatehouse = await startGatehouse({ sharedCallback: true, providers: [oidcProvider({ ...second, id: 'second' })] });
    const callbackUrl = `${gatehouse.issuer}/oauth/callback`;
    const theirs = await startUpstreamProvider({ callbackUrl });
    await gatehouse.restart({
      providers: [oidcProvider({ ...theirs, id: 'first' }), oidcProvider({ ...second, id: 'second' })],
    });
    const { browser, page, request } = await open();
    const callback = await signInAtUpstream(locationOf(await browser.answer(page, 'approve:first')));
    expect(callback.origin + callback.pathname).toBe(callbackUrl);

    const nameless = new URL(callback);
    nameless.searchParams.delete('iss');
    const copy = new SteppingBrowser(browser.cookies);
    const refused = locationOf(await copy.open(nameless)).searchParams;
    expect([refused.get('error'), refused.get('code')]).toEqual(['access_denied', null]);

    const again = await open();
    const home = await signInAtUpstream(locationOf(await again.browser.answer(again.page, 'approve:first')));
    const code = locationOf(await again.browser.open(home)).searchParams.get('code') ?? '';
    const answer = await redeem(gatehouse.issuer, again.request.client, code, again.request.verifier);
    expect(answer.status).toBe(200);
    expect(request.client.clientId).toBe(again.request.client.clientId);
    await Promise.all([theirs.stop(), second.stop()]);
  });
});
