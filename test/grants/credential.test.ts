import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCredentials, parseCredential, type CredentialKind } from '../../src/grants/credential.js';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { issuer, sampleGrant, secrets } from './scene.js';

const grantId = `${'u'.repeat(22)}.${'r'.repeat(22)}.${'m'.repeat(11)}`;
const grant = sampleGrant(grantId);
const credentials = createCredentials(createKeyRing(secrets, issuer));
const kid = credentials.currentKid();
const kinds: CredentialKind[] = ['ac', 'rt'];

function isProven(text: string): boolean {
  const credential = parseCredential(text);
  return credential !== undefined && credentials.proves(credential, grant);
}

describe('taking a credential apart', () => {
  it('never throws, whatever the text', () => {
    const pieces = fc.constantFrom('ac', 'rt', '.', kid, grantId, '0', '1', '-1', '1e3', 'A'.repeat(22), '\n', ' ');
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces, { maxLength: 12 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseCredential(text);
        if (!parsed) return;
        const { kind, generation, mac } = parsed;
        expect([kind, parsed.kid, parsed.grantId, generation, mac].join('.')).toBe(text);
      }),
    );
  });

  it('is the inverse of deriving', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.nat(999_999_999), (kind, generation) => {
        const text = credentials.derive(kind, kid, grant, generation);
        expect(parseCredential(text)).toMatchObject({ kind, kid, grantId, generation });
        expect(isProven(text)).toBe(true);
      }),
    );
  });

  it.each(['00', '01', '+1', '1.0', '-1', '1e1', '1000000000', ' 1', '１', ''])(
    'knows one spelling of each generation, and %j is none',
    (generation) => {
      const [kind, name, , mac] = ['rt', kid, '', 'A'.repeat(22)];
      expect(parseCredential(`${kind}.${name}.${grantId}.1.${mac}`)).toBeDefined();
      expect(parseCredential(`${kind}.${name}.${grantId}.${generation}.${mac}`)).toBeUndefined();
    },
  );

  it('does not take a line break at the end for nothing', () => {
    const text = credentials.derive('rt', kid, grant, 1);
    for (const changed of [`${text}\n`, `\n${text}`, `${text} `, `${text}.`, `${text}=`, text.toUpperCase()]) {
      expect(isProven(changed)).toBe(false);
    }
  });
});

describe('a credential', () => {
  it('is refused when a single character of it was changed, added or left out', () => {
    const alphabet = Array.from('abcXYZ019-_.=/+% \0é');
    for (const kind of kinds) {
      const text = credentials.derive(kind, kid, grant, 12);
      expect(isProven(text)).toBe(true);
      for (let index = 0; index < text.length; index++) {
        for (const character of [...alphabet, String.fromCharCode(text.charCodeAt(index) ^ 1)]) {
          const changed = text.slice(0, index) + character + text.slice(index + 1);
          expect(isProven(changed), changed).toBe(changed === text);
          expect(isProven(text.slice(0, index) + character + text.slice(index)), 'one more').toBe(false);
        }
        expect(isProven(text.slice(0, index) + text.slice(index + 1)), 'one less').toBe(false);
      }
    }
  });

  it('has one spelling only: no other text with the same bytes in its MAC counts', () => {
    const text = credentials.derive('rt', kid, grant, 1);
    const mac = text.slice(-22);
    const twins = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
      .map((last) => mac.slice(0, -1) + last)
      .filter((twin) => Buffer.from(twin, 'base64url').equals(Buffer.from(mac, 'base64url')));
    expect(twins.length).toBeGreaterThan(1);
    expect(twins.filter((twin) => isProven(text.slice(0, -22) + twin))).toEqual([mac]);
  });

  it('is derived again to the letter, in this process and in any other', () => {
    for (const kind of kinds) {
      const again = createCredentials(createKeyRing(secrets, issuer)).derive(kind, kid, { ...grant }, 3);
      expect(credentials.derive(kind, kid, grant, 3)).toBe(again);
    }
  });

  it('is another one for every kind, generation, grant, salt, secret and issuer', () => {
    const other = createCredentials(createKeyRing([secrets[1]], issuer));
    const elsewhere = createCredentials(createKeyRing(secrets, 'https://other.example'));
    const macs = [
      credentials.derive('rt', kid, grant, 1),
      credentials.derive('ac', kid, grant, 1),
      credentials.derive('rt', kid, grant, 2),
      credentials.derive('rt', other.currentKid(), grant, 1),
      credentials.derive('rt', kid, { ...grant, grantId: grantId.replace('r', 'q') }, 1),
      credentials.derive('rt', kid, { ...grant, salt: 'another' }, 1),
      elsewhere.derive('rt', elsewhere.currentKid(), grant, 1),
    ].map((text) => text.slice(-22));
    expect(new Set(macs).size).toBe(macs.length);
  });

  it('needs the secret and the salt: neither the store nor the secret alone can make one', () => {
    const withoutSecret = createCredentials(createKeyRing(['a guess at the secret, of enough chars'], issuer));
    const guessed = withoutSecret.derive('rt', withoutSecret.currentKid(), grant, 1);
    expect(isProven(guessed)).toBe(false);
    expect(isProven(guessed.replace(withoutSecret.currentKid(), kid))).toBe(false);
    expect(isProven(credentials.derive('rt', kid, { ...grant, salt: 'a guess at the salt' }, 1))).toBe(false);
  });

  it('says nothing of its salt', () => {
    expect(credentials.derive('rt', kid, grant, 1)).not.toContain(grant.salt);
  });

  it('proves itself on its own grant only, even when another one has the same salt', () => {
    const credential = parseCredential(credentials.derive('rt', kid, grant, 1));
    if (!credential) throw new Error('unreachable');
    expect(credentials.proves(credential, grant)).toBe(true);
    expect(credentials.proves(credential, sampleGrant(grantId.replace('r', 'q')))).toBe(false);
  });

  it('is still proven after a rotation of the secret, until the old secret is taken off', () => {
    const text = createCredentials(createKeyRing([secrets[0]], issuer)).derive('rt', kid, grant, 1);
    const credential = parseCredential(text);
    if (!credential) throw new Error('unreachable');
    const rotated = createCredentials(createKeyRing([secrets[1], secrets[0]], issuer));
    const without = createCredentials(createKeyRing([secrets[1]], issuer));
    expect(rotated.proves(credential, grant)).toBe(true);
    expect(rotated.currentKid()).not.toBe(kid);
    expect(without.proves(credential, grant)).toBe(false);
    expect(() => without.derive('rt', kid, grant, 1)).toThrow(expect.objectContaining({ code: 'invalid_grant' }));
  });
});
