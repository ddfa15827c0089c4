import { describeCauses, type Log } from '../telemetry/log.js';
import { toAuthError } from '../protocol/auth-error.js';
import type { Sleep } from '../storage/clock.js';
import type { Key } from '../storage/store.js';
import type { UpstreamSession } from './session.js';
import type { Upstream } from './upstream.js';
import type { Vault } from './vault.js';

/** Revokes, in the background, the tokens of sign-ins that are over. */
export interface Revocations {
  /** Begins to revoke tokens that are not in the vault any more; never fails. */
  begin(key: Key, session: UpstreamSession): void;
  /**
   * Takes the tokens of a grant out of the vault, and begins to revoke them.
   *
   * @throws {AuthError} temporarily_unavailable when the store is away: they are still there then
   */
  discard(key: Key): Promise<void>;
  /** Waits a little for what is under way. */
  settle(): Promise<void>;
}

/** How long a server that is being closed waits for what is under way; in seconds. */
const patienceTtl = 3;

/** Revokes as well as it can: the tokens are gone from here, so whether a provider hears of it changes nothing here. */
export function createRevocations(
  vault: Vault,
  upstreams: ReadonlyMap<string, Upstream>,
  log: Log,
  sleep: Sleep,
): Revocations {
  const running = new Set<Promise<void>>();

  async function revoke(key: Key, { provider, tokens }: UpstreamSession): Promise<void> {
    const upstream = upstreams.get(provider);
    if (!upstream) return;
    // It would end the user's other grants as well.
    if (upstream.provider.revocation?.reachesAll && (await vault.hasOthers(key))) return;
    await upstream.revoke(tokens);
  }

  function tell(thrown: unknown): void {
    const error = toAuthError(thrown);
    const { code, message: description } = error;
    log({ level: 'warn', event: 'upstream tokens not revoked', code, description, causes: describeCauses(error) });
  }

  const revocations: Revocations = {
    begin(key, session) {
      const task = revoke(key, session)
        .catch(tell)
        .catch(() => undefined) // a log that throws
        .finally(() => running.delete(task));
      running.add(task);
    },

    async discard(key) {
      const session = await vault.take(key);
      if (session) revocations.begin(key, session);
    },

    async settle() {
      if (running.size === 0) return;
      const timer = new AbortController();
      await Promise.race([Promise.all(running), sleep(patienceTtl, timer.signal)]);
      timer.abort();
    },
  };
  return revocations;
}
