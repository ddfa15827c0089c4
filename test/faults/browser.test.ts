import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { redeem, register } from '../support/client.js';
import { storeCanary, type Operation } from './faulty-store.js';
import { codeOf, expectUnavailablePage, expectUnavailableRedirect, faultScene, locationOf } from './scene.js';

let scene: Awaited<ReturnType<typeof faultScene>>;
beforeEach(async () => {
  scene = await faultScene();
});
afterEach(() => scene.close());

describe('while the store is away', () => {
  it('clients register and users read the page: neither needs it, once it was read who is blocked', async () => {
    await scene.gatehouse.gate.ready();
    scene.store.heal();
    scene.store.failAlways('throw before');
    const client = await register(scene.issuer);
    const page = await scene.newBrowser(client).ask();
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('name="transaction"');
    expect((await fetch(`${scene.issuer}/.well-known/oauth-authorization-server`)).status).toBe(200);
    // The copy of what is blocked may have been due.
    expect(scene.store.operations.filter((each) => each !== 'get document')).toEqual([]);
  });

  it('nobody is shown the page before it was read who is blocked', async () => {
    scene.store.failAlways('throw before');
    const client = await register(scene.issuer);
    await expectUnavailablePage(await scene.newBrowser(client).ask());
  });

  it.each(['approve', 'deny'])(
    'a user who wants to %s is asked to try again, with the same page later',
    async (decision) => {
      const client = await register(scene.issuer);
      const browser = scene.newBrowser(client);
      const page = await (await browser.ask()).text();
      scene.store.failAlways('throw before');
      await expectUnavailablePage(await browser.answer(page, decision));
      scene.store.heal();
      const location = locationOf(await browser.answer(page, decision));
      if (decision === 'approve') expect(location.origin).toBe(scene.gatehouse.upstream.issuer);
      else expect(location.searchParams.get('error')).toBe('access_denied');
    },
  );

  it('nobody is sent to the provider whose approval could not be written', async () => {
    const client = await register(scene.issuer);
    const browser = scene.newBrowser(client);
    const page = await (await browser.ask()).text();
    scene.store.failOn('set sign-in', 'throw before');
    expectUnavailableRedirect(await browser.answer(page, 'approve'), client, scene.issuer);
    scene.store.heal();
    const handOff = locationOf(await browser.answer(page, 'approve'));
    expect(handOff.origin).toBe(scene.gatehouse.upstream.issuer);
  });

  it('nobody is told of a denial that could not be written', async () => {
    const browser = scene.newBrowser(await register(scene.issuer));
    const page = await (await browser.ask()).text();
    scene.store.failOn('set sign-in', 'throw before');
    await expectUnavailablePage(await browser.answer(page, 'deny'));
    scene.store.heal();
    expect(locationOf(await browser.answer(page, 'approve')).origin).toBe(scene.gatehouse.upstream.issuer);
  });

  it('the keys cannot be had at the start, and can be as soon as the store is back', async () => {
    scene.store.failAlways('throw before');
    await expect(scene.gatehouse.gate.ready()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    const jwks = await fetch(`${scene.issuer}/oauth/jwks`);
    expect(jwks.status).toBe(503);
    expect(jwks.headers.get('retry-after')).not.toBeNull();
    expect(jwks.headers.get('cache-control')).toBe('no-store');
    scene.store.heal();
    await scene.gatehouse.gate.ready();
    expect((await fetch(`${scene.issuer}/oauth/jwks`)).status).toBe(200);
  });
});

describe('a fault of the store at the callback', () => {
  const upstreamTokenRequests = () =>
    scene.gatehouse.upstream.requests.filter(({ method, path }) => method === 'POST' && path === '/token').length;

  it('while the sign-in is read asks the user to try again, and then goes on', async () => {
    const browser = scene.newBrowser(await register(scene.issuer));
    const callback = await browser.untilCallback();
    scene.store.failOn('get sign-in', 'throw before');
    await expectUnavailablePage(await browser.return(callback));
    expect(upstreamTokenRequests()).toBe(0);
    scene.store.heal();
    expect(codeOf(await browser.return(callback))).toMatch(/^ac\./);
  });

  it('while the sign-in is finished spends nothing: the same callback works later', async () => {
    const client = await register(scene.issuer);
    const browser = scene.newBrowser(client);
    const callback = await browser.untilCallback();
    scene.store.failOn('set sign-in', 'throw before');
    expectUnavailableRedirect(await browser.return(callback), client, scene.issuer);
    expect(upstreamTokenRequests()).toBe(0);
    scene.store.heal();
    expect(codeOf(await browser.return(callback))).toMatch(/^ac\./);
  });

  it.each(['throw after', 'false after'] as const)(
    'that loses the answer after the sign-in was finished is none: its own write is not that of another (%s)',
    async (fault) => {
      const client = await register(scene.issuer);
      const browser = scene.newBrowser(client);
      const callback = await browser.untilCallback();
      scene.store.failOn('set sign-in', fault);
      const code = codeOf(await browser.return(callback));
      scene.store.heal();
      expect((await browser.return(callback)).headers.get('location')).toBeNull();
      expect((await redeem(scene.issuer, client, code, browser.verifier)).status).toBe(200);
    },
  );

  it('that hides whether the sign-in was finished gives no code, then or later; a new sign-in works', async () => {
    const client = await register(scene.issuer);
    const browser = scene.newBrowser(client);
    const callback = await browser.untilCallback();
    let written = false;
    scene.store.failWhen(({ verb, record }) => {
      if (written) return 'throw before';
      written = verb === 'set' && record === 'sign-in';
      return written ? 'throw after' : undefined;
    });
    expectUnavailableRedirect(await browser.return(callback), client, scene.issuer);
    scene.store.heal();
    const again = await browser.return(callback);
    expect(again.headers.get('location')).toBeNull();
    expect(upstreamTokenRequests()).toBe(0);
    expect(await browser.untilCode()).toMatch(/^ac\./);
  });

  it.each([
    ['get installation', 'throw before'],
    ['set installation', 'throw before'],
    ['set installation', 'throw after'],
    ['set vault', 'throw before'],
    ['set vault', 'throw after'],
    ['set grant', 'throw before'],
    ['set grant', 'late'],
  ] as const)('at %s (%s) gives no code; a new sign-in works', async (operation, fault) => {
    const client = await register(scene.issuer);
    const browser = scene.newBrowser(client);
    const callback = await browser.untilCallback();
    scene.store.failOn(operation, fault);
    expectUnavailableRedirect(await browser.return(callback), client, scene.issuer);
    expect(scene.store.operations).toContain(operation);
    scene.store.heal();
    expect((await browser.return(callback)).headers.get('location')).toBeNull();
    expect(await browser.untilCode()).toMatch(/^ac\./);
  });

  it.each(['throw after', 'false after'] as const)(
    'that loses the answer of the last write is none: the code is there (%s)',
    async (fault) => {
      const client = await register(scene.issuer);
      const browser = scene.newBrowser(client);
      const callback = await browser.untilCallback();
      scene.store.failOn('set grant', fault);
      const code = codeOf(await browser.return(callback));
      scene.store.heal();
      expect((await redeem(scene.issuer, client, code, browser.verifier)).status).toBe(200);
    },
  );

  it('between the two records leaves upstream tokens that nobody can use, and that go with the code', async () => {
    const client = await register(scene.issuer);
    const browser = scene.newBrowser(client);
    const callback = await browser.untilCallback();
    let vault: Operation['key'] | undefined;
    let grant: Operation['key'] | undefined;
    // The process ends between the two writes, for all that the store can tell.
    scene.store.failWhen(({ verb, record, key }) => {
      if (verb === 'set' && record === 'vault') vault = key;
      if (record === 'grant') grant = key;
      return record === 'grant' ? 'throw before' : undefined;
    });
    expectUnavailableRedirect(await browser.return(callback), client, scene.issuer);
    if (!vault || !grant) throw new Error('unreachable');
    expect(vault.partition).toBe(grant.partition);
    expect(await scene.inner.get(grant)).toBeUndefined();
    expect((await scene.inner.get(vault))?.value).not.toContain('access');
    scene.advance(61);
    expect(await scene.inner.list(vault.partition)).toEqual([]);
  });

  it('shows nothing of the driver’s error anywhere', async () => {
    const client = await register(scene.issuer);
    const browser = scene.newBrowser(client);
    const callback = await browser.untilCallback();
    scene.store.failOn('set vault', 'throw before');
    const response = await browser.return(callback);
    expect([...response.headers].flat().join('\n') + (await response.text())).not.toContain(storeCanary);
    const logged = scene.gatehouse.log.filter(({ level }) => level === 'error');
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatchObject({ code: 'temporarily_unavailable', path: '/oauth/callback' });
    expect(logged[0]?.causes?.length).toBeGreaterThan(0);
    const line = JSON.stringify(scene.gatehouse.log);
    for (const secret of callback.searchParams.values()) {
      if (secret.length > 20 && !secret.startsWith('http')) expect(line).not.toContain(secret);
    }
  });
});
