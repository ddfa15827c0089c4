import { createServer, type Server } from 'node:http';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localProvider } from '../../examples/quick-start/local-provider.js';
import { oidcProvider } from '../../providers/index.js';
import { createPooledFetch, type PooledFetch } from '../../src/upstream/pooled-fetch.js';
import { createUpstream } from '../../src/upstream/create-upstream.js';
import type { Upstream } from '../../src/upstream/upstream.js';
import { denyAtUpstream, listen, signInAtUpstream, stop } from '../support/upstream-provider.js';

const leg = { state: 'state-1', codeVerifier: 'v'.repeat(43), nonce: 'nonce-1' };

describe('the local provider, mounted under a path of an Express application', () => {
  let server: Server;
  let pool: PooledFetch;
  let upstream: Upstream;

  beforeEach(async () => {
    const app = express();
    server = createServer(app);
    const origin = `http://localhost:${await listen(server, 0)}`;
    const issuer = `${origin}/local-provider`;
    const callbackUrl = `${origin}/oauth/callback`;
    const client = { clientId: 'gatehouse', clientSecret: 'secret' };
    app.use('/local-provider', localProvider({ issuer, ...client, redirectUri: callbackUrl }));
    pool = createPooledFetch();
    upstream = createUpstream(oidcProvider({ issuer, ...client }), { callbackUrl, fetch: pool.fetch, clock: () => 0 });
  });

  afterEach(async () => {
    pool.close();
    await stop(server);
  });

  async function signIn(user: string, cookies?: Map<string, string>) {
    const callback = await signInAtUpstream(await upstream.authorizationUrl(leg), {
      user,
      ...(cookies && { cookies }),
    });
    return upstream.complete({ ...leg, callbackQuery: callback.search });
  }

  it.each([
    ['alice', 'alice', 'alice@example.test', 'Alice'],
    ['  BOB ', 'bob', 'bob@example.test', 'Bob'],
    ['zoë@work', 'zoë@work', 'zoë@example.test', 'Zoë'],
  ])('signs %j in', async (typed, sub, email, name) => {
    const { user, tokens } = await signIn(typed);
    expect(user).toMatchObject({ sub, email, email_verified: true, name });
    expect(tokens.refresh_token).toBeTypeOf('string');
  });

  it('lets the same browser become somebody else', async () => {
    const cookies = new Map<string, string>();
    expect((await signIn('alice', cookies)).user.sub).toBe('alice');
    expect((await signIn('bob', cookies)).user.sub).toBe('bob');
  });

  it('can be cancelled', async () => {
    const callback = await denyAtUpstream(await upstream.authorizationUrl(leg));
    expect(callback.searchParams.get('error')).toBe('access_denied');
    expect(callback.searchParams.get('state')).toBe(leg.state);
  });

  it.each(['', '   ', '<script>alert(1)</script>', 'x'.repeat(65), 'a\u0000b'])(
    'asks again for the user name %j, without showing it',
    async (user) => {
      await expect(signIn(user)).rejects.toThrow(/answered 400: (?!.*alert\(1\))[^]*Please give a user name/);
    },
  );

  it('says so when a page has expired', async () => {
    const page = new URL('interaction/unknown', `${upstream.provider.issuer}/`);
    const response = await fetch(page);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('This page has expired');
  });
});
