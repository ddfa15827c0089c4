import { randomBytes } from 'node:crypto';
import { createCredentials } from '../../src/grants/credential.js';
import { createGrantIds } from '../../src/grants/grant-id.js';
import { createGrants } from '../../src/grants/grant-store.js';
import type { Grant } from '../../src/grants/grant.js';
import { createKeyRing } from '../../src/keys/key-ring.js';
import type { Key } from '../../src/storage/store.js';
import { memoryStore } from '../../src/storage/memory.js';
import { faultyStore } from '../faults/faulty-store.js';

export const issuer = 'https://auth.example';
export const secrets: [string, string] = [
  'the first secret, thirty-two characters',
  'the second secret, thirty-two chars',
];
export const lifetimes = { refreshTokenTtl: 10_000, grantTtl: 50_000 };
export const start = 1_000_000;

const installationKey = Buffer.alloc(32, 5);

/** Grants in a store that can fail, and a clock that can be moved. */
export function grantScene() {
  const time = { now: start };
  const clock = () => time.now;
  const store = faultyStore(memoryStore({ clock }));
  const ids = createGrantIds(() => Promise.resolve(installationKey), randomBytes);
  const discardVault = async (key: Key) => {
    await store.delete(key);
  };
  const grants = createGrants(store, ids, clock, randomBytes, lifetimes, () => undefined, discardVault);
  const credentials = createCredentials(createKeyRing([secrets[0]], issuer));
  const newGrant = async (changes: Partial<Grant> = {}): Promise<Grant> => ({
    ...sampleGrant(await ids.create('https://upstream.example', 'alice')),
    ...changes,
  });
  const isAlive = async (grantId: string) => (await grants.findLiving(grantId)) !== undefined;
  return { time, clock, store, ids, grants, isAlive, discardVault, credentials, newGrant };
}

/** A grant whose code is not redeemed yet. */
export function sampleGrant(grantId: string, salt = 'c2FsdHNhbHRzYWx0c2FsdA'): Grant {
  return {
    grantId,
    clientId: 'client',
    resource: 'https://mcp.example/mcp',
    scopes: ['mcp:tools'],
    identity: 'sealed',
    salt,
    createdAt: start,
    code: { kid: 'abcd', expiresAt: start + 60, codeChallenge: 'challenge', redirectUri: 'https://app.example/cb' },
  };
}
