import { randomBytes } from 'node:crypto';
import { customProvider } from '../../providers/custom.js';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { createSealing } from '../../src/keys/sealing.js';
import { sqliteStore } from '../../src/storage/sqlite.js';
import { systemClock, systemSleep } from '../../src/system.js';
import { createPooledFetch } from '../../src/upstream/pooled-fetch.js';
import { createRenewal } from '../../src/upstream/renewal.js';
import { createUpstream } from '../../src/upstream/create-upstream.js';
import { createVault } from '../../src/upstream/vault.js';

/**
 * Wants fresh tokens of the provider that is named second, from the file that is named first, many times at once,
 * until the milliseconds that are named third have passed; prints each access token that it got, or the error.
 *
 * With `sign in` in the fourth place it puts the first tokens away, expired, and does nothing else.
 */
const [path = '', origin = '', milliseconds = '', task = ''] = process.argv.slice(2);
const key = { partition: 'user', id: 'vault.1' };
const store = sqliteStore({ path, clock: systemClock });
const sealing = createSealing(
  createKeyRing(['the only secret, thirty-two characters'], 'https://a.example'),
  randomBytes,
);
const vault = createVault(store, sealing, randomBytes);
const pool = createPooledFetch({ timeout: 5 });
const provider = customProvider({
  id: 'idp',
  name: 'Provider',
  clientId: 'id',
  clientSecret: 'secret',
  authorizationEndpoint: `${origin}/authorize`,
  tokenEndpoint: `${origin}/token`,
  userInfoEndpoint: `${origin}/me`,
});
const upstream = createUpstream(provider, { callbackUrl: `${origin}/cb`, fetch: pool.fetch, clock: systemClock });
const fresh = createRenewal({
  vault,
  upstreams: new Map([['idp', upstream]]),
  admit: () => Promise.resolve(),
  revoke: () => undefined,
  clock: systemClock,
  sleep: systemSleep,
  randomness: randomBytes,
});

async function keepAsking(minimumTtl: number): Promise<void> {
  const end = Date.now() + Number(milliseconds);
  while (Date.now() < end) {
    const outcome = await fresh(key, minimumTtl).then(
      ({ tokens }) => tokens.access_token,
      (thrown: unknown) => String(thrown),
    );
    console.log(outcome);
    await systemSleep(0.02);
  }
}

if (task === 'sign in') {
  const tokens = { access_token: 'access-0', token_type: 'bearer', refresh_token: 'refresh-0', expires_in: 1 };
  const who = { provider: 'idp', issuer: origin, subject: 'alice' };
  await vault.put(key, { ...who, tokens, idToken: {}, receivedAt: systemClock() - 2 }, systemClock() + 3600);
} else {
  // Ten callers who do not share a promise.
  await Promise.all(Array.from({ length: 10 }, (_, caller) => keepAsking(caller / 1000)));
}
pool.close();
await store.close();
