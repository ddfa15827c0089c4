import { AuthError } from '../protocol/auth-error.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { Key } from '../storage/store.js';
import { createRenewalAttempt, type AttemptServices } from './renewal-attempt.js';
import { judgeTokens } from './renewal-state.js';
import type { UpstreamSession } from './session.js';
import { SessionLost } from './session-lost.js';
import type { Upstream } from './upstream.js';
import { atRest, type Held } from './vault.js';

/** What renewing needs. */
export interface RenewalServices extends AttemptServices {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly randomness: Randomness;
}

/**
 * Answers the tokens of a vault record, renewed at the provider when they do not live for `minimumTtl` seconds more.
 *
 * @throws {SessionLost} when there are none, and will be none
 * @throws {AuthError} temporarily_unavailable when nobody can tell for now; nothing is lost then
 */
export type FreshSession = (key: Key, minimumTtl: number) => Promise<UpstreamSession>;

/** How long somebody waits while another process renews; in seconds. */
const patienceTtl = 15;
const shortestWait = 0.05;
const longestWait = 1;

/**
 * Renews tokens at most once at a time for each record, whoever asks and in whichever process: providers that rotate
 * refresh tokens take one that comes twice for a theft.
 *
 * Whoever renews takes a lease by compare-and-set in the record; the others read again until it is given back.
 */
export function createRenewal(services: RenewalServices): FreshSession {
  const { vault, upstreams, clock, sleep, randomness } = services;
  const attempt = createRenewalAttempt(services);
  const running = new Map<string, Promise<UpstreamSession>>();

  async function obtain(key: Key, minimumTtl: number): Promise<UpstreamSession> {
    let waited = 0;
    for (let wait = shortestWait; waited < patienceTtl; wait = Math.min(wait * 1.5, longestWait)) {
      const held = await vault.read(key);
      if (!held) throw new SessionLost('no vault');
      switch (judgeTokens(held.record, minimumTtl, clock())) {
        case 'hand out':
          return held.record.session;
        case 'expired':
          throw new SessionLost('expired');
        case 'pause':
          throw unavailable('The identity provider was not available a moment ago.');
        case 'renew': {
          const renewed = await renew(key, held);
          if (renewed) return renewed;
        }
      }
      await sleep(wait);
      waited += wait;
    }
    throw unavailable('The tokens of the identity provider are being renewed.');
  }

  async function renew(key: Key, held: Held): Promise<UpstreamSession | undefined> {
    const upstream = upstreams.get(held.record.session.provider);
    if (!upstream) throw unavailable('The identity provider of this sign-in is not set up here.');
    const lease = { id: randomText(randomness), at: clock() };
    const leased = await vault.replace(key, held, { ...atRest(held.record), lease });
    return leased && attempt(key, upstream, { held: leased, leaseId: lease.id });
  }

  return (key, minimumTtl) => {
    const name = `${key.partition}/${key.id}/${minimumTtl}`;
    const shared = running.get(name) ?? obtain(key, minimumTtl).finally(() => running.delete(name));
    running.set(name, shared);
    return shared;
  };
}

function unavailable(text: string): AuthError {
  return new AuthError('temporarily_unavailable', text);
}
