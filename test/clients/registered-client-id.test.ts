import { deflateRawSync } from 'node:zlib';
import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRegisteredClientIds } from '../../src/clients/registered-client-id.js';
import { registrationDictionary1 } from '../../src/clients/registration-dictionary.js';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { macText } from '../../src/keys/mac.js';
import { AuthError } from '../../src/protocol/auth-error.js';
import { parseClientMetadata } from '../../src/protocol/client-metadata.js';
import { commonRegistrations } from './common-registrations.js';

const issuer = 'https://auth.example';
const oldSecret = 'the old secret of this installation';
const newSecret = 'the new secret of this installation';

const ring = createKeyRing([oldSecret], issuer);
const ids = createRegisteredClientIds(ring, randomBytes);
const publicClient = parseClientMetadata({
  redirect_uris: ['https://app.example/cb'],
  client_name: 'App',
  token_endpoint_auth_method: 'none',
});
const confidentialClient = parseClientMetadata({ redirect_uris: ['https://app.example/cb'], client_name: 'App' });

/** An id with a valid MAC over whatever payload a test wants. */
function authenticId(payload: string | Buffer): string {
  const { kid, key } = ring.current('client id');
  const text = typeof payload === 'string' ? payload : payload.toString('base64url');
  return `${kid}.${text}.${macText(key, [text])}`;
}

function payloadOf(json: string, format = 1): Buffer {
  return Buffer.concat([Buffer.of(format), deflateRawSync(json, { dictionary: registrationDictionary1 })]);
}

/** Text that does not compress. */
function noise(length: number): string {
  return createHash('shake256', { outputLength: length }).update(`${length}`).digest('hex').slice(0, length);
}

describe('ids of registered clients', () => {
  it.each(Object.entries(commonRegistrations))('hold the registration of %s in under 200 characters', (_, document) => {
    const metadata = parseClientMetadata(document);
    const { clientId } = ids.issue(metadata);
    expect(clientId.length).toBeLessThan(metadata.token_endpoint_auth_method === 'none' ? 100 : 130);
    expect(clientId).toMatch(/^[A-Za-z0-9._-]+$/);
    expect(ids.read(clientId)).toMatchObject({
      clientId,
      metadata,
      authenticationMethod: metadata.token_endpoint_auth_method,
    });
  });

  it('hold a registration that nobody foresaw in under 200 characters', () => {
    const { clientId } = ids.issue(
      parseClientMetadata({
        redirect_uris: ['https://agent.acme-widgets.example/integrations/oauth2/mcp/return'],
        client_name: 'Acme Widgets Agent',
        client_uri: 'https://acme-widgets.example/agent',
        grant_types: ['authorization_code'],
      }),
    );
    expect(clientId.length).toBeLessThan(200);
  });

  it('are the same whenever a public client registers the same', () => {
    const first = parseClientMetadata({
      redirect_uris: ['http://localhost:1/cb'],
      client_name: 'App',
      token_endpoint_auth_method: 'none',
      scope: 'read',
    });
    const again = parseClientMetadata({
      scope: 'read',
      unknown: true,
      client_name: ' App ',
      token_endpoint_auth_method: 'none',
      response_types: ['code'],
      grant_types: ['refresh_token', 'authorization_code'],
      redirect_uris: ['http://localhost:1/cb', 'http://localhost:1/cb'],
    });
    expect(ids.issue(again)).toEqual(ids.issue(first));
    expect(ids.issue(first).clientSecret).toBeUndefined();
  });

  it('differ for confidential clients with the same metadata, and so do their secrets', () => {
    const one = ids.issue(confidentialClient);
    const other = ids.issue(confidentialClient);
    expect(one.clientId).not.toBe(other.clientId);
    expect(one.clientSecret).not.toBe(other.clientSecret);
    expect(one.clientSecret).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('know their secret and no other', () => {
    const one = ids.issue(confidentialClient);
    const other = ids.issue(confidentialClient);
    const client = ids.read(one.clientId);
    expect(client?.secretMatches(one.clientSecret ?? '')).toBe(true);
    for (const wrong of ['', 'undefined', other.clientSecret ?? '', `${one.clientSecret}A`, one.clientId]) {
      expect(client?.secretMatches(wrong)).toBe(false);
    }
  });

  it('have no secret when the client is public', () => {
    const { clientId } = ids.issue(publicClient);
    const { kid } = ring.current('client id');
    const derived = macText(ring.find('client secret', kid) ?? Buffer.of(), [clientId], 32);
    const client = ids.read(clientId);
    expect(['', 'undefined', derived].map((secret) => client?.secretMatches(secret))).toEqual([false, false, false]);
  });

  it('never exceed 1,024 characters', () => {
    const withName = (length: number) =>
      ids.issue(parseClientMetadata({ redirect_uris: [`https://app.example/${noise(length)}`] }));
    const lengths = [100, 400, 700].map((length) => withName(length).clientId.length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1024);
    const tooMuch = ['https://a.example/', 'https://b.example/'].map((start, index) => start + noise(900 + index));
    expect(() => ids.issue(parseClientMetadata({ redirect_uris: tooMuch }))).toThrow(
      expect.objectContaining({ code: 'invalid_client_metadata' }) as AuthError,
    );
  });

  it('are refused for metadata that would compress well but not be read again', () => {
    const redirect_uris = Array.from({ length: 12 }, (_, index) => `https://app.example/${'a'.repeat(900)}${index}`);
    expect(() => ids.issue(parseClientMetadata({ redirect_uris }))).toThrow(AuthError);
  });

  it('survive a round trip, whatever the metadata', () => {
    // Short enough that four odd addresses and three odd names still fit an id: what does not is refused, and tested apart.
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((each) => !/\p{C}/u.test(each));
    const document = fc.record(
      {
        redirect_uris: fc.uniqueArray(
          fc.webUrl({ validSchemes: ['https'] }).filter((uri) => {
            try {
              parseClientMetadata({ redirect_uris: [uri] });
              return true;
            } catch {
              return false;
            }
          }),
          { minLength: 1, maxLength: 4 },
        ),
        client_name: text,
        software_id: text,
        software_version: text,
        scope: fc.constantFrom('read', 'read write'),
        application_type: fc.constantFrom('native', 'web'),
        token_endpoint_auth_method: fc.constantFrom('none', 'client_secret_basic', 'client_secret_post'),
        grant_types: fc.constantFrom(['authorization_code'], ['authorization_code', 'refresh_token']),
      },
      { requiredKeys: ['redirect_uris'] },
    );
    fc.assert(
      fc.property(document, (each) => {
        const metadata = parseClientMetadata(each);
        const { clientId, clientSecret } = ids.issue(metadata);
        const client = ids.read(clientId);
        expect(client?.metadata).toEqual(metadata);
        expect(client?.secretMatches(clientSecret ?? '')).toBe(metadata.token_endpoint_auth_method !== 'none');
      }),
      { numRuns: 500, seed: 20261120 },
    );
  });
});

describe('a damaged or foreign id', () => {
  it('is never read, whichever character is changed', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/= ~\n';
    const { clientId } = ids.issue(publicClient);
    for (let index = 0; index < clientId.length; index++) {
      for (const character of alphabet.replace(clientId.charAt(index), '')) {
        expect(ids.read(clientId.slice(0, index) + character + clientId.slice(index + 1))).toBeUndefined();
      }
    }
  });

  it('is never read when something is added, cut, or spelled differently', () => {
    const { clientId } = ids.issue(publicClient);
    const spellings = [
      `${clientId}=`,
      `${clientId}\n`,
      ` ${clientId}`,
      `${clientId}.`,
      clientId.slice(0, -1),
      clientId.replaceAll('-', '+').replaceAll('_', '/') + '==',
      encodeURIComponent(clientId) + '%20',
      clientId.replace(/\.(?=[^.]*$)/, '=.'),
    ].filter((each) => each !== clientId);
    for (const spelling of spellings) expect(ids.read(spelling), spelling).toBeUndefined();
  });

  it('is unknown, whatever it is', () => {
    const arbitrary = ['', '.', '..', 'constructor', '__proto__', 'https://app.example/client', 'a.b.c', '\ud800'];
    for (const each of [...arbitrary, 'a'.repeat(100_000)]) expect(ids.read(each)).toBeUndefined();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (each) => {
        expect(ids.read(each)).toBeUndefined();
      }),
    );
  });

  it('is unknown to another issuer with the same secret', () => {
    const { clientId } = ids.issue(publicClient);
    const elsewhere = createRegisteredClientIds(createKeyRing([oldSecret], 'https://other.example'), randomBytes);
    expect(elsewhere.read(clientId)).toBeUndefined();
  });

  it('is not made by a MAC of another purpose', () => {
    const { kid } = ring.current('client id');
    const payload = payloadOf(JSON.stringify({ redirect_uris: ['https://app.example/cb'] })).toString('base64url');
    for (const purpose of ['client secret', 'credential'] as const) {
      const forged = `${kid}.${payload}.${macText(ring.current(purpose).key, [payload])}`;
      expect(ids.read(forged)).toBeUndefined();
    }
  });
});

describe('an authentic id with an odd payload', () => {
  it('is read when nothing is odd', () => {
    const json = JSON.stringify({ redirect_uris: ['https://app.example/cb'] });
    expect(ids.read(authenticId(payloadOf(json)))?.authenticationMethod).toBe('none');
  });

  it.each([
    ['a format of the future', payloadOf('{"redirect_uris":["https://app.example/cb"]}', 2)],
    ['nothing', Buffer.of(1)],
    ['what was never deflated', Buffer.from('\u0001{"redirect_uris":["https://app.example/cb"]}')],
    ['a deflated text cut short', payloadOf('{"redirect_uris":["https://app.example/cb"]}').subarray(0, -4)],
    ['another text than JSON', payloadOf('redirect_uris')],
    ['null', payloadOf('null')],
    ['a number', payloadOf('7')],
    ['no redirect URI', payloadOf('{"client_name":"App"}')],
    [
      'a method of the future',
      payloadOf('{"redirect_uris":["https://a.example/"],"token_endpoint_auth_method":"tls"}'),
    ],
    ['a redirect URI that is no longer allowed', payloadOf('{"redirect_uris":["javascript:alert(1)"]}')],
  ])('is unknown: %s', (_, payload) => {
    expect(ids.read(authenticId(payload))).toBeUndefined();
  });

  it('is unknown when it would inflate beyond all bounds', () => {
    const bomb = payloadOf(`{"redirect_uris":["https://app.example/cb"]${' '.repeat(300_000)}}`);
    const clientId = authenticId(bomb);
    expect(clientId.length).toBeLessThan(1024);
    expect(ids.read(clientId)).toBeUndefined();
  });

  it('is unknown when it is too long', () => {
    const json = JSON.stringify({
      redirect_uris: [`https://app.example/${noise(900)}`, `https://b.example/${noise(901)}`],
    });
    const clientId = authenticId(payloadOf(json));
    expect(clientId.length).toBeGreaterThan(1024);
    expect(ids.read(clientId)).toBeUndefined();
  });
});

describe('rotation of the secret', () => {
  const over = (...secrets: [string, ...string[]]) =>
    createRegisteredClientIds(createKeyRing(secrets, issuer), randomBytes);
  const before = over(oldSecret).issue(confidentialClient);

  it.each([
    ['the new secret was added last', over(oldSecret, newSecret)],
    ['the new secret came first', over(newSecret, oldSecret)],
  ])('leaves ids and secrets valid after %s', (_, rotated) => {
    const client = rotated.read(before.clientId);
    expect(client?.metadata).toEqual(confidentialClient);
    expect(client?.secretMatches(before.clientSecret ?? '')).toBe(true);
  });

  it('makes ids with the first secret, which instances that know it last can read', () => {
    const { clientId, clientSecret } = over(newSecret, oldSecret).issue(confidentialClient);
    expect(
      over(oldSecret, newSecret)
        .read(clientId)
        ?.secretMatches(clientSecret ?? ''),
    ).toBe(true);
    expect(over(oldSecret).read(clientId)).toBeUndefined();
  });

  it('ends the ids of a secret that was dropped', () => {
    expect(over(newSecret).read(before.clientId)).toBeUndefined();
  });
});

describe('the dictionary of format 1', () => {
  it('is what it was when it was published', () => {
    const digest = createHash('sha256').update(registrationDictionary1).digest('hex');
    expect(digest).toBe('24fa5b5610b6d7355aa06bd209fc69f3a113d8c8964e7e519ec112024fc5c428');
  });

  it('still reads an id that was made when it was published', () => {
    expect(ids.read('cxX0.ARtSeQEA.exTPQ_ZYa3m7IxsKQP9VYw')?.metadata).toEqual(
      parseClientMetadata(commonRegistrations.Cursor),
    );
  });
});
