import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { LogEntry, UpstreamTokens } from 'mcp-gatehouse';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callResource, signIn } from '../support/client.js';
import type { GatehouseSettings } from '../support/gatehouse.js';
import { claimsOf, encode, es256, forge, headerOf } from './tokens.js';

/** The operator's own key, so that a test can sign as the authorization server would. */
export const { privateKey: issuerKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const foreignKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
export const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** An MCP server behind a verifier, and the authorization server whose tokens it takes. */
export interface VerifierScene {
  /** The URL of the MCP server. */
  readonly url: string;
  readonly issuer: string;
  /** The log of the MCP server's gate. */
  readonly log: LogEntry[];
  readonly upstream: { readonly issuer: string; readonly requests: readonly unknown[] };
  /** What the verifier asked of anybody, as method and path. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** What a verifier tells of a refused token, where the authorization server tells it no reason. */
const untold = 'inactive';

const publicText = 'The access token is invalid, expired or revoked.';

/**
 * What every verifier owes, wherever it is.
 *
 * @param open - starts one, before an authorization server with these settings
 */
export function verifierContract(name: string, open: (settings: GatehouseSettings) => Promise<VerifierScene>): void {
  describe(name, () => {
    let scene: VerifierScene;
    let good: string;
    let refreshToken: string;
    let ofUpstream: UpstreamTokens;
    let header: Record<string, unknown>;
    let claims: Record<string, unknown>;

    beforeAll(async () => {
      scene = await open({
        signing: { keys: [pemOf(issuerKey)] },
        tokenMapper: (tokens, { email }) => {
          ofUpstream = tokens;
          return { email };
        },
      });
      const { accessToken, ...more } = await signIn(scene.issuer, 'alice', { resource: scene.url });
      good = accessToken;
      refreshToken = more.refreshToken;
      header = headerOf(good);
      claims = claimsOf(good);
    });
    afterAll(() => scene.close());
    beforeEach(() => {
      scene.log.length = 0;
    });

    const sign = (changes: Record<string, unknown>, headerChanges: Record<string, unknown> = {}, key = issuerKey) =>
      forge({ ...header, ...headerChanges }, { ...claims, ...changes }, es256(key));

    /** Expects a refusal with 401 and one text for every reason; only the log tells the reason. */
    async function expectRefused(token: string, ...reasons: string[]): Promise<void> {
      scene.log.length = 0;
      const answer = await callResource(scene.url, token);
      expect(answer.status, reasons[0]).toBe(401);
      expect(await answer.json()).toEqual({ error: 'invalid_token', error_description: publicText });
      expect(answer.headers.get('www-authenticate')).toContain(
        `Bearer error="invalid_token", error_description="${publicText}", scope=`,
      );
      expect(scene.log).toHaveLength(1);
      const [reason = ''] = scene.log[0]?.causes ?? [];
      expect([...reasons, untold].map((each) => `invalid_token: ${each}`)).toContain(reason);
      if (token.length > 20) expect(JSON.stringify(scene.log)).not.toContain(token);
    }

    it('lets a token of the authorization server through, and says whose it is', async () => {
      const answer = await callResource(scene.url, good);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({
        token: good,
        clientId: claims['client_id'],
        scopes: ['mcp:tools'],
        expiresAt: claims['exp'],
        resource: scene.url,
        extra: { sub: 'oidc|alice', claims: { email: 'alice@example.test' } },
      });
      expect((await callResource(scene.url, sign({}))).status).toBe(200);
      expect((await callResource(scene.url, good)).status).toBe(200);
    });

    it('is not confused by an algorithm', async () => {
      const { keys } = (await (await fetch(`${scene.issuer}/oauth/jwks`)).json()) as { keys: { x: string }[] };
      const publicPem = createPublicKey(issuerKey).export({ type: 'spki', format: 'pem' }).toString();
      const withSecret = (secret: string | Buffer) => (input: string) =>
        createHmac('sha256', secret).update(input).digest('base64url');
      const [jwk] = keys;
      const secrets = [publicPem, publicPem.trim(), JSON.stringify(jwk), Buffer.from(jwk?.x ?? '', 'base64url'), ''];
      for (const secret of secrets) {
        await expectRefused(forge({ ...header, alg: 'HS256' }, claims, withSecret(secret)), 'wrong alg');
      }
      for (const alg of ['none', 'None', 'NONE', '', null, ['ES256'], undefined, 'ES384', 'RS256', 'EdDSA']) {
        await expectRefused(`${encode({ ...header, alg })}.${encode(claims)}.`, 'wrong alg');
        await expectRefused(sign({}, { alg }), 'wrong alg');
      }
      await expectRefused(`${encode(header)}.${encode(claims)}.`, 'bad signature or claims');
    });

    it('refuses what somebody else signed, whatever key it names', async () => {
      await expectRefused(sign({}, {}, foreignKey), 'bad signature or claims');
      const names = [
        'unknown',
        '',
        undefined,
        null,
        '__proto__',
        'constructor',
        '../../dev/null',
        42,
        'k'.repeat(5000),
      ];
      for (const kid of [...names, [header['kid']], { 0: header['kid'] }]) {
        await expectRefused(sign({}, { kid }, foreignKey), 'unknown key');
        await expectRefused(sign({}, { kid }), 'unknown key');
      }
    });

    it('uses no key that a token brings or points to, and fetches nothing for it', async () => {
      const jwk = createPublicKey(foreignKey).export({ format: 'jwk' });
      const before = scene.upstream.requests.length;
      for (const own of [
        { jwk },
        { jku: `${scene.upstream.issuer}/jwks` },
        { x5u: `${scene.upstream.issuer}/jwks` },
        { x5c: ['MIIB'] },
      ]) {
        await expectRefused(sign({}, own, foreignKey), 'bad signature or claims');
        await expectRefused(sign({}, { ...own, kid: 'theirs' }, foreignKey), 'unknown key');
      }
      expect(scene.upstream.requests.length).toBe(before);
      const known = ['GET /.well-known/oauth-authorization-server', 'GET /oauth/jwks', 'POST /oauth/introspect'];
      expect(scene.asked.filter((each) => !known.includes(each))).toEqual([]);
    });

    it('refuses what is of another kind', async () => {
      for (const typ of ['JWT', undefined, null, 'jwt', 'AT+JWT ', 'application/json', 'id_token', 'dpop+jwt', '']) {
        await expectRefused(sign({}, { typ }), 'wrong typ');
      }
      await expectRefused(
        sign({ aud: claims['client_id'], nonce: 'n' }, { typ: 'JWT' }),
        'wrong typ',
        'other audience',
      );
      await expectRefused(refreshToken, 'malformed');
      await expectRefused(ofUpstream.access_token, 'malformed');
      await expectRefused(ofUpstream.id_token ?? '', 'wrong typ', 'bad signature or claims');
    });

    it('understands no critical extension', async () => {
      for (const extension of [{ crit: ['exp'] }, { crit: ['b64'], b64: true }, { crit: [] }, { crit: null }]) {
        await expectRefused(sign({}, extension), 'critical extension');
      }
    });

    it('refuses what is for another resource', async () => {
      const { url, issuer } = scene;
      const others = [issuer, `${url}-v2`, `${url}/`, `${url}/admin`, url.toUpperCase(), 'https://other.example/mcp'];
      for (const aud of others) await expectRefused(sign({ aud }), 'other audience');
      for (const aud of [[], [`${url}/`], [[url]], undefined, null, {}]) {
        await expectRefused(sign({ aud }), 'bad signature or claims', 'other audience');
      }
    });

    it('refuses what another issuer is named in', async () => {
      for (const iss of ['https://other.example', `${scene.issuer}/`, undefined, [scene.issuer, 'x']]) {
        await expectRefused(sign({ iss }), 'bad signature or claims');
      }
    });

    it('refuses what lacks a claim', async () => {
      for (const name of ['sub', 'client_id', 'exp']) {
        for (const value of [undefined, null, {}])
          await expectRefused(sign({ [name]: value }), 'bad signature or claims');
      }
      for (const scope of [null, ['mcp:tools'], 42]) await expectRefused(sign({ scope }), 'bad signature or claims');
    });

    it('takes a token until a minute after it expired, and from a minute before its time', async () => {
      const now = Math.floor(Date.now() / 1000);
      expect((await callResource(scene.url, sign({ exp: now - 55 }))).status).toBe(200);
      await expectRefused(sign({ exp: now - 65 }), 'expired');
      await expectRefused(sign({ exp: 'never' }), 'bad signature or claims');
      expect((await callResource(scene.url, sign({ nbf: now + 55 }))).status).toBe(200);
      await expectRefused(sign({ nbf: now + 70 }), 'bad signature or claims');
      await expectRefused(sign({ nbf: 'later' }), 'bad signature or claims');
    });

    it('refuses what is no token at all', async () => {
      const [first = '', second = '', third = ''] = good.split('.');
      const malformed = ['x', '.', '..', '...', '{}', `${first}.${second}.${third}.x`, `.${second}.${third}`];
      for (const part of ['null', '"at+jwt"', '42', '{'].map((text) => Buffer.from(text).toString('base64url'))) {
        malformed.push(`${part}.${second}.${third}`);
      }
      for (const token of malformed) await expectRefused(token, 'malformed');
      for (const token of ['e30', `W10.${second}.${third}`]) await expectRefused(token, 'wrong typ', 'malformed');
      await expectRefused(`${first}.${second}`, 'bad signature or claims', 'malformed');
      for (const payload of ['null', '[]', '42', '"x"', 'x']) {
        const token = `${first}.${Buffer.from(payload).toString('base64url')}`;
        await expectRefused(`${token}.${es256(issuerKey)(token)}`, 'bad signature or claims', 'malformed');
      }
    });

    it('refuses what was changed on the way, also where the token itself is known', async () => {
      expect((await callResource(scene.url, good)).status).toBe(200);
      const [first = '', , third = ''] = good.split('.');
      await expectRefused(`${good.slice(0, -2)}${good.endsWith('AA') ? 'BB' : 'AA'}`, 'bad signature or claims');
      await expectRefused(good.slice(0, -2), 'bad signature or claims');
      await expectRefused(
        `${first}.${encode({ ...claims, scope: 'notes:write' })}.${third}`,
        'bad signature or claims',
      );
    });

    it('refuses what is longer than any of ours', async () => {
      await expectRefused(sign({ padding: 'x'.repeat(8192) }), 'too long');
    });

    it('passes on whatever text the claims hold', async () => {
      const said = { name: 'Ålice 🦊 <b> "x"', ['__proto__']: { isAdmin: true }, constructor: 'x' };
      const answer = await callResource(scene.url, sign(said));
      const body = (await answer.json()) as { extra: { claims: Record<string, unknown> } };
      expect(body.extra.claims).toMatchObject({ name: said.name, constructor: 'x' });
      expect(body.extra.claims['isAdmin']).toBeUndefined();
    });
  });
}
