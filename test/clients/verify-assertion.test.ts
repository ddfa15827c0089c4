import { createHmac, randomBytes } from 'node:crypto';
import { memoryStore } from 'mcp-gatehouse';
import { beforeEach, describe, expect, it } from 'vitest';
import { fixedKeys, readClientKeys } from '../../src/clients/client-keys.js';
import { subjectOf } from '../../src/clients/client-assertion.js';
import { createVerifyAssertion } from '../../src/clients/verify-assertion.js';
import type { Client } from '../../src/clients/client.js';
import { AuthError } from '../../src/protocol/auth-error.js';
import type { Store } from '../../src/storage/store.js';
import { guarded } from '../../src/storage/guarded.js';
import { faultyStore } from '../faults/faulty-store.js';
import { encode, forge } from '../resource/tokens.js';
import { assertionClaims, assertionOf, ecKeyPair, rsaKeyPair, signer } from '../support/assertion.js';
import { recordingStore, type RecordingStore } from '../support/gatehouse.js';

const issuer = 'https://auth.example';
const audiences = [issuer, `${issuer}/`, `${issuer}/oauth/token`];
const clientId = 'nightly-job';
const ec = ecKeyPair();
const rsa = rsaKeyPair();
const pss = rsaKeyPair('pss', 'PS256');
const foreign = ecKeyPair('ec');

let now: number;
let store: RecordingStore;
beforeEach(() => {
  now = 1_800_000_000;
  store = recordingStore(memoryStore({ clock: () => now }));
});

function clientWith(jwks: unknown = { keys: [ec.jwk, rsa.jwk, pss.jwk] }): Client {
  const keys = readClientKeys(jwks);
  if (!keys) throw new Error('These are no keys.');
  return {
    clientId,
    metadata: {
      redirect_uris: [],
      grant_types: ['client_credentials'],
      response_types: ['code'],
      token_endpoint_auth_method: 'private_key_jwt',
    },
    authenticationMethod: 'private_key_jwt',
    secretMatches: () => false,
    keys: fixedKeys(keys),
  };
}
const client = clientWith();

const claims = (changes: Record<string, unknown> = {}) => assertionClaims(clientId, issuer, now, changes);
const verify = (assertion: string, who: Client = client, where: Store = store) =>
  createVerifyAssertion(audiences, where, () => now, randomBytes)(assertion, who);

/** Expects the one refusal there is; what it was is for the log. */
async function expectRefused(assertion: string, reason: string | RegExp, who?: Client): Promise<void> {
  const thrown: unknown = await verify(assertion, who).catch((error: unknown) => error);
  expect(thrown, String(reason)).toBeInstanceOf(AuthError);
  const { code, message, cause } = thrown as AuthError & { cause: AuthError };
  expect([code, message]).toEqual([
    'invalid_client',
    'The client is unknown, or did not authenticate as it registered.',
  ]);
  if (typeof reason === 'string') expect(cause.message).toBe(reason);
  else expect(cause.message).toMatch(reason);
  if (reason !== 'The assertion was used before.') expect(store.writes, 'nothing is spent').toEqual([]);
}

describe('an answer of the store that was lost', () => {
  it.each(['false after', 'throw after'] as const)(
    'is no replay: the assertion counts, and only this once (%s)',
    async (fault) => {
      const faulty = faultyStore(store);
      faulty.failWhen(({ verb }) => (verb === 'set' ? fault : undefined));
      const assertion = assertionOf(ec, claims());
      await expect(verify(assertion, client, faulty)).resolves.toBeUndefined();
      faulty.heal();
      await expect(verify(assertion, client, faulty)).rejects.toMatchObject({ code: 'invalid_client' });
    },
  );

  it('asks to try again while nobody can tell', async () => {
    const faulty = faultyStore(store);
    faulty.failAlways('throw before');
    await expect(verify(assertionOf(ec, claims()), client, guarded(faulty))).rejects.toMatchObject({
      code: 'temporarily_unavailable',
    });
  });
});

describe('an assertion', () => {
  it('counts when a key of the client signed it, by each algorithm', async () => {
    await verify(assertionOf(ec, claims()));
    await verify(assertionOf(rsa, claims()));
    await verify(assertionOf(pss, claims(), { alg: 'PS256' }));
    expect(store.writes).toHaveLength(3);
  });

  it.each([
    ['the issuer', issuer],
    ['the issuer with a slash', `${issuer}/`],
    ['the token endpoint', `${issuer}/oauth/token`],
    ['a list of one', [issuer]],
    ['a list with others', ['https://other.example', `${issuer}/oauth/token`]],
  ])('counts for %s', async (_, aud) => {
    await expect(verify(assertionOf(ec, claims({ aud })))).resolves.toBeUndefined();
  });

  it.each([
    ['no typ', { typ: undefined }],
    ['typ jwt', { typ: 'jwt' }],
    ['typ application/jwt', { typ: 'application/jwt' }],
    ['the typ of RFC 7523bis', { typ: 'client-authentication+jwt' }],
    ['no kid, as the MCP SDK sends it', { kid: undefined }],
  ])('counts with %s', async (_, header) => {
    await expect(verify(assertionOf(ec, claims(), header))).resolves.toBeUndefined();
  });

  it('counts without iat, with nbf, and with claims that nobody knows', async () => {
    await verify(assertionOf(ec, claims({ iat: undefined, nbf: now, extra: { a: 1 } })));
  });

  it('counts with either key of two without names, while a client rotates', async () => {
    const next = ecKeyPair('next');
    const rotating = clientWith({ keys: [ec, next].map(({ jwk }) => ({ ...jwk, kid: undefined })) });
    for (const pair of [ec, next]) {
      await verify(assertionOf(pair, claims(), { kid: undefined }), rotating);
      await verify(assertionOf(pair, claims(), { kid: 'its own name' }), rotating);
    }
  });

  it('counts within the tolerance of clocks, and not beyond it', async () => {
    for (const good of [{ exp: now - 59 }, { exp: now + 659 }, { nbf: now + 60 }, { iat: now + 60 }]) {
      await expect(verify(assertionOf(ec, claims(good))), JSON.stringify(good)).resolves.toBeUndefined();
    }
    store.writes.length = 0;
    for (const [bad, reason] of [
      [{ exp: now - 60 }, 'The assertion has a wrong exp.'],
      [{ exp: now + 661 }, 'The assertion lives too long.'],
      [{ nbf: now + 61 }, 'The assertion has a wrong nbf.'],
      [{ iat: now + 61 }, 'The assertion has a wrong iat.'],
    ] as const) {
      await expectRefused(assertionOf(ec, claims(bad)), reason);
    }
  });

  const wrong: [string, unknown[]][] = [
    ['iss', [undefined, null, '', 'other', [clientId], 7, {}, `${clientId} `, clientId.toUpperCase(), issuer]],
    ['sub', [undefined, null, '', 'other', [clientId], 7, {}, `${clientId}\u0000`]],
    [
      'aud',
      [
        undefined,
        null,
        '',
        [],
        {},
        7,
        'https://other.example',
        `${issuer}//`,
        `${issuer}/oauth`,
        `${issuer}/oauth/token/`,
        issuer.toUpperCase(),
        issuer.replace('https', 'http'),
        [[issuer]],
        ['https://other.example'],
      ],
    ],
    ['exp', [undefined, null, '', 'soon', '1900000000', {}, [], true, 0, -1]],
    ['nbf', [null, '', 'soon', {}, []]],
    ['iat', [null, '', 'soon', {}, []]],
    ['jti', [undefined, null, '', 7, {}, ['a'], true, 'x'.repeat(513)]],
  ];
  it.each(wrong)('does not count with a wrong %s', async (name, values) => {
    for (const value of values) {
      await expectRefused(assertionOf(ec, claims({ [name]: value })), `The assertion has a wrong ${name}.`);
    }
  });

  it('does not count when it lives for ever', async () => {
    for (const exp of [1e15, Number.MAX_VALUE]) {
      await expectRefused(assertionOf(ec, claims({ exp })), 'The assertion lives too long.');
    }
    const endless = `${encode({ alg: 'ES256' })}.${Buffer.from(JSON.stringify(claims({ exp: 0 })).replace('"exp":0', '"exp":1e999')).toString('base64url')}`;
    const signature = signer(ec.privateKey, 'ES256')(endless);
    await expectRefused(`${endless}.${signature}`, 'The assertion lives too long.');
  });

  it('does not count when its algorithm is confused', async () => {
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    for (const secret of [pem, pem.trim(), JSON.stringify(rsa.jwk), Buffer.from(rsa.jwk.n ?? '', 'base64url'), '']) {
      const hmac = (input: string) => createHmac('sha256', secret).update(input).digest('base64url');
      await expectRefused(forge({ alg: 'HS256', kid: 'rsa' }, claims(), hmac), 'The assertion has a wrong alg.');
      await expectRefused(forge({ alg: 'RS256', kid: 'rsa' }, claims(), hmac), notSigned);
    }
    for (const alg of ['none', 'None', '', null, undefined, ['ES256'], 'ES384', 'RS512', 'EdDSA', 'constructor']) {
      await expectRefused(`${encode({ alg, kid: 'ec' })}.${encode(claims())}.`, expectedFor(alg));
    }
    await expectRefused(`${encode({ alg: 'ES256', kid: 'ec' })}.${encode(claims())}.`, notSigned);
  });

  it('does not count under another algorithm than its key is pinned to', async () => {
    await expectRefused(assertionOf(rsa, claims(), { alg: 'PS256' }), notSigned);
    await expectRefused(assertionOf(pss, claims(), { alg: 'RS256' }), notSigned);
    await expectRefused(assertionOf(ec, claims(), { kid: 'rsa' }), notSigned);
    await expectRefused(assertionOf(ec, claims(), { alg: 'RS256', kid: 'ec' }), notSigned);
  });

  it('does not count when somebody else signed it, whatever key it names', async () => {
    for (const kid of ['ec', 'rsa', 'unknown', '', '__proto__', 'constructor', '../../dev/null', undefined]) {
      await expectRefused(assertionOf(foreign, claims(), { kid }), notSigned);
    }
    for (const kid of [7, null, {}, ['ec']]) {
      await expectRefused(assertionOf(ec, claims(), { kid }), 'The assertion has a wrong kid.');
    }
  });

  it('does not bring its own key', async () => {
    const { jwk } = foreign;
    for (const own of [
      { jwk },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'https://evil.example/x5u' },
      { x5c: ['MIIB'] },
    ]) {
      await expectRefused(assertionOf(foreign, claims(), own), notSigned);
      await expectRefused(assertionOf(foreign, claims(), { ...own, kid: undefined }), notSigned);
      // And is none the worse for it where the client's own key has signed.
      await verify(assertionOf(ec, claims(), own));
      store.writes.length = 0;
    }
  });

  it('does not count when it is a token of another kind', async () => {
    for (const typ of ['at+jwt', 'application/at+jwt', 'oauth-id-jag+jwt', 'dpop+jwt', 'logout+jwt', '', 7, null, {}]) {
      await expectRefused(assertionOf(ec, claims(), { typ }), 'The assertion has a wrong typ.');
    }
  });

  it('does not count with extensions that are critical and unknown', async () => {
    for (const crit of [['exp'], ['b64'], [], 'b64']) {
      await expectRefused(assertionOf(ec, claims(), { crit, b64: false }), 'The assertion is malformed.');
    }
  });

  it('does not count when it is malformed, or too long', async () => {
    const good = assertionOf(ec, claims());
    const [head = '', body = '', signature = ''] = good.split('.');
    for (const text of ['', 'x', '..', '...', head, `${head}.`, 'é.é.é', '\u0000']) {
      await expectRefused(text, 'The assertion is malformed.');
    }
    for (const text of [`${head}.${body}`, `${good}.`, `${good}.x`, `${good}=`, `${head}. ${body}.${signature}`]) {
      await expectRefused(text, /malformed|signed/);
    }
    for (const payload of ['[]', '7', 'null', '"x"', '{', '']) {
      const input = `${head}.${Buffer.from(payload).toString('base64url')}`;
      await expectRefused(`${input}.${signer(ec.privateKey, 'ES256')(input)}`, 'The assertion is malformed.');
    }
    await expectRefused(assertionOf(ec, claims({ padding: 'x'.repeat(8192) })), 'The assertion is too long.');
    // The first letter: of the last one only two bits count.
    await expectRefused(`${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`, notSigned);
  });

  it('does not count for a client without keys', async () => {
    const { keys, ...keyless } = client;
    expect(keys).toBeDefined();
    await expectRefused(assertionOf(ec, claims()), 'The client has no keys.', keyless);
    await expectRefused(assertionOf(ec, claims()), notSigned, clientWith({ keys: [] }));
  });
});

const notSigned = 'The assertion is not signed with a key of the client.';
const expectedFor = (alg: unknown) =>
  typeof alg === 'string' && alg !== '' ? 'The assertion has a wrong alg.' : /alg|malformed/;

describe('keys that a client publishes', () => {
  const next = ecKeyPair('next');
  let renewals: number;
  const publishing = (now: unknown, later: unknown): Client => ({
    ...client,
    keys: {
      current: () => Promise.resolve(readClientKeys(now) ?? []),
      renewed: () => Promise.resolve((renewals += 1) > 0 ? readClientKeys(later) : undefined),
    },
  });
  const rotated = publishing({ keys: [ec.jwk] }, { keys: [next.jwk] });
  beforeEach(() => {
    renewals = 0;
  });

  it('are looked for again when an assertion names one that is not there, or names none and none fits', async () => {
    await verify(assertionOf(next, claims()), rotated);
    await verify(assertionOf(next, claims(), { kid: undefined }), rotated);
    expect(renewals).toBe(2);
  });

  it('are not, when one of them fits, or the assertion is wrong in any other way', async () => {
    await verify(assertionOf(ec, claims()), rotated);
    store.writes.length = 0;
    await expectRefused(assertionOf(foreign, claims()), notSigned, rotated);
    await expectRefused(assertionOf(ec, claims({ aud: 'x' })), 'The assertion has a wrong aud.', rotated);
    for (const alg of ['none', 'HS256', 'RS512']) {
      const made = `${encode({ alg, kid: 'next' })}.${encode(claims())}.${encode('x')}`;
      await expectRefused(made, 'The assertion has a wrong alg.', rotated);
    }
    await expectRefused(assertionOf(next, claims(), { typ: 'at+jwt' }), 'The assertion has a wrong typ.', rotated);
    expect(renewals).toBe(0);
  });

  it('have to fit then, and are looked for once', async () => {
    await expectRefused(assertionOf(foreign, claims(), { kid: 'unknown' }), notSigned, rotated);
    expect(renewals).toBe(1);
    await expectRefused(assertionOf(next, claims({ aud: 'x' })), 'The assertion has a wrong aud.', rotated);
  });

  it('ask to try again when they cannot be fetched', async () => {
    const away = () => Promise.reject(new AuthError('temporarily_unavailable', 'Away.'));
    const unreachable = { ...client, keys: { current: away, renewed: away } };
    await expect(verify(assertionOf(ec, claims()), unreachable)).rejects.toMatchObject({
      code: 'temporarily_unavailable',
    });
  });
});

describe('spending an assertion', () => {
  it('is possible once', async () => {
    const assertion = assertionOf(ec, claims());
    await verify(assertion);
    await expectRefused(assertion, 'The assertion was used before.');
    // The name counts, not the text.
    const jti = 'the same name';
    await verify(assertionOf(ec, claims({ jti })));
    await expectRefused(assertionOf(rsa, claims({ jti, exp: now + 400 })), 'The assertion was used before.');
  });

  it('is possible for exactly one of fifty at once', async () => {
    const assertion = assertionOf(ec, claims());
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => verify(assertion)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('stays impossible until nobody takes it for valid any more', async () => {
    const assertion = assertionOf(ec, claims({ exp: now + 600.5 }));
    await verify(assertion);
    for (const seconds of [599, 60, 1]) {
      now += seconds;
      await expectRefused(assertion, 'The assertion was used before.');
    }
    now += 1;
    store.writes.length = 0;
    await expectRefused(assertion, 'The assertion has a wrong exp.');
    // An instance whose clock is behind finds the note all the same.
    expect(await store.liveKeys('')).toEqual([]);
  });

  it('leaves a note that is no text of a stranger, and that goes by itself', async () => {
    await verify(assertionOf(ec, claims({ jti: 'canary ../* \u0001' })));
    const [write] = store.writes;
    expect(write?.key).toEqual({ partition: 'assertion', id: expect.stringMatching(/^[\w-]{43}$/) as string });
    expect(JSON.stringify(write)).not.toContain('canary');
    if (!write) throw new Error('Nothing was written.');
    now += 300 + 119;
    expect(await store.get(write.key)).toBeDefined();
    now += 2;
    expect(await store.get(write.key)).toBeUndefined();
  });

  it('is nobody else’s: each client has its own names', async () => {
    const jti = 'shared';
    await verify(assertionOf(ec, claims({ jti })));
    const other = { ...client, clientId: 'other' };
    await verify(assertionOf(ec, claims({ jti, iss: 'other', sub: 'other' })), other);
    // Nor can two pairs of client and name be one.
    await verify(assertionOf(ec, claims({ jti: 'red', iss: 'othersha', sub: 'othersha' })), {
      ...client,
      clientId: 'othersha',
    });
    expect(new Set(store.writes.map(({ key }) => key.id)).size).toBe(3);
  });

  it('fails with the store, and not open', async () => {
    const away = () => Promise.reject(new AuthError('temporarily_unavailable', 'The server cannot reach its store.'));
    const broken = { get: away, set: away, delete: away, list: away, close: () => Promise.resolve() };
    await expect(verify(assertionOf(ec, claims()), client, broken)).rejects.toMatchObject({
      code: 'temporarily_unavailable',
    });
  });
});

describe('the name in an assertion', () => {
  it('is its subject, unproven', () => {
    expect(subjectOf(assertionOf(foreign, claims()))).toBe(clientId);
  });

  it.each(['', 'x', 'a.b', 'a.b.c', `${encode({})}.${encode([])}.`, `${encode({})}.${encode({ sub: 7 })}.`])(
    'is nothing in %j',
    (text) => {
      expect(subjectOf(text)).toBeUndefined();
    },
  );

  it('is nothing in one that is too long', () => {
    expect(subjectOf(assertionOf(ec, claims({ padding: 'x'.repeat(8192) })))).toBeUndefined();
  });
});
