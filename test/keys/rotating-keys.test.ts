import { randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { beforeEach, describe, expect, it } from 'vitest';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { rotatingSigningKeys } from '../../src/keys/rotating-keys.js';
import { createSealing } from '../../src/keys/sealing.js';
import type { SigningKeys } from '../../src/keys/signing-keys.js';
import { memoryStore } from '../../src/storage/memory.js';
import type { AuditEvent } from '../../src/telemetry/audit.js';
import { faultyStore, type FaultyStore } from '../faults/faulty-store.js';

const [first, second] = ['the first secret, thirty-two characters', 'the second secret, thirty-two chars'] as const;
const record = { partition: 'keys', id: 'signing' };
const settings = { rotationTtl: 100_000, publishTtl: 10_000, longestTokenTtl: 3600 };
const start = 1_000_000;

let now: number;
let store: FaultyStore;
let events: AuditEvent[];
beforeEach(() => {
  now = start;
  events = [];
  store = faultyStore(memoryStore({ clock: () => now }));
});

/** An instance of the server, whose clock may be off. */
function instance(secrets: [string, ...string[]] = [first], skew = 0): SigningKeys {
  const sealing = createSealing(createKeyRing(secrets, 'https://auth.example'), randomBytes);
  return rotatingSigningKeys(
    store,
    sealing,
    randomBytes,
    () => now + skew,
    settings,
    (event) => events.push(event),
  );
}

const publishedBy = async (keys: SigningKeys) => (await keys.jwks()).keys.map(({ kid }) => String(kid));
const signer = async (keys: SigningKeys) => (await keys.current()).kid;
async function sealedRecord() {
  const entry = await store.get(record);
  return entry?.value;
}

describe('signing keys', () => {
  it('are one key, also when twenty instances start at the same moment', async () => {
    const instances = Array.from({ length: 20 }, () => instance());
    const signers = await Promise.all(instances.map(signer));
    expect(new Set(signers).size).toBe(1);
    expect(await publishedBy(instance())).toEqual([signers[0]]);
  });

  it('sign with the very first key at once, since no cache can know an older one', async () => {
    const keys = instance();
    const { kid, key } = await keys.current();
    const token = jwt.sign({}, key, { algorithm: 'ES256', keyid: kid });
    const verification = await keys.find(kid);
    expect(verification?.type).toBe('public');
    expect(() => jwt.verify(token, verification ?? '', { algorithms: ['ES256'], clockTimestamp: now })).not.toThrow();
  });

  it('are kept sealed, and published without their private part', async () => {
    const keys = instance();
    const { key } = await keys.current();
    const { d = 'none' } = key.export({ format: 'jwk' });
    expect(await sealedRecord()).not.toContain(d);
    expect(JSON.stringify(await keys.jwks())).not.toMatch(new RegExp(`"d"|${d}`));
  });

  it('are the same after a restart', async () => {
    expect(await signer(instance())).toBe(await signer(instance()));
  });

  it('come, are published, sign and go at the instants that the settings name', async () => {
    const keys = instance();
    const one = await signer(keys);
    const second = start + settings.rotationTtl;
    const signs = second + settings.publishTtl;
    const goes = signs + settings.longestTokenTtl + 60;

    now = second - 1;
    expect(await publishedBy(instance())).toEqual([one]);
    now = second;
    const [, two = ''] = await publishedBy(instance());
    expect(await publishedBy(instance())).toEqual([one, two]);
    now = signs - 1;
    expect(await signer(instance())).toBe(one);
    now = signs;
    expect(await signer(instance())).toBe(two);
    now = goes;
    expect(await publishedBy(instance())).toEqual([one, two]);
    now = goes + 1;
    expect(await publishedBy(instance())).toEqual([two]);
    expect(await keys.find(one)).toBeUndefined();
  });

  it('change signer in a running instance at the same instant as in a new one', async () => {
    const keys = instance();
    const one = await signer(keys);
    now = start + settings.rotationTtl;
    await keys.jwks();
    now += settings.publishTtl - 1;
    expect(await signer(keys)).toBe(one);
    now += 1;
    const two = await signer(keys);
    expect(two).not.toBe(one);
    expect(await signer(instance())).toBe(two);
  });

  it('begin a rotation on command, once however many instances hear of it, and finish it as always', async () => {
    const instances = Array.from({ length: 20 }, () => instance());
    const [keys] = instances as [SigningKeys];
    const old = await signer(keys);
    await Promise.all(instances.map(async (each) => each.rotate?.({})));
    const [, next = ''] = await publishedBy(instance());
    expect(await publishedBy(keys)).toEqual([old, next]);
    // Again, while it is under way, changes nothing.
    await keys.rotate?.({});
    expect(await publishedBy(instance())).toEqual([old, next]);
    expect(await signer(instance())).toBe(old);
    now += settings.publishTtl + 1;
    expect(await signer(instance())).toBe(next);
    await keys.rotate?.({});
    expect(await publishedBy(instance())).toHaveLength(3);
  });

  it('stay few over the years', async () => {
    const keys = instance();
    for (let step = 0; step < 200; step++) {
      now += 25_000;
      expect((await publishedBy(keys)).length).toBeLessThanOrEqual(2);
    }
  });

  it('start with a fresh key after a sleep longer than a rotation, and still publish it before it signs', async () => {
    const one = await signer(instance());
    now = start + 50 * settings.rotationTtl;
    const keys = instance();
    expect(await signer(keys)).toBe(one);
    now += settings.publishTtl;
    expect(await signer(keys)).not.toBe(one);
  });

  it('let every instance verify every token of any other, with clocks thirty seconds apart, until it expires', async () => {
    const skews = [-30, 0, 30, -17, 23];
    const instances = skews.map((skew) => ({ skew, keys: instance([first], skew) }));
    const alive: { kid: string; exp: number }[] = [];
    const signers = new Set<string>();
    const end = start + 3 * settings.rotationTtl;
    for (now = start; now < end; now += 997) {
      for (const { skew, keys } of instances) {
        const kid = await signer(keys);
        signers.add(kid);
        alive.push({ kid, exp: now + skew + settings.longestTokenTtl });
      }
      for (const { skew, keys } of instances) {
        for (const kid of new Set(alive.filter(({ exp }) => now + skew <= exp + 60).map((token) => token.kid))) {
          expect(await keys.find(kid), `at ${now - start}, ${skew} s off`).toBeDefined();
        }
      }
      alive.splice(
        0,
        alive.findIndex(({ exp }) => exp + 90 > now),
      );
    }
    expect(signers.size).toBe(3);
  });

  it('make an instance look again, but not at every request, for a key that it does not know', async () => {
    const keys = instance();
    await keys.current();
    store.heal();
    for (let asked = 0; asked < 100; asked++) expect(await keys.find('unknown')).toBeUndefined();
    expect(store.operations).toEqual([]);
    now += 5;
    for (let asked = 0; asked < 100; asked++) expect(await keys.find('unknown')).toBeUndefined();
    expect(store.operations).toEqual(['get signing']);
  });

  it('are read once for all requests that wait', async () => {
    const keys = instance();
    await keys.current();
    store.heal();
    now += 60;
    await Promise.all(Array.from({ length: 50 }, () => keys.current()));
    expect(store.operations).toEqual(['get signing']);
  });
});

describe('signing keys and the secrets', () => {
  it('are the same after a rotation of the secret, and need the old one no longer once they were read', async () => {
    const one = await signer(instance([first]));
    expect(await signer(instance([second, first]))).toBe(one);
    expect(await signer(instance([second]))).toBe(one);
  });

  it('are refused under a wrong secret, with the reason for the operator only, and left as they are', async () => {
    const one = await signer(instance([first]));
    await expect(instance([second]).current()).rejects.toMatchObject({
      code: 'temporarily_unavailable',
      cause: { message: expect.stringContaining('another secret') as string },
    });
    expect(await signer(instance([first]))).toBe(one);
  });

  it('are read by instances with the secrets in either order, while an operator rotates them', async () => {
    const [before, after] = [instance([first, second]), instance([second, first])];
    const one = await signer(before);
    for (let step = 0; step < 20; step++) {
      now += 61;
      expect(await Promise.all([signer(before), signer(after)])).toEqual([one, one]);
    }
  });
});

describe('signing keys and a store that fails', () => {
  it('stay known while the store is away', async () => {
    const keys = instance();
    const one = await signer(keys);
    store.failAlways('throw before');
    now += 24 * 3600;
    expect(await signer(keys)).toBe(one);
    expect(await publishedBy(keys)).toEqual([one]);
    expect(await keys.find(one)).toBeDefined();
    store.heal();
    expect(await publishedBy(keys)).toEqual([one]);
  });

  it('are not said to be rotated when the store did not take it', async () => {
    const keys = instance();
    await signer(keys);
    store.failAlways('throw before');
    await expect(keys.rotate?.({})).rejects.toThrow();
  });

  it('are asked for again after a failure at the start', async () => {
    const keys = instance();
    store.failAlways('throw before');
    await expect(keys.current()).rejects.toThrow();
    await expect(keys.jwks()).rejects.toThrow();
    store.heal();
    expect(await signer(keys)).toBe(await signer(instance()));
  });

  it.each(['throw before', 'throw after', 'late', 'false after'] as const)(
    'never become two when the write of a rotation goes wrong (%s)',
    async (fault) => {
      const [keys, other] = [instance(), instance()];
      const one = await signer(keys);
      await signer(other);
      now += settings.rotationTtl;
      store.failOn('set signing', fault);
      expect(await publishedBy(keys)).toContain(one);
      expect(await publishedBy(other)).toContain(one);
      store.heal();
      now += 60;
      const published = await publishedBy(keys);
      expect(published).toHaveLength(2);
      expect(await publishedBy(other)).toEqual(published);
      expect(await publishedBy(instance())).toEqual(published);
    },
  );

  it.each(['', 'garbage', 'abcd.AAAA', '[]'])('are not replaced when their record holds %j', async (value) => {
    await store.set(record, value, { version: 'a', expiresAt: 'never' });
    await expect(instance().current()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    expect(await sealedRecord()).toBe(value);
  });

  it('stay known when their record is damaged while the server runs', async () => {
    const keys = instance();
    const one = await signer(keys);
    await store.set(record, 'garbage', { version: 'a', expiresAt: 'never' });
    now += 61;
    expect(await signer(keys)).toBe(one);
  });

  it('are given up on, and not tried for ever, when the store never shows what was written', async () => {
    store.failAlways('nothing');
    await expect(instance().current()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    expect(store.operations.length).toBeLessThan(50);
  });

  it('lose none to an operator who rotates without knowing how long tokens live', async () => {
    const old = await signer(instance());
    const sealing = createSealing(createKeyRing([first], 'https://auth.example'), randomBytes);
    const operator = rotatingSigningKeys(
      store,
      sealing,
      randomBytes,
      () => now,
      {
        ...settings,
        publishTtl: 1000,
        longestTokenTtl: 10,
      },
      () => undefined,
    );
    await operator.rotate?.({});
    now += 5000;
    await operator.rotate?.({});
    const listed = (await operator.list?.()) ?? [];
    expect(listed.map(({ state }) => state)).toEqual(['verifying', 'signing', 'published']);
    expect(listed[0]?.kid).toBe(old);
    expect(await publishedBy(instance())).toEqual(listed.map(({ kid }) => kid));
  });

  it('are only read when they are listed', async () => {
    const keys = instance();
    expect(await keys.list?.()).toEqual([]);
    expect(await sealedRecord()).toBeUndefined();
    await signer(keys);
    const before = await sealedRecord();
    now += 10 * settings.rotationTtl;
    expect(await keys.list?.()).toHaveLength(1);
    expect(await sealedRecord()).toBe(before);
  });
});
