import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorizationUrl,
  callResource,
  locationOf,
  newRequest,
  pkce,
  postForm,
  redeem,
  refresh,
  register,
  revoke,
  signIn,
  signInWith,
  SteppingBrowser,
  walk,
  type Answer,
} from '../support/client.js';
import { startInstances, type Instances } from '../support/instances.js';
import { clientOfLine1 } from '../support/sdk-client-v1.js';
import { clientOfLine2 } from '../support/sdk-client-v2.js';
import { isWithout, type SharedStoreKind } from '../support/shared-stores.js';
import { signInAtUpstream } from '../support/upstream-provider.js';

const introspectionKey = 'n0tesKey-wQ2vB5nX7mC1zL4jH9gF3sA6pO0iUkD8';
const invalidGrant = { status: 400, body: { error: 'invalid_grant' } };
const refreshTokenOf = ({ body }: Answer) => String(body['refresh_token']);
const accessTokenOf = ({ body }: Answer) => String(body['access_token']);
const kidOf = (token: string) => decodeProtectedHeader(token).kid;

/** The journey with every step on another machine, and what machines have to agree on. */
export function describeSeveralInstances(kind: SharedStoreKind): void {
  describe.skipIf(isWithout[kind])(`three instances, whose clocks differ, on one store (${kind})`, () => {
    let gatehouse: Instances;
    let issuer: string;
    beforeAll(async () => {
      gatehouse = await startInstances({ store: kind });
      issuer = gatehouse.issuer;
      await gatehouse.restart({
        resources: [
          {
            url: gatehouse.mcpUrl,
            scopes: { 'mcp:tools': 'Use the tools' },
            introspection: { keys: [introspectionKey] },
          },
        ],
      });
    }, 60_000);
    afterAll(() => gatehouse.close());

    const atEach = <T>(ask: (origin: string) => Promise<T>) =>
      Promise.all(gatehouse.processes.map(({ port }) => ask(`http://127.0.0.1:${port}`)));
    const statusAtEach = async (token: string) =>
      atEach(async (origin) => (await callResource(`${origin}/mcp`, token)).status);
    const publishedKeys = async (origin: string) => {
      const { keys } = (await (await fetch(`${origin}/oauth/jwks`)).json()) as { keys: { kid: string }[] };
      return keys.map(({ kid }) => kid);
    };
    const inParallel = <T>(count: number, ask: () => Promise<T>) => Promise.all(Array.from({ length: count }, ask));
    async function codeFor(scope = 'mcp:tools') {
      const { client, verifier, url } = await newRequest(issuer, { scope });
      const code = (await walk(url, client)).searchParams.get('code') ?? '';
      return { client, code, present: () => redeem(issuer, client, code, verifier) };
    }

    it('make one signing key, and one installation, when they start at the same moment on an empty store', async () => {
      const own = await startInstances({ store: kind });
      try {
        const published = await Promise.all(own.processes.map(({ port }) => publishedKeys(`http://127.0.0.1:${port}`)));
        expect(published.map((keys) => keys.length)).toEqual([1, 1, 1]);
        expect(new Set(published.flat()).size).toBe(1);
        await own.all({ does: 'be ready' });
        // The installation key makes the ids of grants: one that is unknown to an instance is refused there.
        const { accessToken } = await signIn(own.issuer);
        const statuses = own.processes.map(({ port }) => callResource(`http://127.0.0.1:${port}/mcp`, accessToken));
        expect((await Promise.all(statuses)).map(({ status }) => status)).toEqual([200, 200, 200]);
      } finally {
        await own.close();
      }
    });

    it('lead a user from discovery to a tool, with each step at another one than the step before', async () => {
      gatehouse.balancer.served.length = 0;
      const challenged = await callResource(gatehouse.mcpUrl, undefined);
      const [, documentUrl = ''] =
        /resource_metadata="([^"]+)"/.exec(challenged.headers.get('www-authenticate') ?? '') ?? [];
      const document = (await (await fetch(documentUrl)).json()) as { authorization_servers: string[] };
      expect(document.authorization_servers).toEqual([issuer]);
      const metadata = (await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json()) as {
        issuer: string;
      };
      expect(metadata.issuer).toBe(issuer);

      const client = await register(issuer);
      const { verifier, challenge } = pkce();
      const browser = new SteppingBrowser();
      const page = await browser.open(authorizationUrl(issuer, client, challenge, { scope: 'openid mcp:tools' }));
      const toProvider = locationOf(await browser.answer(page, 'approve'));
      const back = locationOf(await browser.open(await signInAtUpstream(toProvider)));
      const issued = await redeem(issuer, client, back.searchParams.get('code') ?? '', verifier);
      expect(issued.status).toBe(200);
      const refreshed = await refresh(issuer, client, refreshTokenOf(issued));
      expect(refreshed.status).toBe(200);
      const authorization = `Bearer ${accessTokenOf(refreshed)}`;
      expect((await callResource(gatehouse.mcpUrl, accessTokenOf(refreshed))).status).toBe(200);
      const user = await fetch(`${issuer}/oauth/userinfo`, { headers: { authorization } });
      expect(await user.json()).toMatchObject({ sub: 'oidc|alice' });
      const bearer = { authorization: `Bearer ${introspectionKey}` };
      const introspected = await postForm(`${issuer}/oauth/introspect`, { token: accessTokenOf(refreshed) }, bearer);
      expect(introspected.body).toMatchObject({ active: true });

      const { served } = gatehouse.balancer;
      expect(served.length).toBeGreaterThanOrEqual(12);
      expect(served.filter((each, index) => each === served[index + 1])).toEqual([]);
      expect(new Set(served).size).toBe(3);
    });

    it('let one of twenty parallel exchanges of a code succeed, over all of them', async () => {
      const { client, present } = await codeFor();
      const answers = await inParallel(20, present);
      const good = answers.filter(({ status }) => status === 200);
      expect(good).toHaveLength(1);
      expect(answers.filter(({ body }) => body['error'] === 'invalid_grant')).toHaveLength(19);
      for (const answer of good) {
        expect(await statusAtEach(accessTokenOf(answer))).toEqual([401, 401, 401]);
        expect(await refresh(issuer, client, refreshTokenOf(answer))).toMatchObject(invalidGrant);
      }
    });

    it('give forty parallel refreshes of one token the identical successor', async () => {
      const { client, refreshToken } = await signIn(issuer);
      const answers = await inParallel(40, () => refresh(issuer, client, refreshToken));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      expect(new Set(answers.map(refreshTokenOf)).size).toBe(1);
      const statuses = await Promise.all(
        answers.map((answer) => callResource(gatehouse.mcpUrl, accessTokenOf(answer))),
      );
      expect(statuses.filter(({ status }) => status !== 200)).toEqual([]);
    });

    it('spend a callback once, when the browser comes back to several of them at the same moment', async () => {
      const { client, verifier, url } = await newRequest(issuer);
      const browser = new SteppingBrowser();
      const toProvider = locationOf(await browser.answer(await browser.open(url), 'approve'));
      const callback = await signInAtUpstream(toProvider);
      const visits = await inParallel(6, () => new SteppingBrowser(browser.cookies).open(callback));
      const codes = visits.flatMap(({ location }) => location?.searchParams.get('code') ?? []);
      expect(codes).toHaveLength(1);
      expect((await redeem(issuer, client, codes[0] ?? '', verifier)).status).toBe(200);
    });

    it('refuse on each of them what was revoked on one, on the very next request', async () => {
      const { client, accessToken, refreshToken } = await signIn(issuer, 'alice', { scope: 'openid mcp:tools' });
      expect(await statusAtEach(accessToken)).toEqual([200, 200, 200]);
      expect((await revoke(issuer, client, refreshToken)).status).toBe(200);
      expect(await statusAtEach(accessToken)).toEqual([401, 401, 401]);
      const headers = { authorization: `Bearer ${accessToken}` };
      expect(await atEach(async (origin) => (await fetch(`${origin}/oauth/userinfo`, { headers })).status)).toEqual([
        401, 401, 401,
      ]);
      const bearer = { authorization: `Bearer ${introspectionKey}` };
      const told = await atEach((origin) => postForm(`${origin}/oauth/introspect`, { token: accessToken }, bearer));
      expect(told.map(({ body }) => body)).toEqual(Array(3).fill({ active: false }));
      for (const answer of await atEach((origin) => refresh(origin, client, refreshToken))) {
        expect(answer).toMatchObject(invalidGrant);
      }
    });

    it('serve the current token within the grace window, and end the grant at a replay, wherever it comes in', async () => {
      const { client, refreshToken } = await signIn(issuer);
      const current = refreshTokenOf(await refresh(issuer, client, refreshToken));
      for (const answer of await atEach((origin) => refresh(origin, client, refreshToken))) {
        expect([answer.status, refreshTokenOf(answer)]).toEqual([200, current]);
      }
      gatehouse.advance(200);
      const younger = await refresh(issuer, client, current);
      expect(await statusAtEach(accessTokenOf(younger))).toEqual([200, 200, 200]);
      expect(await refresh(issuer, client, refreshToken)).toMatchObject(invalidGrant);
      expect(await statusAtEach(accessTokenOf(younger))).toEqual([401, 401, 401]);
      expect(await refresh(issuer, client, refreshTokenOf(younger))).toMatchObject(invalidGrant);
    });

    it('agree on a rotation of the signing keys that one of them begins', async () => {
      const before = await signIn(issuer);
      const [old = ''] = await publishedKeys(issuer);
      await gatehouse.processes[1]?.obey({ does: 'rotate' });
      // Two at the same moment make one.
      await gatehouse.all({ does: 'rotate' });
      gatehouse.advance(61);
      for (const published of await atEach(publishedKeys)) expect(published).toEqual([old, expect.any(String)]);

      // A day after its publication the new key signs; until then the old one does.
      gatehouse.advance(24 * 3600 - 120);
      const { client } = before;
      const during = await refresh(issuer, client, before.refreshToken);
      expect(kidOf(accessTokenOf(during))).toBe(old);
      gatehouse.advance(119);
      const after = await Promise.all([1, 2, 3].map(() => refresh(issuer, client, refreshTokenOf(during))));
      const fresh = after.map(accessTokenOf);
      expect(new Set(fresh.map(kidOf)).size).toBe(1);
      expect(kidOf(fresh[0] ?? '')).not.toBe(old);
      expect(await statusAtEach(accessTokenOf(during))).toEqual([200, 200, 200]);
      for (const token of fresh) expect(await statusAtEach(token)).toEqual([200, 200, 200]);
    });
  });

  describe.skipIf(isWithout[kind])(`before tools of several instances (${kind})`, () => {
    let gatehouse: Instances;
    const begin = async (mcpServer?: 'line 1' | 'line 2') =>
      (gatehouse = await startInstances({ store: kind, ...(mcpServer && { mcpServer }) }));

    it('the provider is asked once for new tokens, however many of them ask', async () => {
      await begin();
      try {
        const { accessToken } = await signIn(gatehouse.issuer);
        gatehouse.advance(3570);
        const before = gatehouse.upstream.requests.filter(({ path }) => path === '/token').length;
        const headers = { authorization: `Bearer ${accessToken}` };
        const origin = new URL(gatehouse.issuer).origin;
        const answers = await Promise.all(
          Array.from({ length: 30 }, () => fetch(`${origin}/upstream-token`, { headers })),
        );
        const tokens = (await Promise.all(answers.map((each) => each.json()))) as { accessToken?: string }[];
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
        expect(new Set(tokens.map((each) => each.accessToken)).size).toBe(1);
        expect(gatehouse.upstream.requests.filter(({ path }) => path === '/token').length).toBe(before + 1);
      } finally {
        await gatehouse.close();
      }
    });

    it.each([
      ['line 1', clientOfLine1],
      ['line 2', clientOfLine2],
    ] as const)('a client of the SDK signs in, calls tools, and refreshes (%s)', async (line, create) => {
      await begin(line);
      const client = create(new URL(gatehouse.mcpUrl));
      try {
        expect(await client.connect()).toBe(false);
        const url = client.memory.redirects.at(-1) ?? new URL('about:blank');
        await client.finish(await walk(url, { clientId: '', redirectUri: client.memory.redirectUrl }));
        expect(await client.connect()).toBe(true);
        await client.memory.idle();
        expect(await client.call('whoami')).toMatchObject({ extra: { sub: 'oidc|alice' } });
        gatehouse.advance(3700);
        // Line 1 gives up a call whose first 401 comes after another call has just refreshed: that one is made again.
        const again = (fault: unknown) => {
          if (!String(fault).includes('401 after successful authentication')) throw fault;
          return client.call('whoami');
        };
        const calls = await Promise.all(Array.from({ length: 10 }, () => client.call('whoami').catch(again)));
        for (const said of calls) expect(said).toMatchObject({ extra: { sub: 'oidc|alice' } });
        expect(client.memory.redirects).toHaveLength(1);
        expect(client.memory.invalidated).toEqual([]);
        expect(new Set(gatehouse.balancer.served).size).toBe(3);
      } finally {
        await client.close();
        await gatehouse.close();
      }
    });

    it('a user with two clients has grants of their own, which end by themselves', async () => {
      await begin();
      try {
        const first = await signIn(gatehouse.issuer);
        const second = await signInWith(gatehouse.issuer, await register(gatehouse.issuer, { client_name: 'Other' }));
        await revoke(gatehouse.issuer, first.client, first.refreshToken);
        expect((await callResource(gatehouse.mcpUrl, first.accessToken)).status).toBe(401);
        expect((await callResource(gatehouse.mcpUrl, second.accessToken)).status).toBe(200);
      } finally {
        await gatehouse.close();
      }
    });
  });
}
