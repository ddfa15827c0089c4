import { randomBytes } from 'node:crypto';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { createSealing } from '../../src/keys/sealing.js';
import { AuthError } from '../../src/protocol/auth-error.js';
import { memoryStore } from '../../src/storage/memory.js';
import { createRenewal } from '../../src/upstream/renewal.js';
import type { Admit } from '../../src/upstream/renewal-attempt.js';
import type { UpstreamSession } from '../../src/upstream/session.js';
import type { Upstream } from '../../src/upstream/upstream.js';
import { createVault } from '../../src/upstream/vault.js';
import { faultyStore } from '../faults/faulty-store.js';

export const key = { partition: 'user', id: 'vault.1' };
export const start = 1_000_000;
export const tokenTtl = 3600;
export const outage = () => new AuthError('temporarily_unavailable', 'The provider is away.');

/** Lets everything else that is ready go on. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A provider that rotates refresh tokens, and ends the family when one comes twice. */
export function rotatingProvider(clock: () => number) {
  let generation = 0;
  const provider = {
    /** The refresh tokens that it was sent. */
    presented: [] as (string | undefined)[],
    identified: 0,
    isDead: false,
    subject: 'alice',
    /** What happens before it answers; what this throws it answers, having done nothing. */
    beforeRefresh: (): unknown => turn(),
    /** What happens once the old refresh token is spent; what this throws is the loss of the answer. */
    afterRefresh: (): unknown => undefined,
    beforeIdentify: (): unknown => turn(),
  };
  const upstream: Upstream = {
    provider: { id: 'idp', name: 'Provider', issuer: 'https://idp.example', revocation: undefined },
    authorizationUrl: () => Promise.reject(new Error('Nobody signs in.')),
    complete: () => Promise.reject(new Error('Nobody signs in.')),
    revoke: () => Promise.resolve(),
    async refresh(previous) {
      const receivedAt = clock();
      provider.presented.push(previous.tokens.refresh_token);
      await provider.beforeRefresh();
      if (previous.tokens.refresh_token !== `refresh-${generation}`) provider.isDead = true;
      if (provider.isDead) throw new AuthError('invalid_grant', 'It is over.');
      generation += 1;
      await provider.afterRefresh();
      return { tokens: tokensOf(generation), idToken: previous.idToken, receivedAt };
    },
    async identify(answer) {
      provider.identified += 1;
      await provider.beforeIdentify();
      const user = { sub: provider.subject, email_verified: false, raw: {} };
      return { ...answer, provider: 'idp', issuer: 'https://idp.example', subject: user.sub, user };
    },
  };
  return { provider, upstream };
}

/** The tokens of a generation. */
export function tokensOf(generation: number) {
  return {
    access_token: `access-${generation}`,
    token_type: 'bearer',
    refresh_token: `refresh-${generation}`,
    expires_in: tokenTtl,
  };
}

/** The tokens of a sign-in in a vault, several processes that share it, and a clock that stands until it is moved. */
export async function renewalScene(changes: Partial<UpstreamSession> = {}) {
  const time = { now: start };
  const clock = () => time.now;
  const store = faultyStore(memoryStore({ clock }));
  const sealing = createSealing(
    createKeyRing(['the only secret, thirty-two characters'], 'https://a.example'),
    randomBytes,
  );
  const vault = createVault(store, sealing, randomBytes);
  const { provider, upstream } = rotatingProvider(clock);
  const revoked: UpstreamSession[] = [];
  let slept = 0;
  const session: UpstreamSession = {
    provider: 'idp',
    issuer: 'https://idp.example',
    subject: 'alice',
    tokens: tokensOf(0),
    idToken: { sub: 'alice' },
    receivedAt: start,
    ...changes,
  };
  await vault.put(key, session, start + 1_000_000);

  /** One more process; its clock may differ. */
  const newProcess = (admit: Admit = () => Promise.resolve(), ahead = 0) =>
    createRenewal({
      vault,
      upstreams: new Map([['idp', upstream]]),
      admit,
      revoke: (_, each) => revoked.push(each),
      clock: () => time.now + ahead,
      async sleep(seconds) {
        slept += seconds;
        await turn();
      },
      randomness: randomBytes,
    });
  return {
    time,
    store,
    vault,
    provider,
    revoked,
    newProcess,
    session,
    slept: () => slept,
    record: async () => (await vault.read(key))?.record,
    /** Lets the access token expire. */
    expire: () => (time.now += tokenTtl),
  };
}
