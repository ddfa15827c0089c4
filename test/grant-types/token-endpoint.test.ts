import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Client } from '../../src/clients/client.js';
import { createIssueCode } from '../../src/flow/issue-code.js';
import { authorizationCodeGrant } from '../../src/grant-types/authorization-code.js';
import { createIssueTokens } from '../../src/grant-types/issue-tokens.js';
import { createNarrow } from '../../src/grant-types/narrow.js';
import { refreshTokenGrant } from '../../src/grant-types/refresh-token.js';
import { createAccessTokenReader } from '../../src/grants/access-token-reader.js';
import { createAccessTokens } from '../../src/grants/access-token.js';
import { createDescribeGrant } from '../../src/grants/audited-grant.js';
import { createSealedIdentities } from '../../src/grants/sealed-identity.js';
import { createRevokedClientTokens } from '../../src/grants/revoked-client-tokens.js';
import { createRequireStanding } from '../../src/grants/token-standing.js';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { createSealing } from '../../src/keys/sealing.js';
import { sharedSigningKeys } from '../../src/keys/signing-keys.js';
import { parseClientMetadata } from '../../src/protocol/client-metadata.js';
import { AuthError } from '../../src/protocol/auth-error.js';
import { parseParameters } from '../../src/protocol/parameters.js';
import { codeChallengeOf } from '../../src/protocol/pkce.js';
import type { TokenResponse } from '../../src/protocol/token-response.js';
import { createLocalVerifier } from '../../src/resource/local-verifier.js';
import { createVault } from '../../src/upstream/vault.js';
import { grantScene, issuer, lifetimes, secrets, start } from '../grants/scene.js';

const accessTokenTtl = 3600;
const graceTtl = 120;
const toleranceTtl = 60;
const codeTtl = 60;
const resource = 'https://mcp.example/mcp';
const redirectUri = 'https://app.example/cb';
const verifier = 'v'.repeat(43);

const clientOf = (clientId: string, ...grantTypes: string[]): Client => ({
  clientId,
  metadata: parseClientMetadata({ redirect_uris: [redirectUri], grant_types: grantTypes }),
  authenticationMethod: 'none',
  secretMatches: () => false,
});
const client = clientOf('client', 'authorization_code', 'refresh_token');
const stranger = clientOf('stranger', 'authorization_code', 'refresh_token');

type Form = Record<string, string | undefined>;

/** The token endpoint behind client authentication, with one code that was issued to `client`. */
async function tokenScene(owner = client, { refreshTokenTtl, grantTtl } = lifetimes) {
  const { time, clock, store, ids, grants, isAlive, credentials } = grantScene();
  const sealing = createSealing(createKeyRing(secrets, issuer), randomBytes);
  const keys = sharedSigningKeys(['a secret shared with resource servers']);
  const vault = createVault(store, sealing, randomBytes);
  const accessTokens = createAccessTokens(issuer, keys, clock, randomBytes, () => accessTokenTtl);
  const identities = createSealedIdentities(sealing);
  const issueTokens = createIssueTokens(accessTokens, credentials, identities.open);
  const settings = { refreshTokenTtl, grantTtl, graceTtl, tokenReserveTtl: accessTokenTtl + graceTtl };
  const neverAsked = () => Promise.reject(new Error('Nothing is to be asked.'));
  const known = new Map([
    [
      resource,
      {
        scopes: new Map(['mcp:tools', 'notes:write', 'admin'].map((each) => [each, each])),
        implied: new Map<string, string[]>(),
      },
    ],
  ]);
  const audit = () => undefined;
  const describe = createDescribeGrant(identities.open);
  const narrow = createNarrow(known, new Map());
  const unused = { watch: () => undefined };
  const byCode = authorizationCodeGrant(
    grants,
    credentials,
    issueTokens,
    vault,
    clock,
    narrow,
    settings,
    audit,
    describe,
    unused,
  );
  const byRefresh = refreshTokenGrant(
    grants,
    credentials,
    issueTokens,
    vault,
    neverAsked,
    clock,
    narrow,
    settings,
    audit,
    describe,
  );
  const issueCode = createIssueCode({
    grants,
    grantIds: ids,
    credentials,
    vault,
    identities,
    clock,
    randomness: randomBytes,
    authorizationCodeTtl: codeTtl,
    audit,
  });
  const code = await issueCode(
    {
      id: 'id',
      clientId: owner.clientId,
      redirectUri,
      codeChallenge: codeChallengeOf(verifier),
      resource,
      scopes: ['mcp:tools', 'notes:write'],
      providers: ['oidc'],
      browser: 'browser',
      expiresAt: start + 600,
    },
    {
      identity: { sub: 'oidc|alice', provider: 'oidc', claims: {} },
      user: {},
      session: {
        provider: 'oidc',
        issuer: 'https://upstream.example',
        subject: 'alice',
        tokens: { access_token: 'upstream', token_type: 'bearer' },
        idToken: {},
        receivedAt: start,
      },
    },
    {},
  );
  const exchange = async (how: typeof byCode, who: Client, form: Form): Promise<TokenResponse | string> => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(form)) if (value !== undefined) query.set(name, value);
    try {
      return await how.exchange(who, parseParameters(query.toString()), {});
    } catch (thrown) {
      if (thrown instanceof AuthError) return thrown.code;
      throw thrown;
    }
  };
  return {
    time,
    store,
    grants,
    isAlive,
    code,
    grantId: code.split('.').slice(2, 5).join('.'),
    redeem: (form: Form = {}, who = owner) =>
      exchange(byCode, who, { code, redirect_uri: redirectUri, code_verifier: verifier, ...form }),
    refresh: (token: string, form: Form = {}, who = owner) =>
      exchange(byRefresh, who, { refresh_token: token, ...form }),
    verify: createLocalVerifier(
      createAccessTokenReader(issuer, keys, clock),
      createRequireStanding(grants, createRevokedClientTokens(store, randomBytes), () => Promise.resolve(undefined)),
      () => undefined,
    ),
  };
}

function issued(answer: TokenResponse | string): Required<TokenResponse> {
  if (typeof answer === 'string') throw new Error(`It was refused: ${answer}`);
  return answer as Required<TokenResponse>;
}

type Operation =
  | { readonly kind: 'redeem'; readonly wrong?: 'client' | 'verifier' | 'redirect URI' | 'code' }
  | { readonly kind: 'refresh'; readonly back: number; readonly wrong?: 'client' | 'kind' }
  | { readonly kind: 'advance'; readonly seconds: number };

const operations: fc.Arbitrary<Operation[]> = fc
  .array(
    fc.oneof(
      { weight: 1, arbitrary: fc.constant<Operation>({ kind: 'redeem' }) },
      {
        weight: 2,
        arbitrary: fc
          .constantFrom('client' as const, 'verifier' as const, 'redirect URI' as const, 'code' as const)
          .map((wrong): Operation => ({ kind: 'redeem', wrong })),
      },
      {
        weight: 12,
        arbitrary: fc
          .oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.constant(1) }, fc.nat(8))
          .map((back): Operation => ({ kind: 'refresh', back })),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.nat(3), fc.constantFrom('client' as const, 'kind' as const))
          .map(([back, wrong]): Operation => ({ kind: 'refresh', back, wrong })),
      },
      {
        weight: 6,
        arbitrary: fc
          .oneof(
            { weight: 4, arbitrary: fc.nat(60) },
            { weight: 4, arbitrary: fc.integer({ min: 60, max: 200 }) },
            { weight: 2, arbitrary: fc.integer({ min: 200, max: 9_000 }) },
            fc.integer({ min: 9_000, max: 30_000 }),
          )
          .map((seconds): Operation => ({ kind: 'advance', seconds })),
      },
    ),
    { maxLength: 30 },
  )
  // Most sequences begin with what makes the others interesting.
  .chain((rest) => fc.boolean().map((early) => (early ? [{ kind: 'redeem' } as const, ...rest] : rest)));

/** What the token endpoint ought to do, without records, credentials and stores. */
class Model {
  redeemed = false;
  ended = false;
  /** When each generation was superseded; the last one was not. Generation 1 is the first. */
  readonly supersededAt: number[] = [];
  goneAt = start + codeTtl + toleranceTtl;

  exists(now: number): boolean {
    return now < this.goneAt;
  }

  redeem(now: number, isRight: boolean): 'issue' | 'refuse' {
    if (!isRight || this.ended || !this.exists(now)) return 'refuse';
    if (this.redeemed) this.ended = true;
    if (this.redeemed || now > start + codeTtl) return 'refuse';
    this.redeemed = true;
    this.#issuedAt(now);
    return 'issue';
  }

  refresh(now: number, generation: number, isRight: boolean): 'issue the next' | 'issue the current' | 'refuse' {
    if (!isRight || this.ended || !this.exists(now)) return 'refuse';
    const supersededAt = this.supersededAt[generation - 1];
    if (supersededAt === undefined) {
      if (now > start + lifetimes.grantTtl) return 'refuse';
      this.supersededAt.push(now);
      this.#issuedAt(now);
      return 'issue the next';
    }
    const age = now - supersededAt;
    if (age > graceTtl + toleranceTtl) this.ended = true;
    if (age > graceTtl || now > start + lifetimes.grantTtl) return 'refuse';
    return 'issue the current';
  }

  #issuedAt(now: number): void {
    const lastToken = now + accessTokenTtl + graceTtl + toleranceTtl;
    this.goneAt = Math.max(lastToken, Math.min(now + lifetimes.refreshTokenTtl, start + lifetimes.grantTtl));
  }
}

describe('the token endpoint', () => {
  it('issues what a simple model says, and nothing else, whatever the sequence of requests', async () => {
    const seen = new Map<string, number>();
    const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);

    await fc.assert(
      fc.asyncProperty(operations, async (sequence) => {
        const scene = await tokenScene();
        const model = new Model();
        const refreshTokens: string[] = [];
        const accessTokens: string[] = [];

        for (const operation of sequence) {
          const { now } = scene.time;
          if (operation.kind === 'advance') {
            scene.time.now += operation.seconds;
          } else if (operation.kind === 'redeem') {
            const { wrong } = operation;
            const form = {
              ...(wrong === 'verifier' && { code_verifier: 'w'.repeat(43) }),
              ...(wrong === 'redirect URI' && { redirect_uri: `${redirectUri}/` }),
              ...(wrong === 'code' && { code: scene.code.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')) }),
            };
            const answer = await scene.redeem(form, wrong === 'client' ? stranger : client);
            const expected = model.redeem(now, wrong === undefined);
            count(`redeem: ${expected}`);
            if (expected === 'refuse') {
              expect(answer).toBe('invalid_grant');
            } else {
              refreshTokens.push(issued(answer).refresh_token);
              accessTokens.push(issued(answer).access_token);
            }
          } else {
            const { wrong } = operation;
            const generation = Math.max(1, refreshTokens.length - operation.back);
            const token = wrong === 'kind' ? scene.code : refreshTokens[generation - 1];
            if (token === undefined) continue;
            const answer = await scene.refresh(token, {}, wrong === 'client' ? stranger : client);
            const expected = model.refresh(now, generation, wrong === undefined);
            count(`refresh: ${expected}`);
            if (expected === 'refuse') {
              expect(answer).toBe('invalid_grant');
            } else {
              const { refresh_token: next, access_token: accessToken } = issued(answer);
              // Never two live successors: what is served again is the current token, to the letter.
              if (expected === 'issue the current') expect(next).toBe(refreshTokens.at(-1));
              else expect(refreshTokens).not.toContain(next);
              if (expected === 'issue the next') refreshTokens.push(next);
              accessTokens.push(accessToken);
            }
          }

          // Whatever was issued counts for as long as the grant lives, and not a moment longer.
          const alive = !model.ended && model.exists(scene.time.now);
          expect(await scene.isAlive(scene.grantId)).toBe(alive);
          const latest = accessTokens.at(-1);
          if (latest === undefined) continue;
          const { exp } = JSON.parse(Buffer.from(latest.split('.')[1] ?? '', 'base64url').toString()) as {
            exp: number;
          };
          const verdict = await scene.verify(latest, resource).then(
            ({ clientId }) => clientId,
            (error: unknown) => (error as AuthError).code,
          );
          const counts = alive && scene.time.now <= exp + toleranceTtl;
          expect(verdict).toBe(counts ? 'client' : 'invalid_token');
          count(
            counts ? 'access token counts' : model.ended ? 'access token of an ended grant' : 'access token expired',
          );
        }
        expect(new Set(accessTokens).size).toBe(accessTokens.length);
      }),
      { seed: 6749, numRuns: 600 },
    );

    // The sequences met everything that there is to meet, and not just once.
    for (const what of [
      'redeem: issue',
      'redeem: refuse',
      'refresh: issue the next',
      'refresh: issue the current',
      'refresh: refuse',
      'access token counts',
      'access token of an ended grant',
      'access token expired',
    ]) {
      expect(seen.get(what) ?? 0, what).toBeGreaterThan(20);
    }
  });
});

describe('redeeming a code', () => {
  it('answers once among fifty, and the others end the grant: they are replays of the rightful client', async () => {
    const scene = await tokenScene();
    const answers = await Promise.all(Array.from({ length: 50 }, () => scene.redeem()));
    expect(answers.filter((answer) => typeof answer !== 'string')).toHaveLength(1);
    expect(await scene.isAlive(scene.grantId)).toBe(false);
  });

  it('with half of the evidence ends nothing, also when the code was redeemed', async () => {
    const scene = await tokenScene();
    const attempts = () => [
      scene.redeem({}, stranger),
      scene.redeem({ code_verifier: 'w'.repeat(43) }),
      scene.redeem({ redirect_uri: undefined }),
    ];
    expect(await Promise.all(attempts())).toEqual(Array(3).fill('invalid_grant'));
    const { refresh_token: token } = issued(await scene.redeem());
    expect(await Promise.all(attempts())).toEqual(Array(3).fill('invalid_grant'));
    issued(await scene.refresh(token));
  });

  it('of a grant that was revoked meanwhile gives nothing', async () => {
    const scene = await tokenScene();
    await scene.grants.end(scene.grantId, 'revoked', {});
    expect(await scene.redeem()).toBe('invalid_grant');
  });

  it('for another resource than the user approved changes nothing', async () => {
    const scene = await tokenScene();
    expect(await scene.redeem({ resource: 'https://mcp.example/other' })).toBe('invalid_target');
    issued(await scene.redeem({ resource }));
  });

  it('gives no refresh token to a client that did not register the grant type', async () => {
    const scene = await tokenScene(clientOf('once', 'authorization_code'));
    expect(issued(await scene.redeem())).not.toHaveProperty('refresh_token');
  });

  it('keeps the upstream tokens for as long as the grant lives, refreshed or not, and not much longer', async () => {
    const scene = await tokenScene();
    const [userTag = '', random = ''] = scene.grantId.split('.');
    const read = (record: string) => scene.store.get({ partition: userTag, id: `${record}.${random}` });
    let tokens = issued(await scene.redeem());
    const { refreshTokenTtl, grantTtl } = lifetimes;
    for (let now = start; now < start + grantTtl - refreshTokenTtl; now += refreshTokenTtl - 1) {
      scene.time.now = now;
      tokens = issued(await scene.refresh(tokens.refresh_token));
      scene.time.now = now + refreshTokenTtl - 2;
      expect([await read('grant'), await read('vault')]).not.toContain(undefined);
    }
    scene.time.now += 2 * refreshTokenTtl;
    expect([await read('grant'), await read('vault')]).toEqual([undefined, undefined]);
  });

  it('refreshes with one read and one compare-and-set, and redeems with the vault extended in between', async () => {
    const scene = await tokenScene();
    scene.store.operations.length = 0;
    const { refresh_token: token } = issued(await scene.redeem());
    expect(scene.store.operations).toEqual(['get grant', 'get vault', 'set vault', 'set grant']);
    scene.store.operations.length = 0;
    issued(await scene.refresh(token));
    expect(scene.store.operations).toEqual(['get grant', 'set grant']);
  });

  it('lets the upstream tokens go with a code that nobody redeems', async () => {
    const scene = await tokenScene();
    const [userTag = ''] = scene.grantId.split('.');
    expect(await scene.store.list(userTag)).toHaveLength(2);
    scene.time.now += codeTtl + toleranceTtl;
    expect(await scene.store.list(userTag)).toEqual([]);
  });

  it('does not bring back upstream tokens that are gone', async () => {
    const scene = await tokenScene();
    const [userTag = '', random = ''] = scene.grantId.split('.');
    const key = { partition: userTag, id: `vault.${random}` };
    await scene.store.delete(key);
    issued(await scene.redeem());
    expect(await scene.store.get(key)).toBeUndefined();
  });
});

describe('refreshing', () => {
  it('gives forty parallel requests the same next token, and steps once', async () => {
    const scene = await tokenScene();
    const { refresh_token: token } = issued(await scene.redeem());
    const answers = await Promise.all(Array.from({ length: 40 }, () => scene.refresh(token)));
    const next = new Set(answers.map((answer) => issued(answer).refresh_token));
    expect(next.size).toBe(1);
    expect([...next][0]).toMatch(/\.2\.[\w-]{22}$/);
  });

  it('can narrow the scope of one access token, never widen it, and loses nothing by it', async () => {
    const scene = await tokenScene();
    const first = issued(await scene.redeem());
    expect(first.scope).toBe('mcp:tools notes:write');
    const narrow = issued(await scene.refresh(first.refresh_token, { scope: 'mcp:tools' }));
    expect(narrow.scope).toBe('mcp:tools');
    expect(await scene.refresh(narrow.refresh_token, { scope: 'mcp:tools admin' })).toBe('invalid_scope');
    const again = issued(await scene.refresh(narrow.refresh_token, { scope: 'openid unknown' }));
    expect(again.scope).toBe('mcp:tools notes:write');
  });

  it.each([
    ['idled for longer than it may', { refreshTokenTtl: 600, grantTtl: 50_000 }],
    ['reached its limit', { refreshTokenTtl: 10_000, grantTtl: 600 }],
  ])('ends when the grant has %s, also while its record is kept for the access tokens', async (_, limits) => {
    const scene = await tokenScene(client, limits);
    const { refresh_token: token, access_token: accessToken } = issued(await scene.redeem());
    scene.time.now += 600;
    const { refresh_token: next } = issued(await scene.refresh(token));
    scene.time.now += 601;
    expect(await scene.refresh(next)).toBe('invalid_grant');
    expect((await scene.verify(accessToken, resource)).clientId).toBe('client');
  });

  it('for another resource changes nothing', async () => {
    const scene = await tokenScene();
    const { refresh_token: token } = issued(await scene.redeem());
    expect(await scene.refresh(token, { resource: 'https://mcp.example/other' })).toBe('invalid_target');
    expect(issued(await scene.refresh(token, { resource })).refresh_token).toMatch(/\.2\.[\w-]{22}$/);
  });

  it('with the token of another grant of the same user changes nothing there', async () => {
    const [one, other] = [await tokenScene(), await tokenScene()];
    const { refresh_token: token } = issued(await one.redeem());
    expect(await other.refresh(token)).toBe('invalid_grant');
    issued(await other.redeem());
    issued(await one.refresh(token));
  });

  it.each(['', 'x', 'rt.abcd', '__proto__', 'rt.'.repeat(1000)])(
    'with %j is refused without a look into the store',
    async (token) => {
      const scene = await tokenScene();
      scene.store.heal();
      expect(await scene.refresh(token)).toBe(token === '' ? 'invalid_request' : 'invalid_grant');
      expect(scene.store.operations).toEqual([]);
    },
  );

  it('with an ancient token ends the grant, its tokens and its upstream tokens at once', async () => {
    const scene = await tokenScene();
    const { refresh_token: ancient } = issued(await scene.redeem());
    const current = issued(await scene.refresh(ancient));
    await scene.verify(current.access_token, resource);
    scene.time.now += graceTtl + toleranceTtl + 1;
    expect(await scene.refresh(ancient)).toBe('invalid_grant');
    expect(await scene.refresh(current.refresh_token)).toBe('invalid_grant');
    await expect(scene.verify(current.access_token, resource)).rejects.toMatchObject({ code: 'invalid_token' });
    const [userTag = ''] = scene.grantId.split('.');
    expect((await scene.store.list(userTag)).map(({ id }) => id.split('.')[0])).toEqual(['grant']);
  });
});
