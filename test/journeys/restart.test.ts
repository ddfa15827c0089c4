import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  authorizationUrl,
  callResource,
  locationOf,
  newRequest,
  pkce,
  redeem,
  refresh,
  register,
  signIn,
  SteppingBrowser,
} from '../support/client.js';
import { startGatehouse, temporaryFolder, testSecret, type Gatehouse } from '../support/gatehouse.js';
import { signInAtUpstream } from '../support/upstream-provider.js';

let folder: ReturnType<typeof temporaryFolder>;
let gatehouse: Gatehouse;
beforeEach(async () => {
  folder = temporaryFolder();
  gatehouse = await startGatehouse({ store: `sqlite:${folder.path}/gatehouse.sqlite` });
});
afterEach(async () => {
  await gatehouse.close();
  folder.remove();
});

const secrets = Array.from({ length: 12 }, (_, index) => `${String(index).padStart(2, '0')}-${testSecret}`);
const kidOf = (credential: string) => credential.split('.')[1];

/** What can happen between two steps of a journey. */
const interruptions = {
  'a restart': () => () => gatehouse.restart(),
  // As the operator does it: first the new one behind the old one everywhere, then in front of it.
  'a rotation of the secret': () => {
    let used = 0;
    const ring = () => [...secrets.slice(0, used).reverse(), testSecret];
    return async () => {
      const [next = ''] = secrets.slice(used, used + 1);
      await gatehouse.restart({ secret: [...ring(), next] });
      used += 1;
      await gatehouse.restart({ secret: ring() });
    };
  },
};

describe.each(Object.entries(interruptions))('%s', (name, make) => {
  const isRotation = name.includes('rotation');

  it('between every two steps stops nobody', async () => {
    const interrupt = make();
    await gatehouse.gate.ready();
    await interrupt();
    const client = await register(gatehouse.issuer);
    await interrupt();
    const { verifier, challenge } = pkce();
    const browser = new SteppingBrowser();
    const page = await browser.open(authorizationUrl(gatehouse.issuer, client, challenge));
    await interrupt();
    const toProvider = locationOf(await browser.answer(page, 'approve'));
    await interrupt();
    const callback = await signInAtUpstream(toProvider);
    await interrupt();
    const code = locationOf(await browser.open(callback)).searchParams.get('code') ?? '';
    await interrupt();
    const redeemed = await redeem(gatehouse.issuer, client, code, verifier);
    expect(redeemed.status).toBe(200);
    await interrupt();
    const call = await callResource(gatehouse.mcpUrl, String(redeemed.body['access_token']));
    expect(call.status).toBe(200);
    expect(await call.json()).toMatchObject({ extra: { sub: 'oidc|alice', claims: { email: 'alice@example.test' } } });
    await interrupt();
    const refreshed = await refresh(gatehouse.issuer, client, String(redeemed.body['refresh_token']));
    expect(refreshed.status).toBe(200);
    await interrupt();
    expect((await callResource(gatehouse.mcpUrl, String(refreshed.body['access_token']))).status).toBe(200);
    if (isRotation) {
      const kids = [code, redeemed.body['refresh_token'], refreshed.body['refresh_token']].map((each) =>
        kidOf(String(each)),
      );
      expect(new Set(kids).size).toBe(3);
    }
  });

  it('keeps a superseded token in its window, and the answer the same', async () => {
    const interrupt = make();
    const { client, refreshToken } = await signIn(gatehouse.issuer);
    const first = await refresh(gatehouse.issuer, client, refreshToken);
    await interrupt();
    const again = await refresh(gatehouse.issuer, client, refreshToken);
    expect(again.status).toBe(200);
    expect(again.body['refresh_token']).toBe(first.body['refresh_token']);
  });

  it('forgets no replay', async () => {
    const interrupt = make();
    const { client, code, verifier, accessToken, refreshToken } = await signIn(gatehouse.issuer);
    await interrupt();
    expect((await redeem(gatehouse.issuer, client, code, verifier)).status).toBe(400);
    await interrupt();
    expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(401);
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(400);
  });

  it('forgets no answer to a form, and no finished sign-in', async () => {
    const interrupt = make();
    const { url } = await newRequest(gatehouse.issuer);
    const browser = new SteppingBrowser();
    const [denied, finished] = [await browser.open(url), await browser.open(url)];
    await browser.answer(denied, 'deny');
    const callback = await signInAtUpstream(locationOf(await browser.answer(finished, 'approve')));
    const cookies = new Map(browser.cookies);
    await browser.open(callback);
    await interrupt();
    expect((await browser.answer(denied, 'approve')).status).toBe(409);
    expect((await browser.answer(finished, 'approve')).status).toBe(409);
    expect((await new SteppingBrowser(cookies).open(callback)).status).toBe(409);
  });

  it('publishes the same keys as before', async () => {
    const keys = async () => (await fetch(`${gatehouse.issuer}/oauth/jwks`)).text();
    const interrupt = make();
    const before = await keys();
    await interrupt();
    expect(await keys()).toBe(before);
  });
});

it('keeps a confidential client, and its secret, through restarts and rotations', async () => {
  const client = await register(gatehouse.issuer, { token_endpoint_auth_method: 'client_secret_post' });
  const rotate = interruptions['a rotation of the secret']();
  await rotate();
  await rotate();
  const attempt = (secret: string | undefined) =>
    refresh(gatehouse.issuer, client, 'rt.none', { client_secret: secret });
  expect(await attempt(client.clientSecret)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  expect(await attempt(`${client.clientSecret ?? ''}x`)).toMatchObject({ status: 401 });
});

it('ends what a secret made once that secret is taken off the ring, without harm to the rest', async () => {
  const before = await signIn(gatehouse.issuer, 'alice');
  const fresh = secrets[0] ?? '';
  await gatehouse.restart({ secret: [fresh, testSecret] });
  await gatehouse.gate.ready();
  const after = await signIn(gatehouse.issuer, 'bob');
  await gatehouse.restart({ secret: fresh });
  await gatehouse.gate.ready();
  const old = await refresh(gatehouse.issuer, before.client, before.refreshToken);
  expect(old).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  expect((await callResource(gatehouse.mcpUrl, after.accessToken)).status).toBe(200);
  expect((await refresh(gatehouse.issuer, after.client, after.refreshToken)).status).toBe(200);
});

describe('a server that was given a foreign secret for its store', () => {
  const foreign = 'foreign-Kd93jfUw0Zq8xPl2mVn5rTb7';

  it('says so at start, and nobody loses a token over it', async () => {
    const { client, accessToken, refreshToken } = await signIn(gatehouse.issuer);
    await gatehouse.restart({ secret: foreign });
    await expect(gatehouse.gate.ready()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    expect(await gatehouse.gate.ready().catch((error: unknown) => (error as Error).cause)).toMatchObject({
      message: expect.stringContaining('written under another secret') as string,
    });
    expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(503);
    expect((await fetch(`${gatehouse.issuer}/oauth/jwks`)).status).toBe(503);

    await gatehouse.restart({ secret: testSecret });
    await gatehouse.gate.ready();
    expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(200);
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(200);
  });

  it('answers 503 at the token endpoint, since a client drops everything on invalid_client', async () => {
    const { client, code, verifier, refreshToken } = await signIn(gatehouse.issuer);
    await gatehouse.restart({ secret: foreign });
    const answers = [
      await refresh(gatehouse.issuer, client, refreshToken),
      await redeem(gatehouse.issuer, client, code, verifier),
    ];
    expect(answers.map(({ status, body }) => [status, body['error']])).toEqual(
      answers.map(() => [503, 'temporarily_unavailable']),
    );
  });

  it('does not tell a user that their app is unknown', async () => {
    const { url } = await newRequest(gatehouse.issuer);
    await gatehouse.gate.ready();
    await gatehouse.restart({ secret: foreign });
    const visit = await new SteppingBrowser().open(url);
    expect([visit.status, visit.location]).toEqual([503, undefined]);
  });

  it('approves nothing that it could not finish', async () => {
    await gatehouse.gate.ready();
    await gatehouse.restart({ secret: foreign });
    const { url } = await newRequest(gatehouse.issuer); // registered under the foreign secret
    const browser = new SteppingBrowser();
    const approved = await browser.answer(await browser.open(url), 'approve');
    const back = await browser.open(await signInAtUpstream(locationOf(approved)));
    expect(locationOf(back).searchParams.get('error')).toBe('temporarily_unavailable');
    expect(locationOf(back).searchParams.has('code')).toBe(false);
  });
});
