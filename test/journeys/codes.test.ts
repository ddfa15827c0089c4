import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  authorizationUrl,
  callResource,
  pkce,
  redeem,
  refresh,
  register,
  walk,
  type Answer,
  type RawClient,
} from '../support/client.js';
import { recordingStore, startGatehouse, type Gatehouse, type RecordingStore } from '../support/gatehouse.js';

let gatehouse: Gatehouse;
let store: RecordingStore;
/** What happens to a write before its answer comes back. */
let afterWrite: (key: { id: string }) => void;
let beforeWrite: (key: { id: string }) => void;
beforeEach(async () => {
  afterWrite = beforeWrite = () => undefined;
  gatehouse = await startGatehouse({
    stoppedClock: true,
    wrapStore(inner) {
      store = recordingStore({
        ...inner,
        async set(key, value, options) {
          beforeWrite(key);
          const written = await inner.set(key, value, options);
          afterWrite(key);
          return written;
        },
      });
      return store;
    },
  });
});
afterEach(() => gatehouse.close());

const tokensOf = ({ body }: Answer) => ({
  accessToken: String(body['access_token']),
  refreshToken: String(body['refresh_token']),
});
const invalidGrant = { status: 400, body: { error: 'invalid_grant' } };

async function codeFor(client: RawClient, parameters: Record<string, string | undefined> = {}) {
  const { verifier, challenge } = pkce();
  const returned = await walk(authorizationUrl(gatehouse.issuer, client, challenge, parameters), client);
  const code = returned.searchParams.get('code') ?? '';
  const present = (changes: Record<string, string | undefined> = {}) =>
    redeem(gatehouse.issuer, client, code, verifier, changes);
  return { client, code, verifier, present };
}

async function newCode(metadata: Record<string, unknown> = {}) {
  return codeFor(await register(gatehouse.issuer, metadata));
}

async function expectDead(client: RawClient, { accessToken, refreshToken }: ReturnType<typeof tokensOf>) {
  expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(401);
  expect(await refresh(gatehouse.issuer, client, refreshToken)).toMatchObject(invalidGrant);
  expect(await store.liveKeys('vault.')).toEqual([]);
}

describe('a code that is presented twice', () => {
  it('is refused, and ends what the first redemption issued', async () => {
    const { client, present } = await newCode();
    const tokens = tokensOf(await present());
    expect((await callResource(gatehouse.mcpUrl, tokens.accessToken)).status).toBe(200);
    expect(await store.liveKeys('vault.')).toHaveLength(1);
    expect(await present()).toMatchObject(invalidGrant);
    await expectDead(client, tokens);
  });

  it('ends also what was refreshed since, and stays refused', async () => {
    const { client, present } = await newCode();
    const first = tokensOf(await present());
    const second = tokensOf(await refresh(gatehouse.issuer, client, first.refreshToken));
    expect(await present()).toMatchObject(invalidGrant);
    await expectDead(client, second);
    expect(await present()).toMatchObject(invalidGrant);
  });

  it('counts as presented twice also after its own end, while the grant lives', async () => {
    const { client, present } = await newCode();
    const tokens = tokensOf(await present());
    gatehouse.advance(3000);
    expect(await present()).toMatchObject(invalidGrant);
    await expectDead(client, tokens);
  });

  it('does not touch the other grants of the same user and client', async () => {
    const { client, present } = await newCode();
    const other = await codeFor(client);
    const tokens = tokensOf(await other.present());
    await present();
    await present();
    expect((await callResource(gatehouse.mcpUrl, tokens.accessToken)).status).toBe(200);
    expect((await refresh(gatehouse.issuer, client, tokens.refreshToken)).status).toBe(200);
  });

  it('was redeemed by one of fifty at once, who is then signed out, for one of them is a thief', async () => {
    const { client, present } = await newCode();
    store.gather('grant.', 50);
    const answers = await Promise.all(Array.from({ length: 50 }, () => present()));
    const issued = answers.filter(({ body }) => 'access_token' in body);
    expect(issued).toHaveLength(1);
    expect(answers.filter(({ body }) => body['error'] === 'invalid_grant')).toHaveLength(49);
    for (const answer of issued) await expectDead(client, tokensOf(answer));
  });
});

describe('a code that somebody else presents', () => {
  /** Whatever is tried in between changes nothing: before, the code is good, and afterwards what it gave. */
  async function expectHarmless(
    attempt: (code: Awaited<ReturnType<typeof newCode>>) => Promise<Answer>,
    error: string,
  ) {
    const stolen = await newCode();
    const before = store.writes.length;
    const refused = await attempt(stolen);
    expect(refused.body['error']).toBe(error);
    expect(refused.body).not.toHaveProperty('access_token');
    expect(store.writes.length).toBe(before);
    const redeemed = await stolen.present();
    expect(redeemed.status).toBe(200);
    expect((await attempt(stolen)).body['error']).toBe(error);
    const { accessToken, refreshToken } = tokensOf(redeemed);
    expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(200);
    expect((await refresh(gatehouse.issuer, stolen.client, refreshToken)).status).toBe(200);
  }

  it('is refused to another public client', async () => {
    const other = await register(gatehouse.issuer, { client_name: 'Thief' });
    await expectHarmless(({ present }) => present({ client_id: other.clientId }), 'invalid_grant');
  });

  it('is refused to a confidential client with good credentials', async () => {
    const other = await register(gatehouse.issuer, { token_endpoint_auth_method: 'client_secret_post' });
    await expectHarmless(
      ({ present }) => present({ client_id: other.clientId, client_secret: other.clientSecret }),
      'invalid_grant',
    );
  });

  it('is refused to a client that nobody knows', async () => {
    await expectHarmless(({ present, client }) => present({ client_id: `${client.clientId}x` }), 'invalid_client');
  });

  it('is refused with a wrong verifier', async () => {
    await expectHarmless(({ present }) => present({ code_verifier: pkce().verifier }), 'invalid_grant');
  });

  it('is refused with the challenge for a verifier', async () => {
    await expectHarmless(
      ({ present, verifier }) => present({ code_verifier: createHash('sha256').update(verifier).digest('base64url') }),
      'invalid_grant',
    );
  });

  it.each([undefined, ''])('is refused without a verifier (%j)', async (verifier) => {
    await expectHarmless(({ present }) => present({ code_verifier: verifier }), 'invalid_request');
  });

  it.each([undefined, 'http://127.0.0.1:8910/callback/', 'http://127.0.0.1:8911/callback', 'https://evil.example/cb'])(
    'is refused with the redirect URI %s',
    async (redirectUri) => {
      await expectHarmless(({ present }) => present({ redirect_uri: redirectUri }), 'invalid_grant');
    },
  );

  it('is refused when it was changed in any part', async () => {
    await expectHarmless(async ({ present, code }) => {
      const parts = code.split('.');
      const answers = [];
      for (const index of parts.keys()) {
        const part = parts[index] ?? '';
        const other = (/^\d+$/.test(part) ? '' : part.slice(0, -3)) + (part.endsWith('1AA') ? '1BB' : '1AA');
        const changed = parts.with(index, part.length === 1 ? '1' : other).join('.');
        answers.push(await present({ code: changed }));
      }
      expect(answers.map(({ body }) => body['error'])).toEqual(parts.map(() => 'invalid_grant'));
      return answers[0] as Answer;
    }, 'invalid_grant');
  });

  it('is no refresh token, a refresh token is no code, and none of the three is a client', async () => {
    const { client, code, present } = await newCode();
    expect(await refresh(gatehouse.issuer, client, code)).toMatchObject(invalidGrant);
    const { refreshToken, accessToken } = tokensOf(await present());
    expect(await present({ code: refreshToken })).toMatchObject(invalidGrant);
    expect(await present({ code: accessToken })).toMatchObject(invalidGrant);
    expect((await callResource(gatehouse.mcpUrl, refreshToken)).status).toBe(401);
    expect((await callResource(gatehouse.mcpUrl, code)).status).toBe(401);
    expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(200);
    for (const clientId of [accessToken, refreshToken, code]) {
      expect(await present({ client_id: clientId })).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    }
  });
});

describe('the code of a confidential client', () => {
  async function confidentialCode(method: 'client_secret_basic' | 'client_secret_post') {
    const code = await newCode({ token_endpoint_auth_method: method });
    return { ...code, secret: code.client.clientSecret ?? '' };
  }

  it('is redeemed with its secret only', async () => {
    const { present, secret } = await confidentialCode('client_secret_post');
    for (const attempt of [{}, { client_secret: '' }, { client_secret: `${secret}x` }]) {
      expect(await present(attempt)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    }
    expect((await present({ client_secret: secret })).status).toBe(200);
  });

  it('is not redeemed with the secret of another client', async () => {
    const { present, secret } = await confidentialCode('client_secret_post');
    const other = await register(gatehouse.issuer, { token_endpoint_auth_method: 'client_secret_post' });
    expect((await present({ client_secret: other.clientSecret })).status).toBe(401);
    expect((await present({ client_secret: secret })).status).toBe(200);
  });

  it('is not redeemed by the other method than the registered one', async () => {
    const { present, secret } = await confidentialCode('client_secret_basic');
    expect((await present({ client_secret: secret })).status).toBe(401);
  });
});

describe('the time that a code has', () => {
  it('is a minute', async () => {
    const { present } = await newCode();
    gatehouse.advance(59);
    expect((await present()).status).toBe(200);
  });

  it('is over after that, and nothing comes of it', async () => {
    const { present } = await newCode();
    gatehouse.advance(61);
    expect(await present()).toMatchObject(invalidGrant);
    gatehouse.advance(60);
    expect(await present()).toMatchObject(invalidGrant);
    expect(await store.liveKeys('grant.')).toEqual([]);
    expect(await store.liveKeys('vault.')).toEqual([]);
  });
});

describe('a store that fails while a code is redeemed', () => {
  it('spends nothing when the write did not happen', async () => {
    const { present } = await newCode();
    beforeWrite = () => {
      throw new Error('The disk is full.');
    };
    expect(await present()).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
    beforeWrite = () => undefined;
    expect((await present()).status).toBe(200);
  });

  it('answers tokens when the write happened, and only its answer was lost', async () => {
    const { client, present } = await newCode();
    afterWrite = ({ id }) => {
      if (id.startsWith('grant.')) throw new Error('The connection broke.');
    };
    const answer = await present();
    afterWrite = () => undefined;
    expect(answer.status).toBe(200);
    const { accessToken, refreshToken } = tokensOf(answer);
    expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(200);
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(200);
  });
});

describe('the resource and redirect URI of a code', () => {
  it('may be named again when it is redeemed, and no other resource', async () => {
    const { present } = await newCode();
    expect(await present({ resource: 'https://elsewhere.example/mcp' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_target' },
    });
    expect((await present({ resource: gatehouse.mcpUrl })).status).toBe(200);
  });

  it('may be left out when the authorization request left them out', async () => {
    const client = await register(gatehouse.issuer);
    const { present } = await codeFor(client, { redirect_uri: undefined });
    expect(await present()).toMatchObject(invalidGrant); // RFC 6749 §4.1.3: identical to that of the request
    expect((await present({ redirect_uri: undefined })).status).toBe(200);
  });
});
