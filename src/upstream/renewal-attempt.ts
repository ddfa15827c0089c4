import { AuthError } from '../protocol/auth-error.js';
import type { Admit } from './admission.js';
import type { Clock, Sleep } from '../storage/clock.js';
import type { Key } from '../storage/store.js';
import { Refusal } from './refusal.js';
import { accessTokenExpiry, type TokenAnswer, type UpstreamSession } from './session.js';
import { SessionLost } from './session-lost.js';
import type { Upstream } from './upstream.js';
import { atRest, type Held, type Vault, type VaultRecord } from './vault.js';

/** What an attempt needs. */
export interface AttemptServices {
  readonly vault: Vault;
  readonly admit: Admit;
  /** Revokes tokens that nobody will use. */
  readonly revoke: (key: Key, session: UpstreamSession) => void;
  readonly clock: Clock;
  readonly sleep: Sleep;
}

/** A record that was read, and the lease that the attempt has on it. */
export interface Leased {
  readonly held: Held;
  readonly leaseId: string;
}

/** Renews and checks the tokens of a record under a lease; undefined when somebody else came in between. */
export type RenewalAttempt = (key: Key, upstream: Upstream, leased: Leased) => Promise<UpstreamSession | undefined>;

/** How often new tokens are tried to be written: they exist nowhere else, and the old ones are worth nothing. */
const maxWrites = 3;

/** Makes attempts. Whatever becomes of one, its lease is given back as far as the store can be reached. */
export function createRenewalAttempt({ vault, admit, revoke, clock, sleep }: AttemptServices): RenewalAttempt {
  async function attempt(key: Key, upstream: Upstream, leased: Leased): Promise<UpstreamSession | undefined> {
    const { isUnchecked, session } = leased.held.record;
    // With an access token that has expired nothing can be asked.
    const canAsk = isUnchecked && clock() < (accessTokenExpiry(session) ?? Infinity);
    const renewed = canAsk ? leased.held : await renew(key, upstream, leased);
    if (!renewed) return undefined;
    await check(upstream, renewed.record.session);
    const done = await vault.change(key, renewed, isUnder(leased), ({ session, keptUntil }) => ({
      session,
      keptUntil,
    }));
    if (done === 'gone') throw new SessionLost('no vault');
    return done === 'overtaken' ? undefined : done.record.session;
  }

  async function renew(key: Key, upstream: Upstream, leased: Leased): Promise<Held | undefined> {
    const { session } = leased.held.record;
    const presented = session.tokens.refresh_token;
    const answer = await upstream.refresh(session).catch(async (thrown: unknown) => {
      if (!(thrown instanceof AuthError) || thrown.code !== 'invalid_grant') throw thrown;
      const current = (await vault.read(key))?.record;
      if (!current) throw new SessionLost('no vault', thrown);
      const isFinal = !isOthers(current, leased) && current.session.tokens.refresh_token === presented;
      if (isFinal) throw new SessionLost('signed out', thrown);
      // It was refused because somebody else has used it, or is using it.
      return undefined;
    });
    return answer && persist(key, leased, answer);
  }

  /** Before anything else is asked of the provider, since the refresh token that is in the record may be spent. */
  async function persist(key: Key, leased: Leased, answer: TokenAnswer): Promise<Held | undefined> {
    const { session, lease } = leased.held.record;
    const presented = session.tokens.refresh_token;
    const renewed = { ...session, ...answer };
    const isOurs = (current: VaultRecord) =>
      isUnder(leased)(current) || current.session.tokens.refresh_token === presented;
    for (let write = 1; ; write++) {
      try {
        const written = await vault.change(key, leased.held, isOurs, ({ keptUntil }) => ({
          session: renewed,
          keptUntil,
          lease,
          isUnchecked: true,
        }));
        if (written === 'overtaken') return undefined;
        if (written !== 'gone') return written;
        // The grant has ended meanwhile: nobody knows of these tokens but us.
        revoke(key, renewed);
        throw new SessionLost('no vault');
      } catch (thrown) {
        if (thrown instanceof SessionLost || write === maxWrites) throw thrown;
        await sleep(1);
      }
    }
  }

  async function check(upstream: Upstream, session: UpstreamSession): Promise<void> {
    const { user, issuer } = await upstream.identify(session);
    if (user.sub !== session.subject || issuer !== session.issuer) {
      throw new AuthError('server_error', 'The identity provider gave the tokens of somebody else.');
    }
    await admit(upstream.provider, user);
  }

  async function release(key: Key, leased: Leased): Promise<void> {
    const current = await vault.read(key);
    if (!current || !isUnder(leased)(current.record)) return;
    await vault.change(key, current, isUnder(leased), (record) => ({ ...atRest(record), failedAt: clock() }));
  }

  return async (key, upstream, leased) => {
    try {
      const session = await attempt(key, upstream, leased);
      if (!session) await release(key, leased);
      return session;
    } catch (thrown) {
      // Without the store the lease ends by itself.
      await release(key, leased).catch(() => undefined);
      throw lossOf(thrown);
    }
  };
}

function isUnder({ leaseId }: Leased) {
  return ({ lease }: VaultRecord) => lease?.id === leaseId;
}

function isOthers({ lease }: VaultRecord, { leaseId }: Leased): boolean {
  return lease !== undefined && lease.id !== leaseId;
}

/** What a failed attempt means to whoever needs the tokens. */
function lossOf(thrown: unknown): AuthError {
  if (thrown instanceof SessionLost) return thrown;
  if (thrown instanceof Refusal) return new SessionLost('refused', thrown);
  if (thrown instanceof AuthError && thrown.code === 'temporarily_unavailable') return thrown;
  return new AuthError('temporarily_unavailable', 'The identity provider cannot confirm the sign-in at the moment.', {
    cause: thrown,
  });
}
