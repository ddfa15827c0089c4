/**
 * RFC 7636, Proof Key for Code Exchange, with S256 only (RFC 9700 §2.1.1) and never without (OAuth 2.1 §4.1.1).
 *
 * | requirement                                                    | section | test |
 * | -------------------------------------------------------------- | ------- | ---- |
 * | a verifier is 43 to 128 unreserved characters                  | 4.1     | takes verifiers of the standard's form |
 * | a challenge is the hash of the verifier                        | 4.2     | knows the example of the standard |
 * | a request without a challenge is refused: invalid_request      | 4.4.1   | refuses requests without S256 |
 * | a method that is not supported is refused: invalid_request     | 4.4.1   | refuses requests without S256 |
 * | a verifier that does not fit is refused: invalid_grant         | 4.6     | refuses every other verifier |
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeChallengeOf } from '../../src/protocol/pkce.js';
import { authorizationUrl, redeem, register, walk, type RawClient } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';

let gatehouse: Gatehouse;
let client: RawClient;
beforeAll(async () => {
  gatehouse = await startGatehouse();
  client = await register(gatehouse.issuer);
});
afterAll(() => gatehouse.close());

const hash = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

async function codeFor(challenge: string): Promise<string> {
  const returned = await walk(authorizationUrl(gatehouse.issuer, client, challenge), client);
  return returned.searchParams.get('code') ?? '';
}

describe('RFC 7636', () => {
  it('knows the example of the standard (Appendix B)', () => {
    expect(codeChallengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe(
      'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    );
  });

  it.each([
    { code_challenge: undefined },
    { code_challenge: '' },
    { code_challenge_method: 'plain' },
    { code_challenge_method: undefined },
    { code_challenge_method: 's256' },
    { code_challenge: 'x'.repeat(42) },
    { code_challenge: 'x'.repeat(44) },
    { code_challenge: `${'x'.repeat(42)}=` },
    { code_challenge: `${'x'.repeat(42)}+` },
    { code_challenge: undefined, code_challenge_method: undefined },
  ])('refuses requests without S256: %j', async (parameters) => {
    const url = authorizationUrl(gatehouse.issuer, client, hash('v'.repeat(43)), parameters);
    const { searchParams } = new URL((await fetch(url, { redirect: 'manual' })).headers.get('location') ?? '');
    expect(searchParams.get('error')).toBe('invalid_request');
  });

  it.each(['v'.repeat(43), 'v'.repeat(128), '-._~'.repeat(20)])(
    "takes verifiers of the standard's form: %s",
    async (verifier) => {
      expect((await redeem(gatehouse.issuer, client, await codeFor(hash(verifier)), verifier)).status).toBe(200);
    },
  );

  it.each(['v'.repeat(42), 'v'.repeat(129), `${'v'.repeat(43)}!`, `${'v'.repeat(43)}é`])(
    'takes no verifier of another form, though its hash is right: %s',
    async (verifier) => {
      const code = await codeFor(hash(verifier));
      expect(await redeem(gatehouse.issuer, client, code, verifier)).toMatchObject({
        body: { error: 'invalid_grant' },
      });
    },
  );

  it('refuses every other verifier, and the challenge itself; the right one still counts then', async () => {
    const verifier = 'v'.repeat(43);
    const challenge = hash(verifier);
    const code = await codeFor(challenge);
    for (const wrong of [challenge, 'w'.repeat(43), `${verifier}v`]) {
      const answer = await redeem(gatehouse.issuer, client, code, wrong);
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    }
    const absent = await redeem(gatehouse.issuer, client, code, verifier, { code_verifier: undefined });
    expect(absent).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect((await redeem(gatehouse.issuer, client, code, verifier)).status).toBe(200);
  });
});
