import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuthError, type TokenMapper } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import {
  callResource,
  linkOf,
  locationOf,
  newRequest,
  parametersOf,
  redeem,
  signIn,
  SteppingBrowser,
} from '../support/client.js';
import {
  recordingStore,
  startGatehouse,
  type Gatehouse,
  type GatehouseSettings,
  type RecordingStore,
} from '../support/gatehouse.js';
import { signInAtUpstream, startUpstreamProvider, type UpstreamProviderServer } from '../support/upstream-provider.js';

let gatehouse: Gatehouse;
let store: RecordingStore;
const start = async (settings: GatehouseSettings = {}) => {
  gatehouse = await startGatehouse({ wrapStore: (inner) => (store = recordingStore(inner)), ...settings });
};
beforeEach(() => start());
afterEach(() => gatehouse.close());

async function expectNothingStored() {
  expect(await store.liveKeys('grant.')).toEqual([]);
  expect(await store.liveKeys('vault.')).toEqual([]);
}

const fault = (error: string) => ({
  error,
  error_description: expect.any(String) as string,
  state: 'client-state',
  iss: gatehouse.issuer,
});

async function approved() {
  const { client, verifier, url } = await newRequest(gatehouse.issuer);
  const browser = new SteppingBrowser();
  const page = await browser.open(url);
  const toProvider = locationOf(await browser.answer(page, 'approve'));
  return { client, verifier, browser, page, callback: await signInAtUpstream(toProvider) };
}

describe('a provider that is down when the user approves', () => {
  it('is told to the client, and the same form leads on when the provider is back', async () => {
    const { client, verifier, url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const page = await browser.open(url);
    await gatehouse.upstream.stop();
    const failed = await browser.answer(page, 'approve');
    expect(locationOf(failed).href).toMatch(new RegExp(`^${client.redirectUri}\\?`));
    expect(parametersOf(locationOf(failed))).toEqual(fault('temporarily_unavailable'));
    await expectNothingStored();

    await gatehouse.upstream.restart();
    gatehouse.advance(5); // the pause after a failed discovery
    const toProvider = locationOf(await browser.answer(page, 'approve'));
    const back = await browser.open(await signInAtUpstream(toProvider));
    const code = locationOf(back).searchParams.get('code') ?? '';
    expect((await redeem(gatehouse.issuer, client, code, verifier)).status).toBe(200);
  });

  it('can still be denied', async () => {
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    await gatehouse.upstream.stop();
    const denied = await browser.answer(await browser.open(url), 'deny');
    expect(parametersOf(locationOf(denied))).toEqual(fault('access_denied'));
  });
});

describe('a provider that fails when the user is back', () => {
  const html = { status: 502, body: '<html>Bad gateway', headers: { 'content-type': 'text/html' } };
  it.each([
    ['token', { reply: html }, 'temporarily_unavailable'],
    ['token', { reply: { status: 500, body: '{"error":"server_error"}' } }, 'temporarily_unavailable'],
    ['token', { reply: { status: 400, body: '{"error":"invalid_grant"}' } }, 'access_denied'],
    ['token', { reply: { status: 401, body: '{"error":"invalid_client"}' } }, 'server_error'],
    ['token', { reply: { status: 200, body: '{"error":"server_error"}' } }, 'server_error'],
    ['token', { reply: { status: 307, headers: { location: 'http://127.0.0.1:1/' } } }, 'server_error'],
    [
      'token',
      { rewrite: (document: Record<string, unknown>) => ({ ...document, id_token: undefined }) },
      'server_error',
    ],
    ['token', { rewrite: (document: Record<string, unknown>) => withBadSignature(document) }, 'server_error'],
    ['userinfo', { reply: { status: 500 } }, 'temporarily_unavailable'],
    ['userinfo', { reply: { status: 200, body: '{"sub":"mallory"}' } }, 'server_error'],
    ['userinfo', { reply: { status: 200, body: '{"email":"alice@example.test"}' } }, 'server_error'],
    ['jwks', { reply: { status: 500 } }, 'temporarily_unavailable'],
    ['jwks', { reply: { status: 200, body: '{"keys":[]}' } }, 'server_error'],
  ] as const)('is told to the client: %s %j → %s', async (endpoint, behaviour, error) => {
    const { browser, page, callback } = await approved();
    gatehouse.upstream.misbehave(endpoint, behaviour);
    const back = await browser.open(callback);
    expect(parametersOf(locationOf(back))).toEqual(fault(error));
    await expectNothingStored();
    // The provider's code is spent: this sign-in is over, and says so, whichever way the user turns.
    gatehouse.upstream.misbehave(endpoint);
    expect((await browser.open(callback)).status).toBe(409);
    expect((await browser.answer(page, 'approve')).status).toBe(409);
  });

  it('is told to the client when it is gone', async () => {
    const { browser, callback } = await approved();
    await gatehouse.upstream.stop();
    expect(parametersOf(locationOf(await browser.open(callback)))).toEqual(fault('temporarily_unavailable'));
    await expectNothingStored();
  });

  it('never has its own words passed on', async () => {
    const { browser, callback } = await approved();
    const body = JSON.stringify({ error: 'invalid_grant', error_description: 'canary <b>of the provider</b>' });
    gatehouse.upstream.misbehave('token', { reply: { status: 400, body } });
    const back = await browser.open(callback);
    expect(locationOf(back).href + back.html + JSON.stringify(gatehouse.log)).not.toContain('canary');
  });

  it('is no reason to ask the user again who tries once more from the app', async () => {
    const { browser, callback } = await approved();
    gatehouse.upstream.misbehave('userinfo', { reply: { status: 503 } });
    await browser.open(callback);
    gatehouse.upstream.misbehave('userinfo');
    expect((await signIn(gatehouse.issuer)).body).toHaveProperty('access_token');
  });
});

function withBadSignature(document: Record<string, unknown>) {
  const [header = '', payload = '', signature = ''] = String(document['id_token']).split('.');
  const other = signature.startsWith('A') ? 'B' : 'A';
  return { ...document, id_token: [header, payload, other + signature.slice(1)].join('.') };
}

describe('a tokenMapper', () => {
  const outcomeOf = async (tokenMapper: TokenMapper) => {
    await gatehouse.close();
    await start({ tokenMapper });
    const { browser, callback } = await approved();
    const back = await browser.open(callback);
    // A user who is refused takes it to the client.
    return parametersOf(back.status === 403 ? linkOf(back) : locationOf(back));
  };
  const extraOf = async (tokenMapper: TokenMapper) => {
    await gatehouse.close();
    await start({ tokenMapper });
    const { accessToken } = await signIn(gatehouse.issuer);
    const answer = await callResource(gatehouse.mcpUrl, accessToken);
    return (await answer.json()) as { clientId: string; scopes: string[]; extra: Record<string, unknown> };
  };

  it('that throws refuses the user, and says nothing of what it threw', async () => {
    const outcome = await outcomeOf(() => {
      throw new Error('canary: alice is on the list');
    });
    expect(outcome).toEqual(fault('access_denied'));
    expect(JSON.stringify([outcome, gatehouse.log])).not.toContain('canary');
    await expectNothingStored();
  });

  it('that rejects refuses the user', async () => {
    expect(await outcomeOf(() => Promise.reject(new Error('no')))).toEqual(fault('access_denied'));
    await expectNothingStored();
  });

  it('that throws an AuthError chooses what the client is told', async () => {
    const outcome = await outcomeOf(() => {
      throw new AuthError('access_denied', 'Only members of the team may sign in.');
    });
    expect(outcome).toEqual({ ...fault('access_denied'), error_description: 'Only members of the team may sign in.' });
    await expectNothingStored();
  });

  it.each([
    ['a sub that is no text', { sub: 7 }],
    ['an empty sub', { sub: '' }],
    ['an endless sub', { sub: 'x'.repeat(256) }],
    ['too many claims', { groups: Array.from({ length: 200 }, (_, index) => `group-${index}`) }],
  ])('that returns %s is a fault of the server', async (_, claims) => {
    expect(await outcomeOf(() => claims)).toEqual(fault('server_error'));
    await expectNothingStored();
  });

  it('cannot replace the claims of the server', async () => {
    const reserved = {
      iss: 'https://evil.example',
      aud: 'https://evil.example',
      exp: 9_999_999_999,
      iat: 1,
      nbf: 9_999_999_999,
      jti: 'x',
      client_id: 'x',
      scope: 'admin',
      grant_id: 'x',
      idp: 'x',
      cnf: { jkt: 'x' },
      act: { sub: 'x' },
    };
    const auth = await extraOf(() => ({ ...reserved, team: 'blue' }));
    expect(auth.scopes).toEqual(['mcp:tools']);
    expect(auth.extra).toMatchObject({ sub: 'oidc|alice', provider: 'oidc', claims: { team: 'blue' } });
    expect(auth.extra['claims']).toEqual({ team: 'blue' });
  });

  it('may choose the sub', async () => {
    expect((await extraOf(() => ({ sub: 'employee-7' }))).extra['sub']).toBe('employee-7');
  });

  it('that returns the bare sub of the provider gets it with the provider', async () => {
    expect((await extraOf((_, user) => ({ sub: user.sub }))).extra['sub']).toBe('oidc|alice');
  });

  it('may return nothing, and may take its time', async () => {
    expect((await extraOf(() => undefined)).extra).toMatchObject({ sub: 'oidc|alice', claims: {} });
    const slow: TokenMapper = async (tokens, user, provider) => {
      await Promise.resolve();
      return { has: typeof tokens.access_token, of: provider, verified: user.email_verified };
    };
    expect((await extraOf(slow)).extra['claims']).toEqual({
      has: 'string',
      of: { id: 'oidc', name: 'Test provider' },
      verified: true,
    });
  });
});

describe('two providers', () => {
  let first: UpstreamProviderServer;
  let second: UpstreamProviderServer;
  beforeEach(async () => {
    const { issuer } = gatehouse;
    first = await startUpstreamProvider({ callbackUrl: `${issuer}/oauth/callback/first` });
    second = await startUpstreamProvider({ callbackUrl: `${issuer}/oauth/callback/second` });
    const providers = [
      oidcProvider({ ...first, id: 'first', name: 'First' }),
      oidcProvider({ ...second, id: 'second', name: 'Second' }),
    ];
    await gatehouse.restart({ providers });
  });
  afterEach(() => Promise.all([first.stop(), second.stop()]));

  async function signInAt(provider: string) {
    const { client, verifier, url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const toProvider = locationOf(await browser.answer(await browser.open(url), `approve:${provider}`));
    const code = locationOf(await browser.open(await signInAtUpstream(toProvider))).searchParams.get('code') ?? '';
    const { body } = await redeem(gatehouse.issuer, client, code, verifier);
    const answer = await callResource(gatehouse.mcpUrl, String(body['access_token']));
    return ((await answer.json()) as { extra: { sub: string; grantId: string; provider: string } }).extra;
  }

  it('with the same sub never share a user, nor a partition', async () => {
    const [one, two, again] = [await signInAt('first'), await signInAt('second'), await signInAt('first')];
    expect([one.sub, two.sub]).toEqual(['first|alice', 'second|alice']);
    const userTag = ({ grantId }: { grantId: string }) => grantId.split('.')[0];
    expect(userTag(one)).toBe(userTag(again));
    expect(userTag(one)).not.toBe(userTag(two));
    const partitions = (await store.liveKeys('grant.')).map(({ partition }) => partition);
    expect(new Set(partitions).size).toBe(2);
  });

  it('are told apart by the page, which takes no approval without a choice', async () => {
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const page = await browser.open(url);
    expect(page.html).toContain('First');
    expect(page.html).toContain('Second');
    const answered = await browser.answer(page, 'approve');
    expect([answered.status, answered.location]).toEqual([400, undefined]);
  });

  it('lead to the one that was chosen last, when the user went back to the page', async () => {
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const page = await browser.open(url);
    expect(locationOf(await browser.answer(page, 'approve:first')).origin).toBe(first.issuer);
    expect(locationOf(await browser.answer(page, 'approve:second')).origin).toBe(second.issuer);
  });

  it('have a door each: one that answers for the other comes in at the wrong one, and nothing is spent', async () => {
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const toFirst = locationOf(await browser.answer(await browser.open(url), 'approve:first'));
    const callback = await signInAtUpstream(toFirst);
    const wrongDoor = new URL(callback.href.replace('/oauth/callback/first', '/oauth/callback/second'));
    expect((await browser.open(wrongDoor)).status).toBe(400);
    expect(second.requests.filter(({ path }) => path === '/token')).toEqual([]);
    expect(locationOf(await browser.open(callback)).searchParams.get('code')).toMatch(/^ac\./);
  });

  it('do not answer for each other: a code of the one is not taken to the other', async () => {
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const page = await browser.open(url);
    const toFirst = locationOf(await browser.answer(page, 'approve:first'));
    expect(toFirst.origin).toBe(first.issuer);
    const callback = await signInAtUpstream(toFirst);
    callback.searchParams.set('iss', second.issuer);
    expect(parametersOf(locationOf(await browser.open(callback)))).toEqual(fault('access_denied'));
    expect(second.requests.filter(({ path }) => path === '/token')).toEqual([]);
    await expectNothingStored();
  });
});

describe('a provider that grants less than was asked for', () => {
  it('lets its user in, and the operator is told', async () => {
    gatehouse.upstream.misbehave('token', { rewrite: (answer) => ({ ...answer, scope: 'openid profile' }) });
    expect((await signIn(gatehouse.issuer)).accessToken).not.toBe('undefined');
    expect(gatehouse.log.filter(({ event }) => event === 'upstream scopes missing')).toEqual([
      {
        level: 'warn',
        event: 'upstream scopes missing',
        provider: 'oidc',
        description: 'Not granted, though asked for: email.',
      },
    ]);
  });
});
