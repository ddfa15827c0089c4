import { readFileSync } from 'node:fs';
import { OAuthProxy, type AuditRecord } from 'mcp-gatehouse';
import { oidcProvider } from 'mcp-gatehouse/providers';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { auditOutcomes } from '../../src/telemetry/audit.js';
import {
  authorizationUrl,
  callResource,
  locationOf,
  pkce,
  postForm,
  redeem,
  refresh,
  register,
  revoke,
  signIn,
  SteppingBrowser,
} from '../support/client.js';
import { startGatehouse, testSecret, type Gatehouse, type GatehouseSettings } from '../support/gatehouse.js';
import { signInAtUpstream } from '../support/upstream-provider.js';

let gatehouse: Gatehouse;
const started: Gatehouse[] = [];
const told = new Set<string>();
const start = async (settings: GatehouseSettings = {}) => {
  gatehouse = await startGatehouse({ stoppedClock: true, ...settings });
  started.push(gatehouse);
};
beforeEach(() => start());
afterEach(async () => {
  for (const each of started.splice(0)) {
    for (const { event } of each.audit) told.add(event);
    await each.close();
  }
});

const names = () => gatehouse.audit.map(({ event }) => event);
const events = (name: string) => gatehouse.audit.filter(({ event }) => event === name);
const last = (name: string) => events(name).at(-1);
const machine = { clientId: 'machine', name: 'Machine', clientSecret: 'machine-secret-kD8wQ2vB5nX7mC1zL4' };

/** A browser on the consent page of a new client. */
async function onConsentPage(metadata: Record<string, unknown> = {}, parameters: Record<string, string> = {}) {
  const client = await register(gatehouse.issuer, metadata);
  const { verifier, challenge } = pkce();
  const browser = new SteppingBrowser();
  const page = await browser.open(authorizationUrl(gatehouse.issuer, client, challenge, parameters));
  return { client, verifier, browser, page };
}

describe('a sign-in', () => {
  it('is told from the registration to the tokens: who, through which client, at which provider, for what', async () => {
    const { client } = await signIn(gatehouse.issuer);
    const [registered, shown, approved, signedIn, created, issued, ...others] = gatehouse.audit.filter(
      ({ event }) => event !== 'signing_key.rotated',
    );
    const asked = { clientId: client.clientId, resource: gatehouse.mcpUrl, scopes: ['mcp:tools'] };
    const user = { subject: 'oidc|alice', provider: 'oidc' };
    const always = {
      at: expect.any(Number) as number,
      requestId: expect.stringMatching(/^[\w-]{12}$/) as string,
      address: '127.0.0.1',
      outcome: 'success',
      client: expect.stringMatching(/^[\w-]{12}$/) as string,
    };
    const { clientId } = client;
    expect(registered).toEqual({
      ...always,
      ...{ event: 'client.registered', clientId, clientName: 'Raw client', redirectHosts: ['127.0.0.1'] },
    });
    expect(shown).toEqual({ ...always, ...asked, event: 'consent.shown', clientName: 'Raw client' });
    expect(approved).toEqual({ ...always, ...asked, event: 'consent.approved', provider: 'oidc' });
    expect(signedIn).toEqual({ ...always, ...asked, ...user, event: 'user.signed_in' });
    const grantId = created?.grantId;
    expect(created).toEqual({ ...always, ...asked, ...user, event: 'grant.created', grantId });
    expect(grantId).toMatch(/^[\w.-]{57}$/);
    expect(issued).toEqual({
      ...always,
      ...asked,
      ...user,
      ...{ event: 'tokens.issued', grantType: 'authorization_code', grantId },
    });
    expect(others).toEqual([]);
    expect(new Set(gatehouse.audit.filter(({ client }) => client).map((each) => each.client)).size).toBe(1);
  });

  it('that is denied is told as a denial', async () => {
    const { client, browser, page } = await onConsentPage();
    await browser.answer(page, 'deny');
    expect(last('consent.denied')).toMatchObject({ outcome: 'failure', clientId: client.clientId });
    expect(names()).not.toContain('consent.approved');
  });

  it('whose page is answered by another browser is told, and nothing counts as approved', async () => {
    const { client, page } = await onConsentPage();
    await new SteppingBrowser().answer(page, 'approve');
    expect(last('consent.rejected')).toMatchObject({ outcome: 'failure', clientId: client.clientId });
    expect(last('consent.rejected')?.reason).toContain('another browser');
    expect(names()).not.toContain('consent.approved');
  });

  it('that comes back to another browser is told as failed', async () => {
    const { browser, page } = await onConsentPage();
    const callback = await signInAtUpstream(locationOf(await browser.answer(page, 'approve')));
    await new SteppingBrowser().open(callback);
    expect(last('sign_in.failed')).toMatchObject({ outcome: 'failure', provider: 'oidc' });
    expect(names()).not.toContain('user.signed_in');
    // Whose state nobody knows is nobody's sign-in.
    await new SteppingBrowser().open(`${gatehouse.issuer}/oauth/callback?state=x&code=y`);
    expect(events('sign_in.failed')).toHaveLength(1);
  });

  it('that fails at the provider is told with what the provider did', async () => {
    gatehouse.upstream.misbehave('token', { reply: { status: 400, body: '{"error":"invalid_client"}' } });
    const { browser, page } = await onConsentPage();
    await browser.open(await signInAtUpstream(locationOf(await browser.answer(page, 'approve'))));
    expect(last('sign_in.failed')?.reason).toMatch(/^Provider oidc, token response: .*invalid_client\.$/);
  });

  it('whose provider is away is told as failed after the approval', async () => {
    await start({ providers: [oidcProvider({ issuer: 'http://127.0.0.1:9', clientId: 'a', clientSecret: 'b' })] });
    const { browser, page } = await onConsentPage();
    await browser.answer(page, 'approve');
    expect(names().slice(-2)).toEqual(['consent.approved', 'sign_in.failed']);
  });

  it('of somebody whom no rule lets in is told with the rule and the account, and without the e-mail address', async () => {
    await start({ allow: { emails: ['bob@example.test'] } });
    const { client, browser, page } = await onConsentPage();
    await browser.open(await signInAtUpstream(locationOf(await browser.answer(page, 'approve'))));
    const refused = last('sign_in.refused');
    expect(refused).toMatchObject({ outcome: 'failure', subject: 'oidc|alice', provider: 'oidc' });
    expect(refused).toMatchObject({ clientId: client.clientId, scopes: ['mcp:tools'] });
    expect(refused?.reason).toContain('No rule of allow matches');
    expect(JSON.stringify(gatehouse.audit)).not.toContain('alice@');
    expect(names()).not.toContain('user.signed_in');
  });

  it('without a question says why nobody was asked', async () => {
    const own = { clientId: 'own', name: 'Own', redirectUris: ['https://own.example/cb'], consent: 'skip' as const };
    await start({ clients: [{ ...own, authenticationMethod: 'none' }] });
    const url = authorizationUrl(
      gatehouse.issuer,
      { clientId: 'own', redirectUri: 'https://own.example/cb' },
      pkce().challenge,
    );
    const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' };
    await new SteppingBrowser().open(url, navigation);
    expect(last('consent.skipped')).toMatchObject({ clientId: 'own', reason: 'The operator vouches for the client.' });
    expect(names()).not.toContain('consent.shown');
  });

  it('of another user than the one whom the page was made for is told with both questions', async () => {
    const { client, verifier, browser, page } = await onConsentPage();
    const back = await browser.open(await signInAtUpstream(locationOf(await browser.answer(page, 'approve'))));
    await redeem(gatehouse.issuer, client, locationOf(back).searchParams.get('code') ?? '', verifier);
    const before = gatehouse.audit.length;
    const { challenge } = pkce();
    const second = await browser.open(authorizationUrl(gatehouse.issuer, client, challenge));
    const callback = await signInAtUpstream(locationOf(await browser.answer(second, 'approve')), { user: 'bob' });
    await browser.answer(await browser.open(callback), 'approve');
    const later = gatehouse.audit.slice(before).map(({ event, subject }) => [event, subject]);
    expect(later).toEqual([
      ['consent.shown', undefined],
      ['consent.approved', undefined],
      ['user.signed_in', 'oidc|bob'],
      ['consent.shown', 'oidc|bob'],
      ['consent.approved', 'oidc|bob'],
      ['grant.created', 'oidc|bob'],
    ]);
  });
});

describe('the page of the connected applications', () => {
  it('is told when its user signs in, ends access, and signs out', async () => {
    await signIn(gatehouse.issuer);
    const { grantId } = last('tokens.issued') ?? {};
    const before = gatehouse.audit.length;
    const browser = new SteppingBrowser();
    const open = () => browser.open(`${gatehouse.issuer}/oauth/account`);
    const press = async (answer: string) => {
      const page = await open();
      const account = /name="account" value="([^"]*)"/.exec(page.html)?.[1] ?? '';
      return browser.answer(page, '', {}, { account, answer });
    };
    await browser.open(await signInAtUpstream(locationOf(await press('sign-in:oidc'))));
    await press(`end:${grantId ?? ''}`);
    await press('sign-out');
    const always = { outcome: 'success', provider: 'oidc', address: '127.0.0.1' };
    expect(gatehouse.audit.slice(before)).toEqual([
      expect.objectContaining({ ...always, event: 'account.signed_in', subject: 'oidc|alice' }),
      expect.objectContaining({ ...always, event: 'grant.ended', grantId, reason: 'revoked by user' }),
      expect.objectContaining({ ...always, event: 'account.signed_out' }),
    ]);
  });
});

describe('tokens', () => {
  it('are told when they are refreshed, served again, and replayed; the end of the grant names the cause', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer, 'alice', { scope: 'mcp:tools notes:write' });
    const { grantId } = last('tokens.issued') ?? {};
    await refresh(gatehouse.issuer, client, refreshToken, { scope: 'notes:write' });
    const user = { subject: 'oidc|alice', provider: 'oidc', grantId, clientId: client.clientId };
    expect(last('tokens.refreshed')).toMatchObject({ ...user, scopes: ['notes:write'], outcome: 'success' });
    await refresh(gatehouse.issuer, client, refreshToken);
    expect(last('tokens.grace_served')).toMatchObject({ ...user, scopes: ['mcp:tools', 'notes:write'] });
    gatehouse.advance(1000);
    await refresh(gatehouse.issuer, client, refreshToken);
    await refresh(gatehouse.issuer, client, refreshToken);
    expect(events('refresh_token.replayed')).toHaveLength(1);
    expect(last('refresh_token.replayed')).toMatchObject({ ...user, outcome: 'failure', address: '127.0.0.1' });
    expect(events('grant.ended')).toHaveLength(1);
    expect(last('grant.ended')).toMatchObject({ ...user, reason: 'refresh token replayed' });
    expect(last('grant.ended')?.requestId).toBe(last('refresh_token.replayed')?.requestId);
  });

  it('of a code that is used twice are told as a theft', async () => {
    const { client, code, verifier } = await signIn(gatehouse.issuer);
    await redeem(gatehouse.issuer, client, code, verifier);
    expect(names().slice(-2)).toEqual(['code.replayed', 'grant.ended']);
    expect(last('code.replayed')).toMatchObject({ subject: 'oidc|alice', clientId: client.clientId });
  });

  it('of a grant that its client has ended are no replay when they come again', async () => {
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    await revoke(gatehouse.issuer, client, refreshToken);
    await refresh(gatehouse.issuer, client, refreshToken);
    expect(last('grant.ended')).toMatchObject({ reason: 'revoked', subject: 'oidc|alice', address: '127.0.0.1' });
    expect(events('grant.ended')).toHaveLength(1);
    expect(names()).not.toContain('refresh_token.replayed');
  });

  it('are told when a client ends one of them, once', async () => {
    const { client, accessToken } = await signIn(gatehouse.issuer);
    await revoke(gatehouse.issuer, client, accessToken);
    await revoke(gatehouse.issuer, client, accessToken);
    expect(events('access_token.revoked')).toHaveLength(1);
    expect(last('access_token.revoked')).toMatchObject({ subject: 'oidc|alice', clientId: client.clientId });
    expect(names()).not.toContain('grant.ended');
  });

  it('that a machine gets are told as its own', async () => {
    await start({ clients: [machine] });
    const { status } = await postForm(
      `${gatehouse.issuer}/oauth/token`,
      { grant_type: 'client_credentials' },
      { authorization: `Basic ${Buffer.from(`machine:${machine.clientSecret}`).toString('base64')}` },
    );
    expect(status).toBe(200);
    expect(last('tokens.issued')).toMatchObject({
      grantType: 'client_credentials',
      subject: 'machine',
      clientId: 'machine',
    });
  });
});

describe('a client that does not prove itself', () => {
  it('is told by its id where it is known, and only by a short name where nobody knows it', async () => {
    await start({ clients: [{ ...machine, authenticationMethod: 'client_secret_post' }] });
    const url = `${gatehouse.issuer}/oauth/token`;
    const form = { grant_type: 'client_credentials', client_id: 'machine' };
    await postForm(url, { ...form, client_secret: 'canary-wrong' });
    expect(last('client.authentication_failed')).toMatchObject({
      ...{ clientId: 'machine', reason: 'The client secret is wrong.', outcome: 'failure', address: '127.0.0.1' },
    });
    // A secret in the wrong field is a stranger's id like any other.
    await postForm(url, { ...form, client_id: machine.clientSecret });
    const unknown = last('client.authentication_failed');
    expect(unknown).toMatchObject({
      reason: 'The client is unknown.',
      client: expect.stringMatching(/^[\w-]{12}$/) as string,
    });
    expect(unknown).not.toHaveProperty('clientId');
    expect(JSON.stringify(gatehouse.audit)).not.toContain(machine.clientSecret);
  });

  it('is told at the door of resource servers too', async () => {
    const { mcpUrl, issuer } = gatehouse;
    const key = 'canary-key-kD8wQ2vB5nX7mC1zL4jH9gF3sA6';
    await gatehouse.restart({
      resources: [{ url: mcpUrl, scopes: { 'mcp:tools': 'Use' }, introspection: { keys: [key] } }],
    });
    await postForm(`${issuer}/oauth/introspect`, { token: 'x' }, { authorization: `Bearer ${key}x` });
    expect(last('client.authentication_failed')).toMatchObject({ reason: 'The key is unknown.' });
  });
});

it('tells of signing keys: the first one, one that is due, and one that an operator asked for', async () => {
  await gatehouse.gate.ready();
  expect(last('signing_key.rotated')).toMatchObject({ reason: 'first start', outcome: 'success' });
  await gatehouse.gate.rotateSigningKeys();
  expect(last('signing_key.rotated')).toMatchObject({ reason: 'asked for' });
  await gatehouse.gate.rotateSigningKeys(); // is under way already
  gatehouse.advance(91 * 24 * 3600);
  const { keys } = (await (await fetch(`${gatehouse.issuer}/oauth/jwks`)).json()) as { keys: { kid: string }[] };
  expect(last('signing_key.rotated')).toMatchObject({ reason: 'due', keyId: keys.at(-1)?.kid });
  expect(events('signing_key.rotated')).toHaveLength(3);
});

it('tells once in a while of an address, or a client, that asks for too much', async () => {
  await start({ rateLimits: { registration: { requests: 1, seconds: 60 }, token: { requests: 1, seconds: 60 } } });
  await register(gatehouse.issuer);
  for (let count = 0; count < 5; count++) await register(gatehouse.issuer).catch(() => undefined);
  expect(events('request.rate_limited')).toHaveLength(1);
  expect(last('request.rate_limited')).toMatchObject({
    limit: 'registration',
    address: '127.0.0.1',
    outcome: 'failure',
  });
});

it('tells of a client that asks for too much by its id, wherever it comes from', async () => {
  const rateLimits = { token: { requests: 2, seconds: 60 } };
  await start({ clients: [machine], rateLimits, trustedProxies: ['loopback'] });
  const statuses: number[] = [];
  for (let count = 1; count <= 6; count++) {
    const authorization = `Basic ${Buffer.from(`machine:${machine.clientSecret}`).toString('base64')}`;
    const headers = { authorization, 'x-forwarded-for': `192.0.2.${count}` };
    const form = { grant_type: 'client_credentials' };
    statuses.push((await postForm(`${gatehouse.issuer}/oauth/token`, form, headers)).status);
  }
  expect(statuses).toEqual([200, 200, 429, 429, 429, 429]);
  expect(events('request.rate_limited')).toHaveLength(1);
  expect(last('request.rate_limited')).toMatchObject({
    ...{ limit: 'token', clientId: 'machine', address: '192.0.2.3', outcome: 'failure' },
  });
});

it('tells of a resource server that asks for too much by its resource', async () => {
  const key = 'canary-key-kD8wQ2vB5nX7mC1zL4jH9gF3sA6';
  const url = 'https://notes.example/mcp';
  const rateLimits = { introspection: { requests: 1, seconds: 60 } };
  await start({ resources: [{ url, introspection: { keys: [key] } }], rateLimits, trustedProxies: ['loopback'] });
  for (const address of ['192.0.2.1', '192.0.2.2']) {
    const headers = { authorization: `Bearer ${key}`, 'x-forwarded-for': address };
    await postForm(`${gatehouse.issuer}/oauth/introspect`, { token: 'x' }, headers);
  }
  expect(last('request.rate_limited')).toMatchObject({ limit: 'introspection', resource: url, address: '192.0.2.2' });
  expect(last('request.rate_limited')).not.toHaveProperty('clientId');
});

describe('a token that nobody presents', () => {
  const soon = { stoppedClock: false, unusedTokenTtl: 1 };
  const unused = () => events('access_token.unused');
  const waitForUnused = () => vi.waitFor(() => expect(unused()).toHaveLength(1), { timeout: 10_000 });

  it('is told of after a while, with whose it is; one that was presented is not', async () => {
    await start(soon);
    const used = await signIn(gatehouse.issuer, 'bob');
    expect((await callResource(gatehouse.mcpUrl, used.accessToken)).status).toBe(200);
    const { client } = await signIn(gatehouse.issuer, 'alice');
    await waitForUnused();
    expect(unused()[0]).toMatchObject({ subject: 'oidc|alice', clientId: client.clientId, outcome: 'failure' });
    expect(unused()[0]).toMatchObject({ grantId: last('tokens.issued')?.grantId, address: '127.0.0.1' });
  });

  it('is told of where a resource server asks what it is worth, and not where nobody here could see it', async () => {
    const key = 'canary-key-kD8wQ2vB5nX7mC1zL4jH9gF3sA6';
    const elsewhere = 'https://elsewhere.example/mcp';
    const asking = 'https://asking.example/mcp';
    const resources = [{ url: elsewhere }, { url: asking, introspection: { keys: [key] } }];
    await start({ ...soon, resources });
    const { issuer } = gatehouse;
    await signIn(issuer, 'alice', { resource: elsewhere });
    const { accessToken } = await signIn(issuer, 'bob', { resource: asking });
    await postForm(`${issuer}/oauth/introspect`, { token: accessToken }, { authorization: `Bearer ${key}` });
    await signIn(issuer, 'carol', { resource: asking });
    await waitForUnused();
    expect(unused()[0]).toMatchObject({ subject: 'oidc|carol', resource: asking });
  });

  it('is not told of where its grant has ended meanwhile', async () => {
    await start(soon);
    const ended = await signIn(gatehouse.issuer, 'bob');
    await revoke(gatehouse.issuer, ended.client, ended.refreshToken);
    await signIn(gatehouse.issuer, 'alice');
    await waitForUnused();
    expect(unused()[0]).toMatchObject({ subject: 'oidc|alice' });
  });
});

describe('what receives the events', () => {
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('canary-of-a-sink');
      },
    ],
    ['rejects', () => Promise.reject(new Error('canary-of-a-sink'))],
    ['never answers', () => new Promise(() => undefined)],
  ])('holds nobody up when it %s, and is told of once at most', async (how, audit) => {
    await start({ audit });
    const { refreshToken, client } = await signIn(gatehouse.issuer);
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(200);
    const told = gatehouse.log.filter(({ event }) => event === 'audit not delivered');
    expect(told).toHaveLength(how === 'never answers' ? 0 : 1);
    expect(JSON.stringify(gatehouse.log)).not.toContain('canary-of-a-sink');
  });

  it('holds nobody up when the log throws as well', async () => {
    const thrower = () => {
      throw new Error('full');
    };
    await start({ audit: thrower, log: thrower });
    expect((await signIn(gatehouse.issuer)).body).toHaveProperty('access_token');
  });

  it('gets records that it cannot change for others, from a proxy for one application too', async () => {
    const records: AuditRecord[] = [];
    const { upstream } = gatehouse;
    const proxy = new OAuthProxy({
      ...{ baseUrl: 'http://127.0.0.1:9', sessionSecret: testSecret, store: 'memory:' },
      ...{ redirectUris: ['http://127.0.0.1/cb'], rateLimits: false, log: () => undefined },
      providers: [oidcProvider(upstream)],
      audit: (record) => records.push(record),
    });
    await proxy.ready();
    await proxy.close();
    expect(records.map(({ event }) => event)).toEqual(['signing_key.rotated']);
    expect(Object.isFrozen(records[0])).toBe(true);
  });
});

describe('what strangers write', () => {
  const hostile = `Evil\u2800"}{"event":"consent.approved"}${'x'.repeat(150)}`;

  it('is bounded, and shown as it would be on a page', async () => {
    await onConsentPage({ client_name: hostile });
    for (const name of ['client.registered', 'consent.shown']) {
      const { clientName = '' } = last(name) ?? {};
      expect(clientName).toContain('Evil');
      expect(clientName).not.toContain('\u2800');
      expect(Array.from(clientName).length).toBeLessThanOrEqual(100);
    }
  });

  it('is one line each, whatever a subject or the provider holds, in the lines that are written by default', async () => {
    const written: string[] = [];
    const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => (written.push(String(text)), true));
    try {
      const sub = 'mallory\n{"level":"info"}\r\u001b[2J\u009b31m\u2028\u0085x';
      await start({ audit: undefined, log: undefined, tokenMapper: () => ({ sub }) });
      await signIn(gatehouse.issuer);
      await start({ audit: undefined, log: undefined, allow: { emails: ['bob@example.test'] } });
      const { browser, page } = await onConsentPage({}, { state: hostile });
      await browser.open(await signInAtUpstream(locationOf(await browser.answer(page, 'approve'))), {
        'user-agent': 'canary-agent',
      });
    } finally {
      spy.mockRestore();
    }
    const text = written.join('');
    const lines = text.trimEnd().split('\n');
    const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toHaveLength(written.length);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
    expect(text).not.toContain('canary-agent');
    const times = parsed.map(({ time }) => Date.parse(String(time)));
    expect(times.every((time) => Number.isFinite(time))).toBe(true);
    const kinds = parsed.map(({ level, kind, event }) => [level, kind, event]);
    expect(kinds).toContainEqual(['info', 'audit', 'grant.created']);
    expect(kinds).toContainEqual(['warn', undefined, 'sign-in refused']);
    expect(parsed.find(({ event }) => event === 'grant.created')?.subject).toMatch(/^mallory /);
  });

  it('names no client by more than the longest id that there is', async () => {
    const uris = Array.from({ length: 4 }, (_, index) => `https://client.example/${index}/${'y'.repeat(60)}`);
    const { client } = await onConsentPage(
      { redirect_uris: uris, client_name: 'z'.repeat(90) },
      { resource: 'https://nobody.example' },
    );
    expect(last('client.registered')).toMatchObject({ clientId: client.clientId, redirectHosts: ['client.example'] });
    for (const record of gatehouse.audit) expect((record.clientId ?? '').length).toBeLessThanOrEqual(1024);
  });
});

it('tells of whoever comes to the admin API with a wrong credential, or none, and of a flood of them no more than the limit lets through', async () => {
  const rateLimits = { admin: { requests: 3, seconds: 60 } };
  await start({ admin: { tokens: ['canary-admin-token-kD8wQ2vB5nX7mC1zL4jH9g'] }, rateLimits });
  const ask = (headers: Record<string, string>) => fetch(`${gatehouse.issuer}/oauth/admin/clients`, { headers });
  await ask({});
  for (let count = 0; count < 20; count++) await ask({ authorization: `Bearer canary-guess-${count}` });
  const told = events('admin.authentication_failed');
  expect(told.map(({ reason }) => reason)).toEqual([
    'The admin credential is missing.',
    'The admin credential is unknown.',
    'The admin credential is unknown.',
  ]);
  for (const each of told) expect(each).toMatchObject({ outcome: 'failure', address: '127.0.0.1' });
  expect(told[0]?.requestId).toMatch(/^[\w-]{12}$/);
  expect(told[0]).not.toHaveProperty('operator');
  expect(events('request.rate_limited')).toHaveLength(1);
  expect(JSON.stringify([gatehouse.audit, gatehouse.log])).not.toContain('canary');
});

describe('what an operator changes', () => {
  it('is told with who made it and from where, and what came to nothing is not', async () => {
    const by = { operator: 'alice', address: '192.0.2.1', requestId: 'r1' };
    const { clients, resources, blocks } = gatehouse.gate.operator;
    const url = 'https://notes.example/mcp';
    const { secret = '' } = await clients.add({ clientId: 'machine', name: 'M', newSecret: true }, by);
    await expect(clients.add({ clientId: 'machine', name: 'M', newSecret: true }, by)).rejects.toThrow();
    await clients.change('machine', { name: 'N' }, by);
    await expect(clients.change('nobody', { name: 'N' }, by)).rejects.toThrow();
    await clients.remove('machine', by);
    const { key = '' } = await resources.add({ url, newKey: true }, by);
    await resources.change(url, { name: 'Notes' }, by);
    await resources.remove(url, by);
    await blocks.add({ clientId: 'machine', reason: 'Spam' }, by);
    await blocks.add({ clientId: 'machine' }, by);
    await blocks.remove({ clientId: 'machine' }, by);
    await blocks.add({ host: 'evil.example' });
    const byOperator = gatehouse.audit.filter(({ operator }) => operator !== undefined);
    expect(byOperator.map(({ event, clientId, resource }) => [event, clientId ?? resource])).toEqual([
      ['client.added', 'machine'],
      ['client.changed', 'machine'],
      ['client.removed', 'machine'],
      ['resource.added', url],
      ['resource.changed', url],
      ['resource.removed', url],
      ['client.blocked', 'machine'],
      ['client.unblocked', 'machine'],
      ['client.blocked', undefined],
    ]);
    for (const each of byOperator.slice(0, -1)) expect(each).toMatchObject({ outcome: 'success', ...by });
    expect(byOperator.at(-1)).toMatchObject({ operator: 'application', host: 'evil.example' });
    for (const each of [secret, key]) expect(JSON.stringify(gatehouse.audit)).not.toContain(each);
  });
});

afterAll(() => {
  // Every event has been told in this file, on a real journey, and README names each.
  const names = Object.keys(auditOutcomes).sort();
  expect([...told].sort()).toEqual(names);
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
