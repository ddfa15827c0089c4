import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { AuthError } from '../protocol/auth-error.js';
import type { Store } from '../storage/store.js';
import { randomText, type Randomness } from './randomness.js';
import type { Audit, RequestOrigin } from '../telemetry/audit.js';
import { clockTolerance, isWithin, type Clock } from '../storage/clock.js';
import { wrongSecret } from './installation-key.js';
import type { Sealing } from './sealing.js';
import { publicJwk, thumbprint, type SigningKeys } from './signing-keys.js';
import { once } from './single-flight.js';

/** How signing keys come and go; all in seconds. */
export interface RotationSettings {
  /** From one new key to the next. */
  readonly rotationTtl: number;
  /** How long a key is published before it signs, so that every cache of the JWKS has seen it. */
  readonly publishTtl: number;
  /** How long the longest access token lives: so long a key stays published after it last signed. */
  readonly longestTokenTtl: number;
}

interface StoredKey {
  readonly privateKey: JsonWebKey;
  readonly publishedAt: number;
}

interface LoadedKey {
  readonly kid: string;
  readonly publishedAt: number;
  readonly signing: KeyObject;
  readonly verification: KeyObject;
  readonly published: JsonWebKey;
}

const key = { partition: 'keys', id: 'signing' } as const;
const purpose = 'seal signing keys';
/** How long an instance goes without looking whether another one has rotated; far shorter than any publishTtl. */
const reloadTtl = 60;
/** How often, at the most, a token with an unknown key name makes an instance look. */
const unknownKeyTtl = 5;
const maxAttempts = 10;

/**
 * ES256 keys that are made at the first start, kept sealed in the store, shared by all instances, and rotated.
 *
 * Which key signs is a function of the list and the time, so that instances need not talk to each other.
 */
export function rotatingSigningKeys(
  store: Store,
  sealing: Sealing,
  randomness: Randomness,
  clock: Clock,
  settings: RotationSettings,
  audit: Audit,
): SigningKeys {
  let loaded: { readonly keys: readonly LoadedKey[]; readonly at: number } | undefined;

  /** @param asker - who asks for a new key; without one, it is made when it is due */
  async function load(asker?: RequestOrigin, attempts = maxAttempts): Promise<readonly LoadedKey[]> {
    if (attempts === 0) throw new AuthError('temporarily_unavailable', 'The signing keys cannot be written.');
    const entry = await store.get(key);
    const stored = entry ? openKeys(sealing, entry.value) : [];
    const wanted = asker ? withNewKeySoon(stored, clock(), settings) : rotate(stored, clock(), settings);
    if (!entry || wanted !== stored || !sealing.isCurrent(entry.value)) {
      const sealed = sealing.seal(purpose, key.id, JSON.stringify(wanted));
      const version = randomText(randomness);
      const expect = entry?.version ?? 'absent';
      const written = await store.set(key, sealed, { version, expiresAt: 'never', expect });
      const newest = wanted.at(-1);
      if (written && newest && newest !== stored.at(-1)) {
        const reason = !entry ? 'first start' : asker ? 'asked for' : 'due';
        audit({ event: 'signing_key.rotated', ...asker, keyId: importKey(newest).kid, reason });
      }
      // Another instance may have been first; what the store holds is what counts.
      return load(asker, attempts - 1);
    }
    const known = new Map(loaded?.keys.map((each) => [each.publishedAt, each]));
    return stored.map((each) => known.get(each.publishedAt) ?? importKey(each));
  }

  let reload = once(() => load());
  async function keysNotOlderThan(age: number): Promise<readonly LoadedKey[]> {
    if (loaded && isWithin(loaded.at, age, clock())) return loaded.keys;
    try {
      const keys = await reload();
      reload = once(() => load());
      loaded = { keys, at: clock() };
      return keys;
    } catch (thrown) {
      // A store that is away does not take back the keys that are known.
      if (loaded) return loaded.keys;
      throw thrown;
    }
  }

  return {
    algorithm: 'ES256',
    async current() {
      const keys = await keysNotOlderThan(reloadTtl);
      const { kid, signing } = activeKey(keys, clock(), settings);
      return { kid, key: signing };
    },
    async find(kid) {
      const byName = (keys: readonly LoadedKey[]) => keys.find((each) => each.kid === kid)?.verification;
      return byName(await keysNotOlderThan(reloadTtl)) ?? byName(await keysNotOlderThan(unknownKeyTtl));
    },
    async jwks() {
      const keys = await keysNotOlderThan(reloadTtl);
      return { keys: keys.map(({ published }) => published) };
    },
    async list() {
      const entry = await store.get(key);
      const keys = entry ? openKeys(sealing, entry.value).map(importKey) : [];
      const active = keys.length > 0 ? activeKey(keys, clock(), settings).publishedAt : 0;
      return keys.map(({ kid, publishedAt }) => ({
        kid,
        publishedAt,
        signsFrom: publishedAt === keys[0]?.publishedAt ? publishedAt : publishedAt + settings.publishTtl,
        state: publishedAt === active ? 'signing' : publishedAt > active ? 'published' : 'verifying',
      }));
    },
    async rotate(origin) {
      loaded = { keys: await load(origin), at: clock() };
    },
  };
}

/** Adds a key when the newest is old enough, and drops those whose last token has expired; else the same list. */
function rotate(keys: StoredKey[], now: number, settings: RotationSettings): StoredKey[] {
  const { rotationTtl, publishTtl, longestTokenTtl } = settings;
  const newest = keys.at(-1);
  const due = !newest || now >= newest.publishedAt + rotationTtl;
  const isOver = (_: StoredKey, index: number) => {
    const successor = keys[index + 1];
    return successor && now > successor.publishedAt + publishTtl + longestTokenTtl + clockTolerance;
  };
  if (!due && !keys.some(isOver)) return keys;
  const kept = keys.filter((each, index) => !isOver(each, index));
  return due ? withNewKey(kept, now) : kept;
}

/**
 * Adds a key unless the newest is one that waits. Drops none: an operator's command may not know how long the tokens of
 * the servers live.
 */
function withNewKeySoon(keys: StoredKey[], now: number, settings: RotationSettings): StoredKey[] {
  return isUnderWay(keys, now, settings) ? keys : withNewKey(keys, now);
}

function withNewKey(keys: readonly StoredKey[], now: number): StoredKey[] {
  // No two of the same second: the instant is what a key is known by.
  const publishedAt = Math.max(Math.floor(now), (keys.at(-1)?.publishedAt ?? 0) + 1);
  return [...keys, { privateKey: newPrivateKey(), publishedAt }];
}

/** Tells whether the newest key is published and does not sign yet. */
function isUnderWay(keys: readonly StoredKey[], now: number, { publishTtl }: RotationSettings): boolean {
  const newest = keys.at(-1);
  return newest !== undefined && keys.length > 1 && now < newest.publishedAt + publishTtl;
}

/** The newest key that has been published long enough; the first one of all need not wait. */
function activeKey(keys: readonly LoadedKey[], now: number, { publishTtl }: RotationSettings): LoadedKey {
  const active = keys.findLast((each) => each.publishedAt + publishTtl <= now) ?? keys[0];
  if (!active) throw wrongSecret();
  return active;
}

function openKeys(sealing: Sealing, sealed: string): StoredKey[] {
  const text = sealing.open(purpose, key.id, sealed);
  if (text === undefined) throw wrongSecret();
  return JSON.parse(text) as StoredKey[];
}

function newPrivateKey(): JsonWebKey {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
}

function importKey({ privateKey, publishedAt }: StoredKey): LoadedKey {
  const signing = createPrivateKey({ key: privateKey, format: 'jwk' });
  const kid = thumbprint(signing);
  const verification = createPublicKey(signing);
  return { kid, publishedAt, signing, verification, published: publicJwk(verification, kid, 'ES256') };
}
